use std::{fmt, str::FromStr};

/// Where refresh tokens are told to rest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreChoice {
    /// The best there is: the Secret Service, else an encrypted file, else memory.
    #[default]
    Auto,
    /// The desktop's keyring and nothing else.
    SecretService,
    /// A file that is encrypted under the key of a [`KeySource`](crate::KeySource).
    File,
    /// Memory, until the broker ends.
    Memory,
}

impl StoreChoice {
    /// Every choice.
    pub const ALL: [Self; 4] = [Self::Auto, Self::SecretService, Self::File, Self::Memory];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::SecretService => "secret-service",
            Self::File => "file",
            Self::Memory => "memory",
        }
    }
}

impl fmt::Display for StoreChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for StoreChoice {
    type Err = StoreChoiceError;

    fn from_str(text: &str) -> Result<Self, StoreChoiceError> {
        Self::ALL
            .into_iter()
            .find(|choice| choice.as_str() == text)
            .ok_or_else(|| StoreChoiceError(text.chars().take(80).collect()))
    }
}

/// A text that names no store.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no store: use auto, secret-service, file or memory")]
pub struct StoreChoiceError(String);
