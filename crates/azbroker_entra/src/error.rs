use crate::{PromptError, Refusal, TransportFailure, TrustStore};
use azure_core::time::Duration;

/// Why there are no tokens.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Entra ID refused, or the user declined there.
    #[error(transparent)]
    Refused(Box<Refusal>),
    /// Nobody answered, or only with a failure of the moment. Trying again may help.
    #[error("{host} cannot be reached")]
    Unreachable {
        /// The authority's host.
        host: String,
        /// What the transport said.
        source: TransportFailure,
    },
    /// No authority's certificate can be checked, so nobody was asked.
    #[error("no certificate authority is trusted on this machine: there is none in {trust_store}")]
    NothingTrusted {
        /// Where they were looked for.
        trust_store: TrustStore,
    },
    /// The authority answered that it cannot serve for now.
    #[error("{host} cannot serve for now (HTTP {status})")]
    Unavailable {
        /// The authority's host.
        host: String,
        /// HTTP status.
        status: u16,
    },
    /// The authority answered that it is busy, and for how long to leave it alone.
    #[error("{host} is busy (HTTP {status}) and asked to wait {} s", wait.whole_seconds())]
    Busy {
        /// The authority's host.
        host: String,
        /// HTTP status.
        status: u16,
        /// How long it asked to wait.
        wait: Duration,
    },
    /// No answer in time, all attempts together.
    #[error("{host} did not answer within {} s", waited.whole_seconds())]
    TimedOut {
        /// The authority's host.
        host: String,
        /// How long was waited.
        waited: Duration,
    },
    /// An answer made no sense. Please report it.
    #[error("the authority's answer makes no sense: {0}")]
    Malformed(&'static str),
    /// The sign-in page could not be shown.
    #[error("the sign-in page cannot be shown")]
    NoPrompt(#[source] PromptError),
    /// The redirect of the sign-in has nowhere to come to.
    #[error("no port of this machine's loopback can be listened on for the sign-in")]
    NoRedirect(#[source] std::io::Error),
    /// The redirect of the sign-in has one port to come to, and it cannot be listened on.
    #[error("port {port} of this machine's loopback cannot be listened on for the sign-in")]
    NoPort {
        /// The port of the redirect URI.
        port: u16,
        /// What the system said.
        source: std::io::Error,
    },
    /// Entra ID does not know the authority's host.
    #[error("Entra ID does not know the authority host {host}")]
    UnknownAuthority {
        /// The authority's host.
        host: String,
    },
    /// Entra ID says that the application has none of the redirect URIs that a sign-in can come back to.
    #[error(
        "the application has registered neither http://localhost nor {} as a redirect URI (AADSTS50011)",
        crate::RedirectUri::NATIVE_CLIENT
    )]
    NotRegistered,
    /// The user closed the window of the sign-in.
    #[error("the sign-in window was closed")]
    WindowClosed,
    /// The window of the sign-in went away by itself.
    #[error("the sign-in window of {program} failed: {how}")]
    WindowFailed {
        /// The browser.
        program: String,
        /// What became of it.
        how: String,
    },
    /// The user did not finish in time.
    #[error("the sign-in was not finished within {} s", waited.whole_seconds())]
    NotFinished {
        /// How long was waited.
        waited: Duration,
    },
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(Box::new(refusal))
    }
}

impl Error {
    /// Entra ID's refusal, if that is what it is.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }

    /// What the user or an administrator can do, where there is something.
    pub fn next_step(&self) -> Option<&'static str> {
        match self {
            Self::Refused(refusal) => refusal.next_step(),
            Self::NothingTrusted { trust_store } => Some(trust_store.cure()),
            Self::Unreachable { .. } => Some("check the network and the proxy"),
            Self::Busy { .. } => Some("try again after that time"),
            Self::Unavailable { .. } | Self::TimedOut { .. } => Some("try again later"),
            Self::NotFinished { .. } | Self::WindowFailed { .. } => Some("try again"),
            Self::NotRegistered => Some(
                "add http://localhost to its mobile and desktop redirect URIs in the Microsoft Entra admin center",
            ),
            Self::WindowClosed => Some("sign in again"),
            _ => None,
        }
    }

    /// One sentence: the error with its causes, once each, and after a semicolon what to do.
    pub fn to_sentence(&self) -> String {
        let mut text = self.to_string();
        let mut source = std::error::Error::source(self);
        while let Some(cause) = source {
            let cause_text = cause.to_string();
            if !text.contains(&cause_text) {
                text = format!("{text}: {cause_text}");
            }
            source = cause.source();
        }
        match self.next_step() {
            Some(next_step) => format!("{text}; {next_step}"),
            None => text,
        }
    }
}
