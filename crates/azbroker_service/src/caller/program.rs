use super::identity::{Identity, RuleProgram, printable};

/// A program that asks for tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Program {
    /// What it is known by.
    pub(crate) identity: Identity,
    /// The same in words, as each entry of the log has it.
    pub(crate) name: String,
    /// The same as rules name it, where they can.
    pub(crate) rule_program: Option<RuleProgram>,
    /// What it is to the broker.
    pub(crate) standing: Standing,
    /// Its process.
    pub(crate) process: Option<u32>,
    /// What it was started with, to be shown and never to be trusted: a program writes there what it likes.
    pub(crate) command_line: String,
}

/// What a program is to the broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It runs the broker's own file: the user's own hand.
    Own,
    /// The user started it with `azbroker run`.
    Run,
    /// Any other program of the user.
    Other,
    /// A program of another user of the machine.
    Foreign,
}

impl Program {
    pub(crate) fn new(identity: Identity, standing: Standing, process: u32) -> Self {
        Self {
            rule_program: identity.rule_program(),
            name: identity.to_string(),
            identity,
            standing,
            process: Some(process),
            command_line: String::new(),
        }
    }

    /// A program of which nothing is known.
    pub(crate) fn unknown(why: &'static str) -> Self {
        Self {
            identity: Identity::Unknown(why),
            name: why.to_owned(),
            rule_program: None,
            standing: Standing::Other,
            process: None,
            command_line: String::new(),
        }
    }

    /// A process that was not looked at.
    pub(crate) fn not_looked_at(process: u32, why: &'static str) -> Self {
        Self {
            process: Some(process),
            ..Self::unknown(why)
        }
    }

    /// The word that a person knows it by.
    pub(crate) fn short_name(&self) -> String {
        match &self.identity {
            Identity::Executable(path) => {
                let name = path.file_name().unwrap_or(path.as_os_str());
                printable(&name.to_string_lossy()).into_owned()
            }
            Identity::Flatpak(name) | Identity::Snap(name) => name.clone(),
            Identity::Container(id) => format!("container {id}"),
            Identity::Unknown(_) => "an unknown program".to_owned(),
        }
    }

    /// How a rule for it is made, to be said after what is wrong; without one, why none can be.
    pub(crate) fn how_to_allow(&self) -> String {
        match (&self.rule_program, &self.identity) {
            (Some(program), _) => format!("allow it with `azbroker rules allow {program}`"),
            (None, Identity::Unknown(why)) => format!("no rule can name it: {why}"),
            (None, _) => "no rule can name it: its path is not plain text".to_owned(),
        }
    }
}
