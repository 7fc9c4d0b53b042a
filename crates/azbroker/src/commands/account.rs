use super::broker_failure::broker_failure;
use crate::{
    arguments::DefaultArguments,
    failure::{Exit, Failure},
    output::{line, tell},
};
use azure_identity_broker::{BrokerAccount, BrokerClient};
use std::process::ExitCode;

/// Shows or chooses the account that is the default.
pub(crate) async fn default(arguments: &DefaultArguments) -> Result<ExitCode, Failure> {
    let failed = |error: azure_core::Error| broker_failure(&error, None);
    let broker = BrokerClient::new().map_err(failed)?;
    if arguments.unset {
        broker.set_default_account(None).await.map_err(failed)?;
        tell(
            "no account is pinned: the default is the one last used with a tenant, else the one that signed in last",
        );
        return Ok(ExitCode::SUCCESS);
    }
    let Some(username) = &arguments.username else {
        return show(&broker).await;
    };
    let held = broker.accounts(None).await.map_err(failed)?;
    let account = one_of(&held.accounts, username, arguments.tenant.as_deref())?;
    broker
        .set_default_account(Some(account))
        .await
        .map_err(failed)?;
    tell(format_args!(
        "{} in tenant {} is the default account",
        account.username(),
        account.tenant_id()
    ));
    Ok(ExitCode::SUCCESS)
}

async fn show(broker: &BrokerClient) -> Result<ExitCode, Failure> {
    let status = broker
        .status()
        .await
        .map_err(|error| broker_failure(&error, None))?;
    let why = match status.default_is_pinned {
        true => "pinned",
        false => "signed in last; a request that names a tenant gets the one last used there",
    };
    match &status.default_account {
        Some(account) => line(format_args!(
            "{}  tenant {}  {}  ({why})",
            account.username(),
            account.tenant_id(),
            account.environment()
        ))?,
        None => line("no account is signed in; `azbroker login` signs one in")?,
    }
    Ok(ExitCode::SUCCESS)
}

fn one_of<'a>(
    held: &'a [BrokerAccount],
    username: &str,
    tenant: Option<&str>,
) -> Result<&'a BrokerAccount, Failure> {
    let fits = |account: &&BrokerAccount| {
        account.username().eq_ignore_ascii_case(username)
            && tenant.is_none_or(|tenant| account.tenant_id().eq_ignore_ascii_case(tenant))
    };
    let fitting: Vec<_> = held.iter().filter(fits).collect();
    let of_tenant = tenant.map_or(String::new(), |tenant| format!(" in tenant {tenant}"));
    match fitting.as_slice() {
        [account] => Ok(account),
        [] => Err(Failure::new(
            Exit::Failed,
            format!("the broker holds no account '{username}'{of_tenant}"),
        )
        .with_hint("see `azbroker accounts`")),
        several => {
            let tenants: Vec<_> = several.iter().map(|account| account.tenant_id()).collect();
            Err(Failure::new(
                Exit::WrongUsage,
                format!("the broker holds several accounts '{username}'"),
            )
            .with_hint(format!("name one's --tenant: {}", tenants.join(", "))))
        }
    }
}
