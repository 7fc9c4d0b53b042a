use async_trait::async_trait;
use azure_core::http::Url;
use std::fmt::Debug;

/// How a sign-in reaches the user.
#[async_trait]
pub trait Prompt: Send + Sync + Debug {
    /// Opens the sign-in page for the user.
    ///
    /// The redirect is waited for at the same time, so this may take as long as it likes; it is dropped
    /// when the sign-in ends.
    ///
    /// # Errors
    ///
    /// When there is nobody to show it to; the message says what is missing.
    async fn open(&self, url: &Url) -> Result<(), PromptError>;

    /// Tells, as far as that is known before, whether there is anybody to show a page to.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    fn check(&self) -> Result<(), PromptError> {
        Ok(())
    }
}

/// Nobody is there: a flow that needs the user fails.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoPrompt;

#[async_trait]
impl Prompt for NoPrompt {
    async fn open(&self, _url: &Url) -> Result<(), PromptError> {
        Err(PromptError::new("nobody is there to sign in"))
    }
}

/// A sign-in page that could not be shown.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct PromptError(String);

impl PromptError {
    /// Says what is missing.
    pub fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}
