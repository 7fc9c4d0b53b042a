use super::Record;
use crate::caller::printable;
use azure_core::time::to_rfc3339;
use serde::{Deserialize, Serialize};

/// One line of the log: a token that was given or refused.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct LogEntry {
    /// When, as [RFC 3339](https://www.rfc-editor.org/rfc/rfc3339) writes it.
    pub time: String,
    /// The program, as rules name it, or why it cannot be told.
    pub program: String,
    /// Its process.
    pub process: Option<u32>,
    /// As which application it asked.
    pub client_id: String,
    /// Whose token; what the request said where it was refused.
    pub account: Option<String>,
    /// For what.
    pub resource: String,
    /// How it ended.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// Under which ID it stands in other logs.
    pub correlation_id: String,
}

/// How a request for a token ended.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(tag = "outcome", rename_all = "camelCase")]
pub enum Outcome {
    /// With a token.
    Given {
        /// Where it came from.
        source: Source,
    },
    /// Without one.
    Refused {
        /// The status that the caller got.
        status: i64,
        /// What it was told.
        reason: String,
    },
}

/// Where a token came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Source {
    /// It was held.
    Held,
    /// A refresh token was redeemed for it.
    Redeemed,
    /// The user signed in.
    SignedIn,
}

impl From<Record> for LogEntry {
    fn from(record: Record) -> Self {
        let program = &record.caller.program;
        Self {
            time: to_rfc3339(&record.on),
            program: program.identity.to_string(),
            process: program.process,
            client_id: record.client_id.as_str().to_owned(),
            account: record.account.map(|account| plain(&account)),
            resource: record.resource.to_string(),
            outcome: match record.outcome {
                Outcome::Refused { status, reason } => Outcome::Refused {
                    status,
                    reason: plain(&reason),
                },
                given @ Outcome::Given { .. } => given,
            },
            correlation_id: record.correlation_id.to_string(),
        }
    }
}

/// Callers choose parts of what is logged: nothing of it may be long or deceive who reads it.
fn plain(text: &str) -> String {
    const LONGEST: usize = 500;
    printable(&text.chars().take(LONGEST).collect::<String>())
}
