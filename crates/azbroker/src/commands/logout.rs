use super::{broker_failure::broker_failure, which_account::WhichAccount};
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
    if arguments.all {
        return all(&broker).await;
    }
    let which = WhichAccount::typed(
        arguments.username.as_deref().unwrap_or_default(),
        arguments.tenant.as_deref(),
        arguments.authority_host.as_deref(),
    )?;
    let held = broker
        .accounts(None)
        .await
        .map_err(|error| broker_failure(&error, None))?;
    let meant = which.among(&held.accounts)?;
    for account in &meant {
        broker
            .remove_account(account)
            .await
            .map_err(|error| broker_failure(&error, None))?;
        let whose = match meant.len() {
            1 => String::new(),
            _ => format!(
                " in tenant {} at {}",
                account.tenant_id(),
                account.environment()
            ),
        };
        tell(format_args!(
            "{}{whose} is forgotten; access tokens given out stay valid until they expire",
            account.username()
        ));
    }
    Ok(ExitCode::SUCCESS)
}

/// Not one by one: what is in a store and could not be read goes, too.
async fn all(broker: &BrokerClient) -> Result<ExitCode, Failure> {
    let removed = broker
        .remove_all_accounts()
        .await
        .map_err(|error| broker_failure(&error, None))?;
    if !removed.left.is_empty() {
        return Err(Failure::new(
            Exit::UserMustAct,
            format!("accounts may be left: {}", removed.left.join("; ")),
        )
        .with_hint("mend that, as by unlocking the keyring, then run it again"));
    }
    match removed.removed {
        0 if removed.unread => {
            tell("no account was held; what the broker could not read is erased")
        }
        0 => tell("no account was signed in"),
        1 => tell("1 account is forgotten; access tokens given out stay valid until they expire"),
        several => tell(format_args!(
            "{several} accounts are forgotten; access tokens given out stay valid until they expire"
        )),
    }
    if removed.unread && removed.removed > 0 {
        tell("what the broker could not read is erased, too");
    }
    Ok(ExitCode::SUCCESS)
}
