use crate::caller::printable;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// One line of the log: a token that was given or refused.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct LogEntry<'a> {
    /// When, as [RFC 3339](https://www.rfc-editor.org/rfc/rfc3339) writes it.
    pub time: Cow<'a, str>,
    /// The program, as rules name it, or why it cannot be told.
    pub program: Cow<'a, str>,
    /// Its process.
    pub process: Option<u32>,
    /// As which application it asked, where its request could be read.
    pub client_id: Option<Cow<'a, str>>,
    /// Whose token; where it was refused, whose it would have been, else whose was asked for.
    pub account: Option<Cow<'a, str>>,
    /// For what, where its request could be read.
    pub resource: Option<Cow<'a, str>>,
    /// How it ended.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// Under which ID it stands in other logs.
    pub correlation_id: Cow<'a, str>,
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
        /// Whether those are of several kinds, that were too many to be named one by one. `status` and `reason`, as the
        /// time, process and correlation ID, are the last one's.
        #[serde(
            default,
            rename = "severalKinds",
            skip_serializing_if = "std::ops::Not::not"
        )]
        several_kinds: bool,
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

#[cfg(test)]
impl LogEntry<'static> {
    /// An entry with nothing in it but a program and how it ended.
    pub(super) fn of(outcome: Outcome) -> Self {
        Self {
            time: "".into(),
            program: "/usr/bin/one".into(),
            process: None,
            client_id: None,
            account: None,
            resource: None,
            outcome,
            correlation_id: "".into(),
        }
    }
}

impl LogEntry<'_> {
    /// The same, for longer than what it was made of.
    pub(super) fn into_owned(self) -> LogEntry<'static> {
        fn owned(text: Cow<'_, str>) -> Cow<'static, str> {
            text.into_owned().into()
        }
        LogEntry {
            time: owned(self.time),
            program: owned(self.program),
            process: self.process,
            client_id: self.client_id.map(owned),
            account: self.account.map(owned),
            resource: self.resource.map(owned),
            outcome: self.outcome,
            correlation_id: owned(self.correlation_id),
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
pub(super) fn plain(text: &str) -> Cow<'_, str> {
    printable(cut(text))
}

/// As much as is written of a text, so that no more of it waits to be.
fn cut(text: &str) -> &str {
    const LONGEST: usize = 500;
    if text.len() <= LONGEST {
        return text;
    }
    let end = text.char_indices().nth(LONGEST);
    end.map_or(text, |(end, _)| &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_of_a_text_waits_for_the_disk_than_is_written() {
        assert_eq!(plain(&"x".repeat(256 * 1024)).len(), 500);
        assert_eq!(plain(&"é".repeat(501)).chars().count(), 500);
        assert_eq!(plain("a\u{1b}b"), "a\u{fffd}b");
        assert!(matches!(plain("ada@contoso.example"), Cow::Borrowed(_)));
    }
}
