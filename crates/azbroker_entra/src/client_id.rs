use std::fmt;

/// The ID that an application is registered under.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClientId(String);

impl ClientId {
    /// The public client that Azure developer tools use when none is named: the Azure CLI's.
    pub const AZURE_CLI: &'static str = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";

    /// Reads a client ID.
    ///
    /// # Errors
    ///
    /// When it is empty or has a character that no client ID has.
    pub fn parse(text: &str) -> Result<Self, ClientIdError> {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if text.is_empty() || text.len() > 64 || !text.chars().all(fits) {
            return Err(ClientIdError(text.chars().take(80).collect()));
        }
        Ok(Self(text.to_ascii_lowercase()))
    }

    /// The Azure CLI's client ID.
    pub fn azure_cli() -> Self {
        Self(Self::AZURE_CLI.to_owned())
    }

    /// The ID in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text that is no client ID.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no client ID: copy the application (client) ID from the app registration")]
pub struct ClientIdError(String);
