//! The last page of a sign-in: what the user's browser shows when the redirect has come.

use crate::page::{self, Mark, Page};
use http_body_util::Full;
use hyper::{Response, StatusCode, body::Bytes};

/// How the sign-in ended, as far as the page tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LastPage {
    /// The user is signed in.
    SignedIn,
    /// The user declined.
    Declined,
    /// It failed, for the reason that the program is told too.
    Failed(String),
    /// What the application shows instead, as HTML.
    Own(String),
    /// Whoever waited for it gave up.
    Abandoned,
    /// This is no redirect of a sign-in that is under way.
    NotExpected,
}

impl LastPage {
    /// The answer to the browser. Nothing in it comes from the request but what Entra ID said, as text.
    pub(crate) fn into_response(self) -> Response<Full<Bytes>> {
        let (status, mark, title, text) = match self {
            Self::Own(html) => return page::own(html),
            Self::SignedIn => (
                StatusCode::OK,
                Mark::Done,
                "You are signed in",
                "You can close this window and go back to your program.".to_owned(),
            ),
            Self::Declined => (
                StatusCode::OK,
                Mark::Ended,
                "Sign-in declined",
                "Nothing was given to the program. You can close this window.".to_owned(),
            ),
            Self::Failed(reason) => (
                StatusCode::OK,
                Mark::Failed,
                "Sign-in failed",
                format!("{}. You can close this window.", as_sentences(&reason)),
            ),
            Self::Abandoned => (
                StatusCode::OK,
                Mark::Failed,
                "Sign-in failed",
                "The program is not waiting any more. You can close this window.".to_owned(),
            ),
            Self::NotExpected => (
                StatusCode::BAD_REQUEST,
                Mark::Ended,
                "Nothing to do here",
                "No sign-in is waiting for this answer. Start it again from your program."
                    .to_owned(),
            ),
        };
        Page::notice(status, mark, title, &text).into_response()
    }
}

/// An error's one line, as a person reads it: what is wrong, and then what to do.
fn as_sentences(reason: &str) -> String {
    let capital = |text: &str| {
        let mut letters = text.chars();
        letters
            .next()
            .map(|first| first.to_uppercase().chain(letters).collect::<String>())
            .unwrap_or_default()
    };
    match reason.split_once("; ") {
        Some((what, next_step)) => format!("{}. {}", capital(what), capital(next_step)),
        None => capital(reason),
    }
}

#[cfg(test)]
mod tests {
    use super::as_sentences;

    #[test]
    fn a_reason_is_read_as_sentences() {
        assert_eq!(
            as_sentences("Entra ID refused: no; use a device; or another account"),
            "Entra ID refused: no. Use a device; or another account"
        );
        assert_eq!(as_sentences("no port"), "No port");
        assert_eq!(as_sentences(""), "");
    }
}
