//! Who asks for tokens, as the bus and the kernel say; nothing here is what a program says of itself.

mod callers;
mod identity;
mod process;
mod program;
mod sandbox;

use std::sync::Arc;
use zbus::names::OwnedUniqueName;

pub(crate) use callers::Callers;
pub(crate) use identity::{Identity, printable};
pub use identity::{RuleProgram, RuleProgramError};
pub(crate) use program::{Program, Standing};

/// A name on the bus. On a connection between two there is none.
pub(crate) type CallerName = Option<OwnedUniqueName>;

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
}
