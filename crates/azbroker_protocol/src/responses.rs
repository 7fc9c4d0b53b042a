use crate::{
    Account, MalformedMessage,
    requests::{read, write},
};
use serde::{Deserialize, Serialize};

/// The response of `getAccounts`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct AccountsReply {
    /// The accounts held.
    #[serde(default)]
    pub accounts: Vec<Account>,
    /// What keeps the accounts, in a word and why; ours, ignored by other clients.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store: Option<String>,
}

impl AccountsReply {
    /// Reads a response.
    ///
    /// # Errors
    ///
    /// Names what is wrong.
    pub fn from_json(json: &str) -> Result<Self, MalformedMessage> {
        read("accounts reply", json)
    }

    /// Writes the response.
    pub fn to_json(&self) -> String {
        write(self)
    }
}

/// The response of `getLinuxBrokerVersion`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VersionReply {
    /// The broker's version.
    pub linux_broker_version: String,
}

impl VersionReply {
    /// Reads a response.
    ///
    /// # Errors
    ///
    /// Names what is wrong.
    pub fn from_json(json: &str) -> Result<Self, MalformedMessage> {
        read("version reply", json)
    }

    /// Writes the response.
    pub fn to_json(&self) -> String {
        write(self)
    }
}

/// The response of `removeAccount`; known clients do not look into it.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct RemoveAccountReply {
    /// Whether there was such an account.
    #[serde(default)]
    pub removed: bool,
}

impl RemoveAccountReply {
    /// Reads a response.
    ///
    /// # Errors
    ///
    /// Names what is wrong.
    pub fn from_json(json: &str) -> Result<Self, MalformedMessage> {
        read("remove account reply", json)
    }

    /// Writes the response.
    pub fn to_json(&self) -> String {
        write(self)
    }
}
