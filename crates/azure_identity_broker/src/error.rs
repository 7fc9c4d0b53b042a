use crate::ErrorKind;
use azbroker_entra::Claims;
use azure_core::{Uuid, error::ErrorKind as AzureErrorKind};
use std::{borrow::Cow, fmt};

/// Says why there is no token, for whoever must act.
///
/// Credentials return an [`azure_core::Error`] of kind `Credential`; this error is inside it, and stays so
/// when a service client hands the error on. [`Error::find`] gets it out. The outer message says what was
/// not achieved, this one why; joined with `": "` along the sources they are one sentence, in which nothing
/// stands twice. What to do is apart from it, in [`next_step`](Self::next_step).
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
///
/// What Entra ID answers with is that of
/// [RFC 6749 section 5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2), and its
/// [AADSTS numbers](https://learn.microsoft.com/entra/identity-platform/reference-error-codes).
#[derive(Clone)]
pub struct Error(Box<Inner>);

impl Error {
    /// Finds the error in whatever wraps it, along the chain of sources.
    ///
    /// Reach for this on an error of a credential or of a service client. It gives `None` when the failure
    /// is another one than a missing token.
    pub fn find<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a Self> {
        std::iter::successors(Some(error), |error| error.source())
            .find_map(|error| error.downcast_ref::<Self>())
    }

    /// Tells who must act.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Lists the AADSTS numbers of Entra ID's refusal; none when it was not Entra ID.
    pub fn server_codes(&self) -> &[u32] {
        &self.0.server_codes
    }

    /// Names the request on every hop, in logs of the broker and of Entra ID too; `None` when no request was
    /// made.
    pub fn correlation_id(&self) -> Option<Uuid> {
        self.0.correlation_id
    }

    /// Gives the claims, as JSON text, that the next sign-in must carry to succeed; `None` where Entra ID asked
    /// for none.
    ///
    /// Reach for this where the program asks its user by itself
    /// ([`disable_automatic_authentication`](crate::InteractiveBrowserCredentialOptions::disable_automatic_authentication)):
    /// they go into [`AcquireOptions::claims`](crate::AcquireOptions::claims) of `authenticate`.
    pub fn claims(&self) -> Option<&str> {
        self.0.claims.as_ref().map(Claims::as_str)
    }

    /// Tells whether trying the same again may help.
    pub fn is_transient(&self) -> bool {
        self.kind() == ErrorKind::Unavailable
    }

    /// Tells whether all that is missing is a first sign-in: nobody, or not the account that was asked for,
    /// is signed in.
    ///
    /// Reach for this to name the program's own way to sign in; where it is `false`,
    /// [`next_step`](Self::next_step) knows better. Only an error of kind
    /// [`InteractionRequired`](ErrorKind::InteractionRequired) is one.
    pub fn is_signed_out(&self) -> bool {
        self.0.is_signed_out
    }

    /// Tells what to do about it, apart from the message; `None` where the message itself does.
    ///
    /// It is a phrase for the user of the program, such as "sign in again". The kind's
    /// [paragraph](ErrorKind::anchor) says more.
    pub fn next_step(&self) -> Option<&str> {
        self.0
            .next_step
            .as_deref()
            .or_else(|| self.kind().next_step())
    }

    pub(crate) fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            next_step: None,
            is_signed_out: false,
            server_codes: Vec::new(),
            correlation_id: None,
            claims: None,
            cause: None,
        }))
    }

    /// Nobody is signed in whom the request could be for.
    pub(crate) fn signed_out(message: impl Into<Cow<'static, str>>) -> Self {
        let mut error = Self::new(ErrorKind::InteractionRequired, message);
        error.0.is_signed_out = true;
        error.with_next_step("sign in; a program calls `authenticate`")
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

    /// The claims as a request carries them.
    pub(crate) fn parsed_claims(&self) -> Option<&Claims> {
        self.0.claims.as_ref()
    }

    /// The form in which a credential hands the error out; `failed` says what was not achieved, and nothing
    /// of why.
    pub(crate) fn into_azure(self, failed: impl Into<Cow<'static, str>>) -> azure_core::Error {
        azure_core::Error::with_error(AzureErrorKind::Credential, self, failed.into())
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
    is_signed_out: bool,
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
mod tests;
