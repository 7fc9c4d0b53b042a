use crate::{Account, AuthParameters, MalformedMessage, lenient::text_or_empty};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// The request of both token methods.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TokenRequest {
    /// What is asked.
    pub auth_parameters: AuthParameters,
    /// The window handle again; interactive calls carry it here too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_window_handle: Option<i64>,
    /// Some clients put the account here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    account: Option<Account>,
}

impl TokenRequest {
    /// Wraps the parameters of a call.
    pub fn new(auth_parameters: AuthParameters) -> Self {
        Self {
            auth_parameters,
            parent_window_handle: None,
            account: None,
        }
    }

    /// Reads a request.
    ///
    /// # Errors
    ///
    /// Names what is missing or wrong; never quotes the request.
    pub fn from_json(json: &str) -> Result<Self, MalformedMessage> {
        read("token request", json)
    }

    /// Writes the request.
    pub fn to_json(&self) -> String {
        write(self)
    }

    /// The account asked for, from whichever place the client put it.
    pub fn account(&self) -> Option<&Account> {
        self.auth_parameters
            .account
            .as_ref()
            .or(self.account.as_ref())
    }
}

/// The request of `getAccounts`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AccountsRequest {
    /// Application (client) ID.
    pub client_id: String,
    /// Not a URI: the runtime repeats the client ID here, another client sends a random UUID.
    #[serde(default, deserialize_with = "text_or_empty")]
    pub redirect_uri: String,
}

impl AccountsRequest {
    /// Reads a request.
    ///
    /// # Errors
    ///
    /// Names what is missing or wrong.
    pub fn from_json(json: &str) -> Result<Self, MalformedMessage> {
        read("accounts request", json)
    }

    /// Writes the request.
    pub fn to_json(&self) -> String {
        write(self)
    }
}

/// The request of `removeAccount`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RemoveAccountRequest {
    /// Application (client) ID.
    pub client_id: String,
    /// The account to forget.
    pub account: Account,
}

impl RemoveAccountRequest {
    /// Reads a request.
    ///
    /// # Errors
    ///
    /// Names what is missing or wrong.
    pub fn from_json(json: &str) -> Result<Self, MalformedMessage> {
        read("remove account request", json)
    }

    /// Writes the request.
    pub fn to_json(&self) -> String {
        write(self)
    }
}

/// The request of `getLinuxBrokerVersion`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VersionRequest {
    /// The client's own version.
    #[serde(default, deserialize_with = "text_or_empty")]
    pub msal_cpp_version: String,
}

impl VersionRequest {
    /// Writes the request.
    pub fn to_json(&self) -> String {
        write(self)
    }
}

pub(crate) fn read<T: DeserializeOwned>(
    what: &'static str,
    json: &str,
) -> Result<T, MalformedMessage> {
    serde_json::from_str(json).map_err(|error| MalformedMessage::from_json(what, &error))
}

/// Writing our own plain structures cannot fail: all keys are strings and no writer is involved.
pub(crate) fn write<T: Serialize>(message: &T) -> String {
    serde_json::to_string(message).unwrap_or_default()
}
