//! What a failure of the broker or of the bus means for whoever asked.

use crate::{Error, ErrorKind, Result, error::one_line};
use azbroker_protocol::{BUS_NAME, BrokerError, MalformedMessage, Method, Status, TokenReply};
use std::time::Duration;

/// The error that a broker answered a silent request with.
pub(super) fn of_silence(error: &BrokerError) -> Error {
    let ours = of_broker(error);
    let no_account = matches!(
        error.status(),
        Status::InteractionRequired | Status::AccountNotFound
    );
    // Whatever more than a sign-in is asked for has a number or a sentence of its own.
    if no_account && ours.server_codes().is_empty() && ours.next_step() == Some(SIGN_IN) {
        return Error::signed_out(ours.to_string());
    }
    ours
}

/// The error that a broker answered a sign-in with.
pub(super) fn of_sign_in(error: &BrokerError) -> Error {
    let ours = of_broker(error);
    match error.status() {
        // The account is of no use even after a sign-in: another sign-in will not help.
        Status::AccountUnusable => ours.with_kind(ErrorKind::Refused),
        Status::InteractionRequired
            if ours.server_codes().is_empty() && ours.next_step() == Some(SIGN_IN) =>
        {
            ours.with_next_step(SHOW_PAGE)
        }
        _ => ours,
    }
}

/// The error that a broker answered with.
fn of_broker(error: &BrokerError) -> Error {
    let status = error.status();
    let code = server_code(error.error_code);
    let kind = kind(status).unwrap_or(match code {
        Some(_) => ErrorKind::Refused,
        None => ErrorKind::Malformed,
    });
    let context = one_line(&error.context);
    let (message, given) = match context.rsplit_once("; ") {
        Some((what, to_do)) if error.tag == BrokerError::TAG => (what, Some(to_do.to_owned())),
        _ => (context.as_str(), None),
    };
    let message = if message.is_empty() {
        format!("the broker answered {status} and gave no reason")
    } else {
        message.to_owned()
    };
    let ours = Error::new(kind, message).with_server_codes(Vec::from_iter(code));
    match (given, next_step(status)) {
        (Some(next_step), _) => ours.with_next_step(next_step),
        (None, Some(next_step)) => ours.with_next_step(next_step),
        (None, None) => ours,
    }
}

/// Passes any answer that is not an error.
pub(super) fn check(json: &str) -> Result<()> {
    match TokenReply::from_json(json) {
        Ok(TokenReply::Error(error)) => Err(of_broker(&error)),
        _ => Ok(()),
    }
}

/// An answer that is not of the contract.
pub(super) fn malformed(fault: &MalformedMessage) -> Error {
    Error::new(
        ErrorKind::Malformed,
        "the broker's answer cannot be understood",
    )
    .with_cause(fault)
}

/// There is nothing to ask on.
pub(super) fn no_bus() -> Error {
    Error::new(
        ErrorKind::BrokerMissing,
        "there is no session bus for a broker",
    )
    .with_next_step("set DBUS_SESSION_BUS_ADDRESS, start the program below `dbus-run-session`, or let the credential use the system browser")
}

/// Nothing can be awaited.
pub(super) fn no_runtime() -> Error {
    Error::new(
        ErrorKind::InvalidRequest,
        "the broker was asked outside of a tokio runtime",
    )
    .with_next_step("ask from a task of tokio, as in `#[tokio::main]`")
}

/// A call that was not answered in time.
pub(super) fn of_time(method: Method, limit: Duration) -> Error {
    Error::new(
        ErrorKind::Unavailable,
        format!(
            "the broker did not answer {method} within {} s",
            limit.as_secs()
        ),
    )
}

/// A call that ended in an error of the bus.
pub(super) fn of_call(method: Method, error: &zbus::Error) -> Error {
    let zbus::Error::MethodError(name, text, _) = error else {
        return went_away(method).with_cause(error);
    };
    let text = DbusText(one_line(text.as_deref().unwrap_or_default()));
    let name = name.as_str();
    let short = name
        .strip_prefix("org.freedesktop.DBus.Error.")
        .unwrap_or(name);
    match short {
        "ServiceUnknown" | "NameHasNoOwner" => Error::new(
            ErrorKind::BrokerMissing,
            format!("nobody offers {BUS_NAME} on the session bus"),
        ),
        _ if short.starts_with("Spawn.") => Error::new(
            ErrorKind::BrokerMissing,
            format!("the bus could not start {BUS_NAME}"),
        )
        .with_cause(&text),
        "NoReply" | "Disconnected" | "Timeout" | "TimedOut" => went_away(method).with_cause(&text),
        _ => Error::new(
            ErrorKind::Malformed,
            format!("the broker answered {method} with the D-Bus error {name}"),
        )
        .with_cause(&text),
    }
}

/// What a bus error says beside its name.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct DbusText(String);

fn went_away(method: Method) -> Error {
    Error::new(
        ErrorKind::Unavailable,
        format!("the broker went away while it was asked for {method}"),
    )
}

/// Who must act, where the status alone says it.
fn kind(status: Status) -> Option<ErrorKind> {
    match status {
        Status::InteractionRequired
        | Status::AccountUnusable
        | Status::AccountNotFound
        | Status::UserSwitch
        | Status::AccountSwitch => Some(ErrorKind::InteractionRequired),
        Status::UserCanceled | Status::ApplicationCanceled => Some(ErrorKind::Canceled),
        Status::NoNetwork
        | Status::NetworkTemporarilyUnavailable
        | Status::ServerTemporarilyUnavailable
        | Status::TransientError => Some(ErrorKind::Unavailable),
        Status::ApiContractViolation
        | Status::IncorrectConfiguration
        | Status::AuthorityUntrusted => Some(ErrorKind::InvalidRequest),
        Status::DeviceNotRegistered | Status::UserDataRemovalRequired => Some(ErrorKind::Refused),
        Status::RequiredBrokerMissing | Status::FallbackToNativeMsal => {
            Some(ErrorKind::BrokerMissing)
        }
        _ => None,
    }
}

/// What to do, where the status says more than its kind.
fn next_step(status: Status) -> Option<&'static str> {
    match status {
        Status::InteractionRequired | Status::AccountNotFound => Some(SIGN_IN),
        Status::UserSwitch | Status::AccountSwitch => {
            Some("sign in with the account that was asked for")
        }
        Status::NoNetwork => Some("connect to the network, then try again"),
        Status::ApiContractViolation | Status::IncorrectConfiguration => {
            Some("check the client ID, the tenant and the scope")
        }
        Status::AuthorityUntrusted => {
            Some("check the authority host, or allow it in the broker's settings")
        }
        Status::DeviceNotRegistered => {
            Some("use a device that your organisation manages, or ask an administrator")
        }
        Status::UserDataRemovalRequired => {
            Some("remove the account from the broker, or ask an administrator")
        }
        Status::RequiredBrokerMissing | Status::FallbackToNativeMsal => {
            Some("use another broker, or let the credential use the system browser")
        }
        _ => None,
    }
}

/// The AADSTS number, where the error code is one. Brokers put numbers of their own there too.
fn server_code(code: i64) -> Option<u32> {
    const AADSTS: std::ops::Range<i64> = 10_000..100_000_000;
    AADSTS
        .contains(&code)
        .then(|| u32::try_from(code).ok())
        .flatten()
}

/// What brokers say, too, when no account is there.
const SIGN_IN: &str = "sign in";
/// A sign-in that wants a sign-in is one that could not be shown.
const SHOW_PAGE: &str = "name a command that opens a web page in BROWSER where the broker runs, or in the broker's settings, then sign in again";
