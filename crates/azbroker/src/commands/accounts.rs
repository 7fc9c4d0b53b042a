use super::broker_failure::broker_failure;
use crate::{
    arguments::{AccountsArguments, ListOutput},
    failure::Failure,
    output::line,
};
use azure_identity_broker::{BrokerAccounts, BrokerClient};
use std::process::ExitCode;

/// Lists the broker's accounts and says what keeps them.
pub(crate) async fn run(arguments: &AccountsArguments) -> Result<ExitCode, Failure> {
    let held = BrokerClient::new()
        .map_err(|error| broker_failure(&error, None))?
        .accounts(None)
        .await
        .map_err(|error| broker_failure(&error, None))?;
    match arguments.output {
        ListOutput::Text => show(&held)?,
        ListOutput::Json => line(json(&held))?,
    }
    Ok(ExitCode::SUCCESS)
}

fn show(held: &BrokerAccounts) -> Result<(), Failure> {
    let width = held
        .accounts
        .iter()
        .map(|account| account.username().len())
        .max();
    for (index, account) in held.accounts.iter().enumerate() {
        let default = if index == 0 { "  (default)" } else { "" };
        line(format_args!(
            "{:width$}  tenant {}  {}{default}",
            account.username(),
            account.tenant_id(),
            account.environment(),
            width = width.unwrap_or_default()
        ))?;
    }
    if held.accounts.is_empty() {
        line("no account is signed in; `azbroker login` signs one in")?;
    }
    if let Some(store) = &held.store {
        line(format_args!("kept in: {store}"))?;
    }
    Ok(())
}

fn json(held: &BrokerAccounts) -> serde_json::Value {
    let accounts: Vec<_> = held
        .accounts
        .iter()
        .map(|account| {
            serde_json::json!({
                "username": account.username(),
                "name": account.name(),
                "home_account_id": account.home_account_id(),
                "tenant_id": account.tenant_id(),
                "environment": account.environment(),
            })
        })
        .collect();
    serde_json::json!({ "accounts": accounts, "store": held.store })
}
