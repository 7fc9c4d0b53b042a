use super::{Lasting, Question};
use async_trait::async_trait;
use std::fmt::Debug;

/// A place where the user is asked whether a program may have a token.
#[async_trait]
pub trait ApprovalPrompt: Send + Sync + Debug {
    /// Asks, and waits for the answer. It is dropped when nobody needs the answer any more.
    async fn ask(&self, question: &Question) -> Asked;
}

/// What came of asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// The program may have it, and for how long it may.
    Allowed(Lasting),
    /// It may not, until the user takes that back.
    Denied,
    /// The user did not decide.
    Unanswered,
    /// Nobody can be asked here.
    Nobody,
}
