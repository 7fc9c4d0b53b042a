use crate::failure::{Exit, Failure};
use azure_identity_broker::{Error, ErrorKind};

/// How a command ends that the broker gave nothing.
pub(crate) fn broker_failure(whole: &azure_core::Error) -> Failure {
    let Some(error) = Error::find(whole) else {
        return Failure::of(Exit::Failed, whole);
    };
    let exit = match error.kind() {
        ErrorKind::InteractionRequired | ErrorKind::Canceled | ErrorKind::BrokerMissing => {
            Exit::UserMustAct
        }
        ErrorKind::InvalidRequest if error.server_codes().is_empty() => Exit::WrongUsage,
        ErrorKind::Unavailable => Exit::TryAgainLater,
        _ => Exit::Failed,
    };
    let failure = Failure::of(exit, whole);
    match (error.kind(), error.next_step()) {
        (ErrorKind::BrokerMissing, _) => failure.with_hint(
            "start one with `azbroker serve`, or run the command below `azbroker emulate`",
        ),
        (ErrorKind::InteractionRequired, _) => failure.with_hint("sign in with `azbroker login`"),
        (_, Some(next_step)) => failure.with_hint(next_step),
        (_, None) => failure,
    }
}
