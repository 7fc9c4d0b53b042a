use super::broker_failure::broker_failure;
use crate::{
    arguments::{AccountsArguments, ListOutput},
    failure::Failure,
};
use azure_identity_broker::{BrokerAccounts, BrokerClient};
use std::process::ExitCode;

/// Lists the broker's accounts and says what keeps them.
pub(crate) async fn run(arguments: &AccountsArguments) -> Result<ExitCode, Failure> {
    let held = BrokerClient::new()
        .map_err(|error| broker_failure(&error))?
        .accounts(None)
        .await
        .map_err(|error| broker_failure(&error))?;
    match arguments.output {
        ListOutput::Text => show(&held),
        ListOutput::Json => println!("{}", json(&held)),
    }
    Ok(ExitCode::SUCCESS)
}

fn show(held: &BrokerAccounts) {
    let width = held
        .accounts
        .iter()
        .map(|account| account.username().len())
        .max();
    for (index, account) in held.accounts.iter().enumerate() {
        let default = if index == 0 { "  (default)" } else { "" };
        println!(
            "{:width$}  tenant {}  {}{default}",
            account.username(),
            account.tenant_id(),
            account.environment(),
            width = width.unwrap_or_default()
        );
    }
    if held.accounts.is_empty() {
        println!("no account is signed in; `azbroker login` signs one in");
    }
    if let Some(store) = &held.store {
        println!("kept in: {store}");
    }
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
