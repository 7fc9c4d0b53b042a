use std::{fmt, str::FromStr};

/// What a broker does with programs that no rule is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ApprovalMode {
    /// Asks the user.
    #[default]
    Ask,
    /// Allows every program of the user.
    SameUser,
    /// Gives them nothing.
    Deny,
}

impl fmt::Display for ApprovalMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ask => "ask",
            Self::SameUser => "same-user",
            Self::Deny => "deny",
        })
    }
}

impl FromStr for ApprovalMode {
    type Err = ApprovalModeError;

    fn from_str(text: &str) -> Result<Self, ApprovalModeError> {
        match text {
            "ask" => Ok(Self::Ask),
            "same-user" => Ok(Self::SameUser),
            "deny" => Ok(Self::Deny),
            _ => Err(ApprovalModeError(text.chars().take(80).collect())),
        }
    }
}

/// A text that says nothing of what becomes of programs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no way of approval: use ask, same-user or deny")]
pub struct ApprovalModeError(String);
