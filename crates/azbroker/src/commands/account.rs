use super::{
    broker_failure::broker_failure,
    status::default_account,
    which_account::{WhichAccount, options_of},
};
use crate::{
    arguments::{DefaultArguments, ListOutput},
    failure::{Exit, Failure},
    output::{line, tell},
};
use azure_identity_broker::{BrokerAccount, BrokerClient};
use std::process::ExitCode;

/// Shows or chooses the account that is the default.
pub(crate) async fn default(arguments: &DefaultArguments) -> Result<ExitCode, Failure> {
    let failed = |error: azure_core::Error| broker_failure(&error, None);
    let broker = BrokerClient::new().map_err(failed)?;
    let changed = match &arguments.username {
        _ if arguments.unset => {
            broker.set_default_account(None).await.map_err(failed)?;
            "no account is pinned: the default is the one last used with a tenant, else the one that signed in last"
                .to_owned()
        }
        Some(username) => {
            let tenant = arguments.tenant.as_deref();
            let host = arguments.authority_host.as_deref();
            let which = WhichAccount::typed(username, tenant, host)?;
            let held = broker.accounts(None).await.map_err(failed)?;
            let account = the_one(&which.among(&held.accounts)?)?;
            let pinned = broker.set_default_account(Some(account)).await;
            pinned.map_err(failed)?;
            format!(
                "{} in tenant {} is the default account",
                account.username(),
                account.tenant_id()
            )
        }
        None => return show(&broker, arguments.output).await,
    };
    match arguments.output {
        ListOutput::Text => tell(changed),
        ListOutput::Json => return show(&broker, ListOutput::Json).await,
    }
    Ok(ExitCode::SUCCESS)
}

async fn show(broker: &BrokerClient, output: ListOutput) -> Result<ExitCode, Failure> {
    let status = broker
        .status()
        .await
        .map_err(|error| broker_failure(&error, None))?;
    let why = match status.default_is_pinned {
        true => "pinned",
        false => "signed in last; a request that names a tenant gets the one last used there",
    };
    match (output, &status.default_account) {
        (ListOutput::Json, _) => line(serde_json::json!({
            "default_account": default_account(&status),
        }))?,
        (ListOutput::Text, Some(account)) => line(format_args!(
            "{}  tenant {}  {}  ({why})",
            account.username(),
            account.tenant_id(),
            account.environment()
        ))?,
        (ListOutput::Text, None) => {
            line("no account is signed in; `azbroker login` signs one in")?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn the_one<'a>(meant: &[&'a BrokerAccount]) -> Result<&'a BrokerAccount, Failure> {
    match meant {
        [account] => Ok(account),
        several => {
            let username = several.first().map_or("", |account| account.username());
            let options: Vec<_> = several.iter().map(|account| options_of(account)).collect();
            Err(Failure::new(
                Exit::WrongUsage,
                format!("the broker holds several accounts '{username}'"),
            )
            .with_hint(format!("name one: {}", options.join(", or "))))
        }
    }
}
