use crate::{
    arguments::ApplicationArguments,
    failure::{Exit, Failure, chain},
};
use azbroker_service::RefusalKind;
use azure_identity_broker::{Error, ErrorKind};

/// How a command ends that the broker gave nothing.
///
/// `login` is the command that would sign the user in, where that is another one than this.
pub(crate) fn broker_failure(whole: &azure_core::Error, login: Option<&str>) -> Failure {
    let Some(error) = Error::find(whole) else {
        return Failure::of(Exit::Failed, whole);
    };
    // What Entra ID asks for beyond a sign-in is the better hint.
    let next_step = error.next_step();
    let more_than_sign_in = !error.server_codes().is_empty()
        && next_step.is_some_and(|step| !step.starts_with("sign in"));
    let exit = match error.kind() {
        // A broker answers silent requests so for the clients that then ask the user by themselves. A script that
        // signs in on 3 would do so for ever.
        ErrorKind::InteractionRequired
            if more_than_sign_in && is_of_a_policy(error.server_codes()) =>
        {
            Exit::Failed
        }
        ErrorKind::InteractionRequired | ErrorKind::Canceled | ErrorKind::BrokerMissing => {
            Exit::UserMustAct
        }
        ErrorKind::InvalidRequest if error.server_codes().is_empty() => Exit::WrongUsage,
        // No time makes room on a disk.
        ErrorKind::Unavailable if is_full(error) => Exit::UserMustAct,
        ErrorKind::Unavailable => Exit::TryAgainLater,
        _ => Exit::Failed,
    };
    // Where there is no broker, what it was to be asked first says nothing.
    let failure = match error.kind() {
        ErrorKind::BrokerMissing => Failure::of(exit, error),
        _ => Failure::of(exit, whole),
    };
    // The broker has said then what helps.
    let told = error.to_string();
    let helps_more = told.contains("`azbroker rules allow ")
        || told.starts_with("no certificate authority is trusted");
    let login = login.filter(|_| !helps_more);
    match (error.kind(), login, next_step) {
        (ErrorKind::BrokerMissing, _, _) => failure.with_hint(without_broker(error)),
        (ErrorKind::Unavailable, _, _) if is_full(error) => {
            failure.with_hint("make room there, then try again")
        }
        (ErrorKind::Unavailable, _, _) if is_silent(error) => failure.with_hint(
            "try again; `azbroker doctor` says which process it is and whether it answers",
        ),
        (ErrorKind::InteractionRequired, Some(login), _) if !more_than_sign_in => {
            failure.with_hint(format!("sign in with `{login}`"))
        }
        (_, _, Some(next_step)) => failure.with_hint(next_step),
        (_, _, None) => failure,
    }
}

/// Whether Entra ID's number tells of what an administrator has said, which no sign-in changes.
fn is_of_a_policy(numbers: &[u32]) -> bool {
    numbers
        .iter()
        .any(|number| RefusalKind::of_number(*number) == Some(RefusalKind::Policy))
}

/// What helps whoever types a command where there is no broker: a program could do without one.
fn without_broker(error: &Error) -> &'static str {
    let missing = error.to_string();
    let is = |what: &str| missing.starts_with(what);
    if is("there is no session bus") {
        "run it in the shell of `azbroker run -- bash`, which brings a bus and a broker; `azbroker doctor` says what is \
         missing"
    } else if is("nobody offers") {
        "have the bus start a broker, with `azbroker install`, or start one, as with `azbroker serve`"
    } else if is("the bus could not start") {
        "run `azbroker doctor`, which says why; `azbroker install` renews what the bus starts"
    } else {
        "use another broker"
    }
}

/// The command that signs a user in for the same application.
pub(crate) fn login_command(
    application: &ApplicationArguments,
    username: Option<&str>,
    scopes: &[String],
) -> String {
    let mut command = "azbroker login".to_owned();
    let mut option = |name: &str, value: Option<&str>| {
        if let Some(value) = value {
            command.push_str(&format!(" --{name} {value}"));
        }
    };
    option("client-id", application.client_id.as_deref());
    option("tenant", application.tenant.as_deref());
    option("authority-host", application.authority_host.as_deref());
    option("username", username);
    // Another application may have no consent for the scope that a login asks for by itself.
    if application.client_id.is_some() {
        scopes.iter().for_each(|scope| option("scope", Some(scope)));
    }
    command
}

/// Whether the broker has no room for what it was to keep. The system's words are all that it hands on.
fn is_full(error: &Error) -> bool {
    let whole = chain(error);
    ["No space left on device", "Disk quota exceeded"]
        .iter()
        .any(|full| whole.contains(full))
}

/// Whether there is a broker that says nothing, as one that was stopped.
fn is_silent(error: &Error) -> bool {
    error.to_string().starts_with("the broker did not answer ")
}
