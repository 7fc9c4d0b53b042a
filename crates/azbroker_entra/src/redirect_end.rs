//! Where a redirect has come in, and what the user sees there last.

#[cfg(unix)]
use crate::private_window::Closing;
use crate::{AuthorizationCode, Refusal, last_page::LastPage, redirect_listener::Redirect};

/// A redirect that has come.
#[derive(Debug)]
pub(crate) enum RedirectEnd {
    /// The browser waits for its page.
    Listener(Redirect),
    /// The window closes by itself.
    #[cfg(unix)]
    Window(Result<AuthorizationCode, Refusal>, Closing),
    /// The user pasted it, and is told by whoever took it.
    Pasted(Result<AuthorizationCode, Refusal>),
}

impl RedirectEnd {
    pub(crate) fn outcome(&self) -> &Result<AuthorizationCode, Refusal> {
        match self {
            Self::Listener(redirect) => &redirect.outcome,
            #[cfg(unix)]
            Self::Window(outcome, _) => outcome,
            Self::Pasted(outcome) => outcome,
        }
    }

    /// Shows the last page where there is somewhere to show it; nothing of the sign-in is left then.
    pub(crate) async fn finish(self, page: LastPage) {
        match self {
            Self::Listener(redirect) => redirect.finish(page).await,
            #[cfg(unix)]
            Self::Window(_, closing) => closing.done().await,
            Self::Pasted(_) => {}
        }
    }
}
