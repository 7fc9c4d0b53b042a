//! What a failure of a sign-in in this process means for whoever asked.

use crate::{Error, ErrorKind};
use azbroker_entra::{Error as EntraError, Refusal, RefusalKind};
use std::error::Error as _;

pub(super) fn of(error: &EntraError) -> Error {
    if let EntraError::Refused(refusal) = error {
        return of_refusal(refusal);
    }
    let (kind, next_step) = match error {
        EntraError::Unreachable { .. } => (
            ErrorKind::Unavailable,
            "check the network and any proxy, then try again",
        ),
        EntraError::Unavailable { .. } | EntraError::TimedOut { .. } => {
            (ErrorKind::Unavailable, "try again later")
        }
        EntraError::NoPrompt(_) => (
            ErrorKind::InteractionRequired,
            "set BROWSER to a command that opens a web page, or use a broker",
        ),
        EntraError::NoRedirect(_) => (ErrorKind::Unavailable, "try again"),
        EntraError::NotFinished { .. } => (ErrorKind::Canceled, "sign in again and finish it"),
        _ => (ErrorKind::Malformed, "report it"),
    };
    let ours = Error::new(kind, error.to_string()).with_next_step(next_step);
    match error.source() {
        Some(cause) => ours.with_cause(cause),
        None => ours,
    }
}

fn of_refusal(refusal: &Refusal) -> Error {
    let kind = match refusal.kind() {
        RefusalKind::InteractionRequired => ErrorKind::InteractionRequired,
        RefusalKind::Declined => ErrorKind::Canceled,
        RefusalKind::Configuration => ErrorKind::InvalidRequest,
        RefusalKind::Transient => ErrorKind::Unavailable,
        _ => ErrorKind::Refused,
    };
    let error = Error::new(kind, refusal.to_string())
        .with_server_codes(refusal.codes())
        .with_claims(refusal.claims().cloned());
    match refusal.next_step() {
        Some(next_step) => error.with_next_step(next_step),
        None => error,
    }
}
