use crate::{
    Account, BrokerError, MalformedMessage, WireSecret,
    lenient::{number, text_or_empty},
    requests::write,
};
use serde::{Deserialize, Serialize};

/// What a token method answered: a token, or an error.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum TokenReply {
    /// A token.
    Token(Box<TokenResponse>),
    /// No token.
    Error(BrokerError),
}

impl TokenReply {
    /// Reads a response; an error wins over a token, wherever it stands.
    ///
    /// # Errors
    ///
    /// Names what is wrong; never quotes the response.
    pub fn from_json(json: &str) -> Result<Self, MalformedMessage> {
        const WHAT: &str = "token reply";
        let reply: Reply = serde_json::from_str(json)
            .map_err(|error| MalformedMessage::from_json(WHAT, &error))?;
        let inner = reply.broker_token_response;
        let error = reply
            .error
            .filter(serde_json::Value::is_object)
            .or_else(|| {
                inner
                    .as_ref()?
                    .get("error")
                    .filter(|error| error.is_object())
                    .cloned()
            });
        if let Some(error) = error {
            return serde_json::from_value(error)
                .map(Self::Error)
                .map_err(|error| MalformedMessage::from_json("error in a token reply", &error));
        }
        let Some(inner) = inner else {
            return Err(MalformedMessage::new(
                WHAT,
                "there is neither token nor error in it",
            ));
        };
        serde_json::from_value(inner)
            .map(|token| Self::Token(Box::new(token)))
            .map_err(|error| MalformedMessage::from_json(WHAT, &error))
    }
}

/// A token on the wire: `brokerTokenResponse`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TokenResponse {
    /// The access token; for proof of possession the finished signed token.
    pub access_token: WireSecret,
    /// Number of an [`AccessTokenType`].
    #[serde(deserialize_with = "number")]
    pub access_token_type: i64,
    /// Milliseconds since 1970.
    #[serde(deserialize_with = "number")]
    expires_on: i64,
    /// Milliseconds since 1970, or 0.
    #[serde(default, deserialize_with = "number")]
    extended_expires_on: i64,
    /// The scopes asked for, verbatim, then any further ones; separated by spaces.
    #[serde(default, deserialize_with = "text_or_empty")]
    pub granted_scopes: String,
    /// Says who signed in; clients build the account from it.
    #[serde(default)]
    pub id_token: WireSecret,
    /// base64url of `{"uid":…,"utid":…}`.
    #[serde(default, deserialize_with = "text_or_empty")]
    pub client_info: String,
    /// The account again; newer brokers leave it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<Account>,
}

impl TokenResponse {
    /// A bearer token that expires at the given second since 1970.
    pub fn bearer(access_token: WireSecret, expires_on_seconds: i64) -> Self {
        Self::of_type(AccessTokenType::Bearer, access_token, expires_on_seconds)
    }

    /// A token that is bound to a key; signed with the request it is for, unless the key is the client's own.
    pub fn proof_of_possession(access_token: WireSecret, expires_on_seconds: i64) -> Self {
        let kind = AccessTokenType::ProofOfPossession;
        Self::of_type(kind, access_token, expires_on_seconds)
    }

    fn of_type(
        access_token_type: AccessTokenType,
        access_token: WireSecret,
        expires_on_seconds: i64,
    ) -> Self {
        let milliseconds = expires_on_seconds.saturating_mul(1000);
        Self {
            access_token,
            access_token_type: access_token_type as i64,
            expires_on: milliseconds,
            extended_expires_on: milliseconds,
            granted_scopes: String::new(),
            id_token: WireSecret::default(),
            client_info: String::new(),
            account: None,
        }
    }

    /// When the token expires, in seconds since 1970.
    ///
    /// Values too small to be milliseconds are taken for seconds: a broker has been seen to write them.
    pub fn expires_on_seconds(&self) -> i64 {
        const FIRST_MILLISECONDS: i64 = 100_000_000_000;
        if self.expires_on < FIRST_MILLISECONDS {
            self.expires_on
        } else {
            self.expires_on / 1000
        }
    }

    /// Writes the response.
    pub fn to_json(&self) -> String {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Wrapped<'a> {
            broker_token_response: &'a TokenResponse,
        }
        write(&Wrapped {
            broker_token_response: self,
        })
    }
}

/// The kinds of access token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AccessTokenType {
    /// Whoever holds it may use it.
    Bearer = 0,
    /// Bound to a key and a request.
    ProofOfPossession = 1,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reply {
    #[serde(default)]
    broker_token_response: Option<serde_json::Value>,
    #[serde(default)]
    error: Option<serde_json::Value>,
}
