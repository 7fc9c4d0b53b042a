use crate::{
    Account, AuthParameters, MalformedMessage,
    lenient::{right_or_default, text_or_empty},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// The request of both token methods.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TokenRequest {
    /// What is asked.
    pub auth_parameters: AuthParameters,
    /// The window handle again; interactive calls carry it here too.
    #[serde(
        default,
        deserialize_with = "right_or_default",
        skip_serializing_if = "Option::is_none"
    )]
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
    ///
    /// Of two the one inside the parameters counts, unless it says nothing.
    pub fn account(&self) -> Option<&Account> {
        let inside = self.auth_parameters.account.as_ref();
        let beside = self.account.as_ref();
        match (inside, beside) {
            (Some(inside), Some(beside)) if *inside == Account::default() => Some(beside),
            (Some(account), _) | (None, Some(account)) => Some(account),
            (None, None) => None,
        }
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
    #[serde(default, deserialize_with = "text_or_empty")]
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

/// The request of `acquirePrtSsoCookie`, in each of its forms: clients put the account at the top, inside the
/// parameters, or both, and leave most of the rest out.
///
/// A broker of a registered device answers with both forms of cookie at once: `cookieName` and `cookieContent` at
/// the top, which clients of brokers up to 2.0.1 read, and a list `cookieItems` of the same, which later ones read.
/// No type here has them, because no such device is known to this package's users.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CookieRequest {
    /// The page that the cookie is for, where it stands at the top.
    #[serde(deserialize_with = "text_or_empty")]
    sso_url: String,
    account: Option<Account>,
    #[serde(deserialize_with = "right_or_default")]
    auth_parameters: CookieParameters,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct CookieParameters {
    #[serde(deserialize_with = "text_or_empty")]
    sso_url: String,
    #[serde(deserialize_with = "right_or_default")]
    account: Option<Account>,
}

impl CookieRequest {
    /// Reads a request.
    ///
    /// # Errors
    ///
    /// Names what is wrong; never quotes the request.
    pub fn from_json(json: &str) -> Result<Self, MalformedMessage> {
        read("cookie request", json)
    }

    /// The account that the cookie is for, from whichever place the client put it.
    pub fn account(&self) -> Option<&Account> {
        self.account
            .as_ref()
            .or(self.auth_parameters.account.as_ref())
    }

    /// The page that the cookie is for, from whichever place the client put it.
    pub fn sso_url(&self) -> &str {
        match self.sso_url.as_str() {
            "" => &self.auth_parameters.sso_url,
            url => url,
        }
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
