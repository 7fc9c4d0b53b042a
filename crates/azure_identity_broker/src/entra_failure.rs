//! What a failure of a sign-in in this process means for whoever asked.

use crate::{Error, ErrorKind};
use azbroker_entra::{Error as EntraError, Refusal, RefusalKind};
use std::error::Error as _;

pub(crate) fn of(error: &EntraError) -> Error {
    match error {
        EntraError::Refused(refusal) => return of_refusal(refusal),
        EntraError::NothingTrusted { trust_store } => {
            return Error::new(ErrorKind::InteractionRequired, error.to_string())
                .with_next_step(trust_store.cure());
        }
        _ => {}
    }
    let (kind, next_step) = match error {
        EntraError::Unreachable { .. } => (
            ErrorKind::Unavailable,
            "check the network and any proxy, then try again",
        ),
        EntraError::Busy { .. } => (ErrorKind::Unavailable, "try again after that time"),
        EntraError::Unavailable { .. } | EntraError::TimedOut { .. } => {
            (ErrorKind::Unavailable, "try again later")
        }
        EntraError::NoPrompt(_) => (
            ErrorKind::InteractionRequired,
            "set BROWSER to a command that opens a web page, or use a broker",
        ),
        EntraError::NoRedirect(_) => (ErrorKind::Unavailable, "try again"),
        EntraError::NoPort { .. } => (
            ErrorKind::Unavailable,
            "end the program that listens there, or leave the port out of `redirect_uri`",
        ),
        EntraError::UnknownAuthority { .. } => (
            ErrorKind::InvalidRequest,
            "check the authority host, or set `disable_instance_discovery` if it is right",
        ),
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
    match (refusal.next_step(), kind) {
        (Some(next_step), _) => error.with_next_step(next_step),
        (None, ErrorKind::InvalidRequest) => {
            error.with_next_step("check the client ID, the tenant and the scope")
        }
        (None, _) => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use azbroker_entra::{PromptError, TrustStore};
    use azure_core::time::Duration;

    #[test]
    fn every_failure_of_a_sign_in_says_what_to_do() {
        let host = || "login.microsoftonline.com".to_owned();
        let waited = Duration::seconds(280);
        for (error, kind, line, next_step) in [
            (
                EntraError::Unreachable {
                    host: host(),
                    source: azure_core::Error::with_message(
                        azure_core::error::ErrorKind::Io,
                        "connection refused",
                    )
                    .into(),
                },
                ErrorKind::Unavailable,
                "login.microsoftonline.com cannot be reached: connection refused",
                "check the network and any proxy, then try again",
            ),
            (
                EntraError::Unavailable {
                    host: host(),
                    status: 503,
                },
                ErrorKind::Unavailable,
                "login.microsoftonline.com cannot serve for now (HTTP 503)",
                "try again later",
            ),
            (
                EntraError::NothingTrusted {
                    trust_store: TrustStore::from_variables(|name| {
                        (name == "SSL_CERT_FILE").then(|| "/a".into())
                    }),
                },
                ErrorKind::InteractionRequired,
                "no certificate authority is trusted on this machine: there is none in SSL_CERT_FILE=/a",
                "correct or unset SSL_CERT_FILE, or install the system's certificates (package ca-certificates)",
            ),
            (
                EntraError::NoPrompt(PromptError::new("no browser was found")),
                ErrorKind::InteractionRequired,
                "the sign-in page cannot be shown: no browser was found",
                "set BROWSER to a command that opens a web page, or use a broker",
            ),
            (
                EntraError::NotFinished { waited },
                ErrorKind::Canceled,
                "the sign-in was not finished within 280 s",
                "sign in again and finish it",
            ),
            (
                EntraError::Malformed("there is no access token"),
                ErrorKind::Malformed,
                "the authority's answer makes no sense: there is no access token",
                "report it",
            ),
        ] {
            let ours = of(&error);
            let cause = ours.source().map(|cause| format!(": {cause}"));
            assert_eq!(ours.kind(), kind);
            assert_eq!(format!("{ours}{}", cause.unwrap_or_default()), line);
            assert_eq!(ours.next_step(), Some(next_step));
            assert!(!ours.is_signed_out());
        }
    }
}
