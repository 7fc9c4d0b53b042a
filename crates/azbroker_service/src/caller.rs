//! Who asks for tokens, as the bus and the kernel say; nothing here is what a program says of itself.

mod callers;
mod identity;
mod looks;
mod proc;
mod process;
mod program;
mod sandbox;

use crate::denial::Denial;
use azbroker_protocol::Status;
use std::sync::Arc;
use zbus::names::OwnedUniqueName;

pub(crate) use callers::Callers;
pub(crate) use identity::{Identity, printable};
pub use identity::{RuleProgram, RuleProgramError};
pub(crate) use program::{Program, Standing};

/// A name on the bus. On a connection between two there is none.
pub(crate) type CallerName = Option<OwnedUniqueName>;

/// Where a call comes from, as far as the bus alone tells: what calls are counted by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Place {
    /// A process, however many connections it has.
    Process(u32),
    /// One connection, where the bus does not tell whose it is.
    Connection(CallerName),
}

/// The program at the other end of a call.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) name: CallerName,
    pub(crate) program: Arc<Program>,
}

impl Caller {
    /// A caller of whom nothing is known but the name it has on the bus, if any.
    pub(crate) fn unknown(name: CallerName, why: &'static str) -> Self {
        Self {
            name,
            program: Arc::new(Program::unknown(why)),
        }
    }

    /// Refuses the programs of other users, whatever they ask for.
    ///
    /// # Errors
    ///
    /// The denial.
    pub(crate) fn check_user(&self) -> Result<(), Denial> {
        match self.program.standing {
            Standing::Foreign => Err(Denial::new(
                Status::UserCanceled,
                "this broker serves the programs of its own user alone; use a broker of yours",
            )),
            Standing::Own | Standing::Run | Standing::Other => Ok(()),
        }
    }

    /// Refuses programs that may not change what all the others get: none but the broker's own command, and what
    /// the user started below `azbroker run`, may. Where there is no bus, whoever made the broker made the
    /// connection.
    ///
    /// # Errors
    ///
    /// The denial.
    pub(crate) fn check_management(&self) -> Result<(), Denial> {
        match (self.program.standing, &self.name) {
            (Standing::Own | Standing::Run, _) | (Standing::Other, None) => Ok(()),
            (Standing::Foreign, _) => self.check_user(),
            (Standing::Other, Some(_)) => Err(Denial::new(
                Status::UserCanceled,
                format!(
                    "'{}' may not do this for all programs; use the `azbroker` that the broker runs",
                    self.program.short_name()
                ),
            )),
        }
    }
}
