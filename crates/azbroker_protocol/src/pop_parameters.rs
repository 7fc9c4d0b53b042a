use crate::{MalformedMessage, lenient::text, requests::read, requests::write};
use serde::{Deserialize, Serialize};

/// The HTTP request that a proof-of-possession token is for: `popParams`.
///
/// All fields may be left out; what must be there depends on what is asked. A value of another type than text is
/// an error, because a field that is misread would bind the token to something else.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PopParameters {
    /// HTTP method.
    #[serde(deserialize_with = "text")]
    pub http_method: String,
    /// Host, and port where it is not the usual one.
    #[serde(deserialize_with = "text")]
    pub uri_host: String,
    /// Path; most clients strip the query.
    #[serde(deserialize_with = "text")]
    pub uri_path: String,
    /// The server's nonce, or empty.
    #[serde(deserialize_with = "text")]
    pub nonce: String,
    /// Claims of the client's own that are signed with the rest, as text; or empty.
    #[serde(deserialize_with = "text")]
    pub client_claims: String,
    /// The account whose request is signed; only `generateSignedHttpRequest` uses it.
    #[serde(deserialize_with = "text")]
    pub home_account_id: String,
    /// `pop`, or `bearer` for none of all this; empty means `pop`.
    #[serde(deserialize_with = "text", skip_serializing_if = "String::is_empty")]
    pub authentication_scheme: String,
    /// The ID of a key of the client's own: the token is bound to that, and the client signs.
    #[serde(deserialize_with = "text", skip_serializing_if = "String::is_empty")]
    pub kid: String,
}

/// The request of `generateSignedHttpRequest`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SignedHttpRequestRequest {
    /// Application (client) ID.
    #[serde(default, deserialize_with = "text")]
    pub client_id: String,
    /// What is signed, and for which account.
    pub pop_params: PopParameters,
}

impl SignedHttpRequestRequest {
    /// Reads a request.
    ///
    /// # Errors
    ///
    /// Names what is missing or wrong.
    pub fn from_json(json: &str) -> Result<Self, MalformedMessage> {
        read("request for a signed HTTP request", json)
    }
}

/// The response of `generateSignedHttpRequest`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SignedHttpRequestReply {
    /// The signed HTTP request. It holds no access token.
    pub signed_http_request: String,
}

impl SignedHttpRequestReply {
    /// Writes the response.
    pub fn to_json(&self) -> String {
        write(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_that_makes_no_sense_is_named_once() {
        let error = SignedHttpRequestRequest::from_json("{}").unwrap_err();
        assert_eq!(
            error.to_string(),
            "malformed request for a signed HTTP request: the field 'popParams' is missing"
        );
    }
}
