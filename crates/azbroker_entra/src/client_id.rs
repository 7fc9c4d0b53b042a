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

    /// Reads a client ID that somebody typed: one that Entra ID gives, which is a GUID.
    ///
    /// # Errors
    ///
    /// When it is none.
    pub fn typed(text: &str) -> Result<Self, ClientIdError> {
        const GUID_LENGTH: usize = 36;
        let is_guid = text.len() == GUID_LENGTH && azure_core::Uuid::parse_str(text).is_ok();
        if !is_guid {
            return Err(ClientIdError(text.chars().take(80).collect()));
        }
        Self::parse(text)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_a_guid() {
        let typed = ClientId::typed("04B07795-8DDB-461A-BBEE-02F9E1BF7B46").unwrap();
        assert_eq!(typed, ClientId::azure_cli());
        for none in [
            "",
            "abc",
            "04b077958ddb461abbee02f9e1bf7b46",
            "x4b07795-8ddb-461a-bbee-02f9e1bf7b46",
        ] {
            assert_eq!(
                ClientId::typed(none).unwrap_err().to_string(),
                format!(
                    "'{none}' is no client ID: copy the application (client) ID from the app registration"
                )
            );
        }
    }
}
