use serde::{Deserialize, Serialize};
use std::fmt;

/// A secret string of a message: it travels, but `Debug` never shows it.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WireSecret(String);

impl WireSecret {
    /// Wraps the secret.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(secret.into())
    }

    /// Shows the secret, for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Takes the secret out.
    pub fn into_inner(self) -> String {
        self.0
    }

    /// Whether there is nothing in it; clients send the empty string for "none".
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for WireSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() {
            "WireSecret(empty)"
        } else {
            "WireSecret"
        })
    }
}
