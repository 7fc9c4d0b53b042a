use crate::{
    Status,
    lenient::{number, number_or_zero, text_or_empty},
    requests::write,
};
use serde::{Deserialize, Serialize};

/// An error inside a response: what clients decide their fallback by.
///
/// `status`, `errorCode` and `tag` must all be there, or clients take the whole answer for `Unexpected`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BrokerError {
    /// One sentence for the user. One client library searches this text and fails without it.
    #[serde(default, deserialize_with = "text_or_empty")]
    pub context: String,
    /// Number of a [`Status`].
    #[serde(deserialize_with = "number")]
    pub status: i64,
    /// No known effect.
    #[serde(default, deserialize_with = "number_or_zero")]
    pub sub_status: i64,
    /// Number of the refusal; the AADSTS code where Entra ID refused.
    #[serde(deserialize_with = "number")]
    pub error_code: i64,
    /// Number of the place the error came from.
    #[serde(deserialize_with = "number")]
    pub tag: i64,
}

impl BrokerError {
    /// Marks an error as this broker's. Tags are 32-bit numbers that mean nothing to clients.
    ///
    /// The context of such an error says what is wrong and, after `"; "`, what to do.
    pub const TAG: i64 = 0x617a_6272;

    /// The status, from its number.
    pub fn status(&self) -> Status {
        Status::from_number(self.status)
    }
}

/// A response that carries an error.
///
/// It has the error both at the top and inside `brokerTokenResponse`, so clients that look in either
/// place find it. Failures travel this way and never as D-Bus errors: those end every fallback.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ErrorReply {
    broker_token_response: Wrapped,
    error: BrokerError,
}

#[derive(Clone, Debug, Serialize)]
struct Wrapped {
    error: BrokerError,
}

impl ErrorReply {
    /// An error with a status and a sentence.
    pub fn new(status: Status, context: impl Into<String>) -> Self {
        Self::with_code(status, context, 0)
    }

    /// An error that also has the number of a refusal.
    pub fn with_code(status: Status, context: impl Into<String>, error_code: i64) -> Self {
        let error = BrokerError {
            context: context.into(),
            status: status.number(),
            sub_status: 0,
            error_code,
            tag: BrokerError::TAG,
        };
        Self {
            broker_token_response: Wrapped {
                error: error.clone(),
            },
            error,
        }
    }

    /// Writes the response.
    pub fn to_json(&self) -> String {
        write(self)
    }
}
