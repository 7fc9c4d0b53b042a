use super::stop::Stops;
use crate::{
    arguments::ServeArguments,
    failure::{Exit, Failure},
};
use azbroker_service::{AuthorityHost, Configuration, ServeError, serve};
use azure_core::time::Duration;
use rustix::process::{DumpableBehavior, set_dumpable_behavior};
use std::{env, path::PathBuf, process::ExitCode};

/// Serves until the bus goes away, or somebody asks for the end.
pub(crate) async fn run(arguments: ServeArguments) -> Result<ExitCode, Failure> {
    let further_authority_hosts = arguments
        .authority_host
        .iter()
        .map(|host| AuthorityHost::parse(host))
        .collect::<Result<_, _>>()
        .map_err(|error| Failure::new(Exit::WrongUsage, error.to_string()))?;
    // Nobody but root looks into the memory that refresh tokens are in, and no core dump keeps it.
    if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
        tracing::warn!("the broker's memory can be read by your other programs: {error}");
    }
    let configuration = Configuration {
        further_authority_hosts,
        sign_in_deadline: Duration::seconds(i64::from(arguments.sign_in_deadline)),
        browser: env::var("BROWSER").ok(),
        state_folder: state_folder(),
    };
    let ready = || tracing::info!("the broker serves");
    let mut stops = Stops::listen()?;
    tokio::select! {
        result = serve(configuration, ready) => match result {
            Ok(()) => Ok(ExitCode::SUCCESS),
            Err(error) => Err(failure(&error)),
        },
        _ = stops.asked() => Ok(ExitCode::SUCCESS),
    }
}

/// Below the folder that the
/// [XDG Base Directory Specification](https://specifications.freedesktop.org/basedir-spec/latest/) names.
fn state_folder() -> Option<PathBuf> {
    let absolute = |path: PathBuf| path.is_absolute().then_some(path);
    let given = env::var_os("XDG_STATE_HOME").map(PathBuf::from);
    let home = || env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/state"));
    let state = given.and_then(absolute).or_else(|| absolute(home()?))?;
    Some(state.join("azbroker"))
}

fn failure(error: &ServeError) -> Failure {
    match error {
        ServeError::NoBus(_) => Failure::of(Exit::UserMustAct, error)
            .with_hint("set DBUS_SESSION_BUS_ADDRESS, or start the broker below dbus-run-session"),
        ServeError::NameTaken { .. } => Failure::of(Exit::UserMustAct, error)
            .with_hint("use that broker, or end it first; it is never replaced"),
        _ => Failure::of(Exit::Failed, error),
    }
}
