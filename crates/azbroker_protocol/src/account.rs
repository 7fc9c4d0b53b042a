use crate::lenient::{number_or_zero, text, text_or_empty};
use serde::{Deserialize, Serialize};

/// An account as it travels, in requests and responses alike.
///
/// All fields are written, the unknown ones empty: one open client refuses an account without them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Account {
    /// Host of the account's cloud, such as `login.windows.net`.
    #[serde(deserialize_with = "text_or_empty")]
    pub environment: String,
    /// `<object ID in the home tenant>.<home tenant ID>`.
    #[serde(deserialize_with = "text")]
    pub home_account_id: String,
    /// Object ID in [`realm`](Self::realm).
    #[serde(deserialize_with = "text_or_empty")]
    pub local_account_id: String,
    /// Tenant ID.
    #[serde(deserialize_with = "text_or_empty")]
    pub realm: String,
    /// User principal name.
    #[serde(deserialize_with = "text_or_empty")]
    pub username: String,
    /// Display name.
    #[serde(deserialize_with = "text_or_empty")]
    pub name: String,
    /// Given name.
    #[serde(deserialize_with = "text_or_empty")]
    pub given_name: String,
    /// Family name.
    #[serde(deserialize_with = "text_or_empty")]
    pub family_name: String,
    /// Middle name.
    #[serde(deserialize_with = "text_or_empty")]
    pub middle_name: String,
    /// base64url of `{"uid":…,"utid":…}`.
    #[serde(deserialize_with = "text_or_empty")]
    pub client_info: String,
    /// Host of the home tenant's cloud.
    #[serde(deserialize_with = "text_or_empty")]
    pub home_environment: String,
    /// When the password expires; 0 when unknown.
    #[serde(deserialize_with = "number_or_zero")]
    pub password_expiry: i64,
    /// Where to change the password.
    #[serde(deserialize_with = "text_or_empty")]
    pub password_change_url: String,
    /// Another ID of the account.
    #[serde(deserialize_with = "text_or_empty")]
    pub alternative_account_id: String,
}
