//! The page's form: what its buttons are called, and what a press of one means.

use super::{Asked, Others};
use crate::approvals::{Answer, Choice, Lasting};

/// The hidden field that proves that the answer comes from the page.
pub(super) const TOKEN: &str = "token";
/// A button for each account; its value is the account's place.
pub(super) const ACCOUNT: &str = "account";
/// The buttons that name none.
pub(super) const DECISION: &str = "decision";
pub(super) const ANOTHER: &str = "another";
pub(super) const DENY: &str = "deny";
pub(super) const LASTING: &str = "lasting";

/// How long an answer can be remembered, in the order of the page.
pub(super) const LASTINGS: [(&str, Lasting, &str); 4] = [
    ("once", Lasting::Once, "Only this once"),
    ("session", Lasting::Session, "Until the broker ends"),
    ("day", Lasting::Day, "For 24 hours"),
    ("always", Lasting::Always, "Always, until I take it back"),
];

/// The one that is chosen where the user chooses none.
pub(super) const USUAL: &str = "day";

/// A form that was sent.
#[derive(Debug, Default)]
pub(super) struct Sent {
    pub(super) token: String,
    account: Option<String>,
    decision: Option<String>,
    lasting: Option<String>,
}

impl Sent {
    /// Reads the body; `None` when a field comes twice.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        let mut sent = Self::default();
        let mut token = None;
        for (name, value) in url::form_urlencoded::parse(body) {
            let field = match name.as_ref() {
                TOKEN => &mut token,
                ACCOUNT => &mut sent.account,
                DECISION => &mut sent.decision,
                LASTING => &mut sent.lasting,
                _ => continue,
            };
            if field.replace(value.into_owned()).is_some() {
                return None;
            }
        }
        sent.token = token.unwrap_or_default();
        Some(sent)
    }

    /// What it answers; `None` when the page has no such button.
    pub(super) fn answer(&self, asked: &Asked) -> Option<Answer> {
        let choice = match (self.account.as_deref(), self.decision.as_deref()) {
            (Some(place), None) => {
                let place: usize = place.parse().ok()?;
                Choice::Account(asked.question.accounts.get(place)?.clone())
            }
            (None, Some(ANOTHER)) if asked.others == Others::Welcome => Choice::AnotherAccount,
            (None, Some(DENY)) => Choice::Denied,
            _ => return None,
        };
        let lasting = match self.lasting.as_deref() {
            None => Lasting::Once,
            Some(chosen) => LASTINGS.iter().find(|(name, ..)| *name == chosen)?.1,
        };
        Some(Answer { choice, lasting })
    }
}
