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
    /// As which application it asked, where its request could be read.
    pub client_id: Option<String>,
    /// Whose token; what the request said where it was refused.
    pub account: Option<String>,
    /// For what, where its request could be read.
    pub resource: Option<String>,
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
        /// How many refusals of this program this stands for: those since the last one that was written.
        #[serde(default = "once", skip_serializing_if = "is_once")]
        times: u64,
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
        let asked = record.asked.as_ref();
        Self {
            time: to_rfc3339(&record.on),
            program: program.identity.to_string(),
            process: program.process,
            client_id: asked.map(|asked| plain(asked.client_id.as_str())),
            account: record.account.map(|account| plain(&account)),
            resource: asked.map(|asked| plain(&asked.resource.to_string())),
            outcome: match record.outcome {
                Outcome::Refused {
                    status,
                    reason,
                    times,
                } => Outcome::Refused {
                    status,
                    reason: plain(&reason),
                    times,
                },
                given @ Outcome::Given { .. } => given,
            },
            correlation_id: record.correlation_id.to_string(),
        }
    }
}

fn once() -> u64 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_once(times: &u64) -> bool {
    *times == 1
}

/// Callers choose parts of what is logged: nothing of it may be long or deceive who reads it.
fn plain(text: &str) -> String {
    printable(&cut(text))
}

/// As much as is written of a text, so that no more of it waits to be.
pub(super) fn cut(text: &str) -> String {
    const LONGEST: usize = 500;
    text.chars().take(LONGEST).collect()
}
