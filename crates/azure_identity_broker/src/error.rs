use azbroker_entra::Claims;
use azure_core::{Uuid, error::ErrorKind as AzureErrorKind};
use std::{borrow::Cow, fmt};

/// Why there is no token, for whoever must act.
///
/// Credentials return an [`azure_core::Error`] of kind `Credential`; this error is inside it, and stays so
/// when a service client hands the error on. [`Error::find`] gets it out.
///
/// ```
/// use azure_identity_broker::{Error, ErrorKind};
///
/// fn explain(error: &(dyn std::error::Error + 'static)) {
///     let Some(error) = Error::find(error) else { return };
///     if error.kind() == ErrorKind::InteractionRequired {
///         eprintln!("hint: {}", error.next_step().unwrap_or("sign in"));
///     }
/// }
/// ```
#[derive(Clone)]
pub struct Error(Box<Inner>);

/// Who must act on an [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The user must act: sign in, consent, or complete a second factor.
    InteractionRequired,
    /// The user closed the sign-in, declined, or did not finish it in time.
    Canceled,
    /// The application asked for something that can never work; the message says what to change.
    InvalidRequest,
    /// Entra ID refused. [`Error::server_codes`] has its AADSTS numbers.
    Refused,
    /// Nobody answered, or only for now not. Trying again may help.
    Unavailable,
    /// No broker on this machine can serve the request.
    BrokerMissing,
    /// An answer made no sense. Please report it.
    Malformed,
}

impl Error {
    /// Finds the error in whatever wraps it, along the chain of sources.
    ///
    /// Reach for this on an error of a service client.
    pub fn find<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a Self> {
        std::iter::successors(Some(error), |error| error.source())
            .find_map(|error| error.downcast_ref::<Self>())
    }

    /// Who must act.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The AADSTS numbers of Entra ID's refusal; empty when it was not Entra ID.
    pub fn server_codes(&self) -> &[u32] {
        &self.0.server_codes
    }

    /// The request's ID on every hop; `None` when no request was made.
    pub fn correlation_id(&self) -> Option<Uuid> {
        self.0.correlation_id
    }

    /// Whether trying the same again may help.
    pub fn is_transient(&self) -> bool {
        self.kind() == ErrorKind::Unavailable
    }

    /// What to do about it, apart from the message.
    pub fn next_step(&self) -> Option<&str> {
        self.0.next_step.as_deref()
    }

    pub(crate) fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            next_step: None,
            server_codes: Vec::new(),
            correlation_id: None,
            claims: None,
            cause: None,
        }))
    }

    pub(crate) fn with_kind(mut self, kind: ErrorKind) -> Self {
        self.0.kind = kind;
        self
    }

    pub(crate) fn with_next_step(mut self, next_step: impl Into<Cow<'static, str>>) -> Self {
        self.0.next_step = Some(next_step.into());
        self
    }

    pub(crate) fn with_server_codes(mut self, codes: impl Into<Vec<u32>>) -> Self {
        self.0.server_codes = codes.into();
        self
    }

    pub(crate) fn with_correlation_id(mut self, correlation_id: Uuid) -> Self {
        self.0.correlation_id = Some(correlation_id);
        self
    }

    pub(crate) fn with_claims(mut self, claims: Option<Claims>) -> Self {
        self.0.claims = claims;
        self
    }

    /// Keeps the texts of a cause and of its own causes, each once.
    pub(crate) fn with_cause(mut self, cause: &(dyn std::error::Error + 'static)) -> Self {
        self.0.cause = Cause::of(cause, &self.0.message);
        self
    }

    /// The claims that the next request must carry to succeed.
    pub(crate) fn claims(&self) -> Option<&Claims> {
        self.0.claims.as_ref()
    }

    /// The form in which a credential hands the error out; `failed` says what was not achieved.
    pub(crate) fn into_azure(self, failed: &str) -> azure_core::Error {
        let message = format!("{failed}: {}", self.kind().in_words());
        azure_core::Error::with_error(AzureErrorKind::Credential, self, message)
    }
}

impl ErrorKind {
    fn in_words(self) -> &'static str {
        match self {
            Self::InteractionRequired => "the user must sign in",
            Self::Canceled => "the sign-in was given up",
            Self::InvalidRequest => "it was not asked for in a way that can work",
            Self::Refused => "it was refused",
            Self::Unavailable => "it failed for now",
            Self::BrokerMissing => "no broker serves this machine",
            Self::Malformed => "an answer made no sense",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(self.0.cause.as_ref()?)
    }
}

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    message: Cow<'static, str>,
    next_step: Option<Cow<'static, str>>,
    server_codes: Vec<u32>,
    correlation_id: Option<Uuid>,
    claims: Option<Claims>,
    cause: Option<Cause>,
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Error");
        shown
            .field("kind", &self.kind)
            .field("message", &self.message);
        if !self.server_codes.is_empty() {
            shown.field("server_codes", &self.server_codes);
        }
        if let Some(next_step) = &self.next_step {
            shown.field("next_step", next_step);
        }
        if let Some(correlation_id) = &self.correlation_id {
            shown.field("correlation_id", &format_args!("{correlation_id}"));
        }
        if let Some(cause) = &self.cause {
            shown.field("cause", cause);
        }
        shown.finish()
    }
}

/// The text of somebody else's error.
///
/// Many libraries write the text of a cause into their own message and hand the cause out as well; what
/// the layer above already says is left out here.
#[derive(Clone, Debug)]
struct Cause {
    text: String,
    next: Option<Box<Cause>>,
}

impl Cause {
    fn of(error: &(dyn std::error::Error + 'static), above: &str) -> Option<Self> {
        let text = one_line(&error.to_string());
        let next = |above: &str| Self::of(error.source()?, above);
        if text.is_empty() || above.contains(&text) {
            return next(above);
        }
        let next = next(&text).map(Box::new);
        Some(Self { text, next })
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Cause {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&**self.next.as_ref()?)
    }
}

/// Somebody else's sentence as a part of ours: one line, not too long, without its full stop.
pub(crate) fn one_line(text: &str) -> String {
    const LONGEST: usize = 500;
    let words: Vec<_> = text
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .collect();
    let line: String = words.join(" ").chars().take(LONGEST).collect();
    line.trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("outer: {0}")]
    struct Repeats(#[source] std::io::Error);

    #[test]
    fn no_text_stands_twice_in_the_chain() {
        let cause = Repeats(std::io::Error::other("inner\nsentence."));
        let error = Error::new(ErrorKind::Unavailable, "the host cannot be reached")
            .with_cause(&cause)
            .into_azure("no token for x");
        let chain: Vec<_> = std::iter::successors(
            Some(&error as &(dyn std::error::Error + 'static)),
            |error| error.source(),
        )
        .map(ToString::to_string)
        .collect();
        assert_eq!(
            chain,
            [
                "no token for x: it failed for now",
                "the host cannot be reached",
                "outer: inner sentence"
            ]
        );
    }

    #[test]
    fn it_is_found_however_deep_it_lies() {
        let inner = Error::new(ErrorKind::Canceled, "the user declined");
        let error = inner
            .into_azure("no token for x")
            .with_context("getting the secret");
        assert_eq!(Error::find(&error).unwrap().kind(), ErrorKind::Canceled);
        assert!(Error::find(&std::io::Error::other("x")).is_none());
    }

    #[test]
    fn the_credential_error_holds_it_directly() {
        let error = Error::new(ErrorKind::Refused, "no").into_azure("no token");
        assert_eq!(error.kind(), &AzureErrorKind::Credential);
        assert!(error.downcast_ref::<Error>().is_some());
    }
}
