use super::broker_failure::broker_failure;
use crate::{
    arguments::LogoutArguments,
    failure::{Exit, Failure},
    output::tell,
};
use azure_identity_broker::BrokerClient;
use std::process::ExitCode;

/// Makes the broker forget one account or all of them.
pub(crate) async fn run(arguments: &LogoutArguments) -> Result<ExitCode, Failure> {
    let broker = BrokerClient::new().map_err(|error| broker_failure(&error, None))?;
    let held = broker
        .accounts(None)
        .await
        .map_err(|error| broker_failure(&error, None))?;
    let meant: Vec<_> = held
        .accounts
        .iter()
        .filter(|account| match &arguments.username {
            Some(username) => account.username().eq_ignore_ascii_case(username),
            None => true,
        })
        .collect();
    if let (Some(username), true) = (&arguments.username, meant.is_empty()) {
        return Err(Failure::new(
            Exit::Failed,
            format!("the broker holds no account '{username}'"),
        )
        .with_hint("see `azbroker accounts`"));
    }
    if meant.is_empty() {
        tell("no account was signed in");
    }
    for account in meant {
        broker
            .remove_account(account)
            .await
            .map_err(|error| broker_failure(&error, None))?;
        tell(format_args!(
            "{} is forgotten; access tokens given out stay valid until they expire",
            account.username()
        ));
    }
    Ok(ExitCode::SUCCESS)
}
