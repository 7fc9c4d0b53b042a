use crate::{
    Account, PopParameters, WireSecret,
    lenient::{json_text, null_as_default, number_or_zero, right_or_default, text_or_empty},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is asked of a token method: `authParameters`.
///
/// Only the application, the authority and the scopes must be there; clients differ in the rest.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuthParameters {
    /// Application (client) ID.
    pub client_id: String,
    /// Authority as URL.
    pub authority: String,
    /// The scopes asked for, without `openid`, `profile` and `offline_access`.
    pub requested_scopes: Vec<String>,
    /// The account asked for; `None` lets the broker choose by [`username`](Self::username).
    #[serde(default)]
    pub account: Option<Account>,
    /// Username of the account, or a hint, or empty.
    #[serde(default, deserialize_with = "text_or_empty")]
    pub username: String,
    /// Redirect URI of the application. The runtime sends its own, so it is no more than a hint.
    #[serde(default, deserialize_with = "text_or_empty")]
    pub redirect_uri: String,
    /// A claims challenge as JSON text, or empty.
    #[serde(default, deserialize_with = "json_text")]
    pub decoded_claims: String,
    /// An access token that the resource refused, or empty.
    #[serde(default, deserialize_with = "null_as_default")]
    pub access_token_to_renew: WireSecret,
    /// A password of the user; known clients leave it empty.
    #[serde(default, deserialize_with = "null_as_default")]
    pub password: WireSecret,
    /// Extra parameters for the authorization request.
    #[serde(default, deserialize_with = "right_or_default")]
    pub additional_query_parameters_for_authorization: BTreeMap<String, serde_json::Value>,
    /// What kind of call this is, see [`AuthorizationType`].
    #[serde(default, deserialize_with = "number_or_zero")]
    pub authorization_type: i64,
    /// The window a sign-in belongs to. Clients have been seen to send arbitrary numbers.
    #[serde(
        default,
        deserialize_with = "right_or_default",
        skip_serializing_if = "Option::is_none"
    )]
    pub parent_window: Option<ParentWindow>,
    /// Proof of possession, where asked for.
    #[serde(default)]
    pub pop_params: Option<PopParameters>,
    /// Whether a sign-in without an account is asked for.
    #[serde(
        default,
        deserialize_with = "right_or_default",
        skip_serializing_if = "std::ops::Not::not"
    )]
    pub is_sign_in: bool,
    /// Whether the client runs in its own test mode.
    #[serde(default, deserialize_with = "right_or_default")]
    pub is_test_mode: bool,
    /// A further window handle; known clients send -1, for none.
    #[serde(default = "no_handle", deserialize_with = "number_or_zero")]
    pub ux_context_handle: i64,
    /// Device management; empty.
    #[serde(default, deserialize_with = "text_or_empty")]
    pub enrollment_id: String,
}

impl AuthParameters {
    /// Parameters with the required values and nothing else.
    pub fn new(
        client_id: impl Into<String>,
        authority: impl Into<String>,
        requested_scopes: Vec<String>,
        authorization_type: AuthorizationType,
    ) -> Self {
        Self {
            client_id: client_id.into(),
            authority: authority.into(),
            requested_scopes,
            account: None,
            username: String::new(),
            redirect_uri: String::new(),
            decoded_claims: String::new(),
            access_token_to_renew: WireSecret::default(),
            password: WireSecret::default(),
            additional_query_parameters_for_authorization: BTreeMap::new(),
            authorization_type: authorization_type as i64,
            parent_window: None,
            pop_params: None,
            is_sign_in: false,
            is_test_mode: false,
            ux_context_handle: no_handle(),
            enrollment_id: String::new(),
        }
    }
}

/// The kinds of call that the token methods know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AuthorizationType {
    /// Nothing may be shown.
    Silent = 1,
    /// The user is asked.
    Interactive = 6,
}

/// The window that a sign-in belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParentWindow {
    /// An X11 window ID, 1 for a console, or nothing that exists.
    #[serde(deserialize_with = "number_or_zero")]
    pub handle: i64,
}

fn no_handle() -> i64 {
    -1
}
