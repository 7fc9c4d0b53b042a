//! What a failure of the broker or of the bus means for whoever asked.

use crate::{Error, ErrorKind, Result, error::one_line};
use azbroker_protocol::{BUS_NAME, BrokerError, MalformedMessage, Method, Status, TokenReply};
use std::time::Duration;

/// The error that a broker answered a request for a token with.
pub(super) fn of_token_method(method: Method, error: &BrokerError) -> Error {
    let ours = of_broker(error);
    // The account is of no use even after a sign-in: another sign-in will not help.
    if method == Method::AcquireTokenInteractively && error.status() == Status::AccountUnusable {
        return ours.with_kind(ErrorKind::Refused);
    }
    ours
}

/// The error that a broker answered with.
fn of_broker(error: &BrokerError) -> Error {
    let status = error.status();
    let code = server_code(error.error_code);
    let kind = kind(status, code.is_some());
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
    match (given, next_step(status, kind)) {
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
    .with_next_step(REPORT)
}

/// There is nothing to ask on.
pub(super) fn no_bus() -> Error {
    Error::new(
        ErrorKind::BrokerMissing,
        "there is no session bus that a broker could be on",
    )
    .with_next_step("set DBUS_SESSION_BUS_ADDRESS, or let the credential use the system browser")
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
    .with_next_step(TRY_AGAIN)
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
        )
        .with_next_step(START),
        _ if short.starts_with("Spawn.") => Error::new(
            ErrorKind::BrokerMissing,
            format!("the bus could not start {BUS_NAME}"),
        )
        .with_cause(&text)
        .with_next_step(START),
        "NoReply" | "Disconnected" | "Timeout" | "TimedOut" => went_away(method).with_cause(&text),
        _ => Error::new(
            ErrorKind::Malformed,
            format!("the broker answered {method} with the D-Bus error {name}"),
        )
        .with_cause(&text)
        .with_next_step(REPORT),
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
    .with_next_step(TRY_AGAIN)
}

fn kind(status: Status, refused: bool) -> ErrorKind {
    match status {
        Status::InteractionRequired
        | Status::AccountUnusable
        | Status::AccountNotFound
        | Status::UserSwitch
        | Status::AccountSwitch => ErrorKind::InteractionRequired,
        Status::UserCanceled | Status::ApplicationCanceled => ErrorKind::Canceled,
        Status::NoNetwork
        | Status::NetworkTemporarilyUnavailable
        | Status::ServerTemporarilyUnavailable
        | Status::TransientError => ErrorKind::Unavailable,
        Status::ApiContractViolation
        | Status::IncorrectConfiguration
        | Status::AuthorityUntrusted => ErrorKind::InvalidRequest,
        Status::DeviceNotRegistered | Status::UserDataRemovalRequired => ErrorKind::Refused,
        Status::RequiredBrokerMissing | Status::FallbackToNativeMsal => ErrorKind::BrokerMissing,
        _ if refused => ErrorKind::Refused,
        _ => ErrorKind::Malformed,
    }
}

fn next_step(status: Status, kind: ErrorKind) -> Option<&'static str> {
    match (status, kind) {
        (Status::NoNetwork, _) => Some("connect to the network, then try again"),
        (Status::AuthorityUntrusted, _) => {
            Some("check the authority host, or allow it in the broker's settings")
        }
        (Status::DeviceNotRegistered, _) => {
            Some("use a device that your organisation manages, or ask an administrator")
        }
        (_, ErrorKind::InteractionRequired) => Some("sign in"),
        (_, ErrorKind::Canceled) => Some("sign in again and finish it"),
        (_, ErrorKind::Unavailable) => Some(TRY_AGAIN),
        (_, ErrorKind::Malformed) => Some(REPORT),
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

const TRY_AGAIN: &str = "try again";
const REPORT: &str = "report it to whoever provides the broker";
const START: &str =
    "start a broker, as with `azbroker serve`, or let the credential use the system browser";
