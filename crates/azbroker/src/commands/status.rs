use super::broker_failure::broker_failure;
use crate::{
    arguments::{ListOutput, StatusArguments},
    failure::Failure,
    output::line,
};
use azure_core::time::OffsetDateTime;
use azure_identity_broker::{BrokerClient, BrokerStatus, Error, ErrorKind};
use serde_json::json;
use std::process::ExitCode;

/// Says whether there is a broker, what it is and what keeps its accounts.
pub(crate) async fn run(arguments: &StatusArguments) -> Result<ExitCode, Failure> {
    let broker = BrokerClient::new().map_err(|error| broker_failure(&error, None))?;
    let status = match broker.status().await {
        Ok(status) => status,
        Err(error) if Error::find(&error).is_some_and(|e| e.kind() == ErrorKind::Malformed) => {
            // Microsoft's broker knows the contract and nothing of ours.
            let version = broker
                .version()
                .await
                .map_err(|_| broker_failure(&error, None))?;
            return other_broker(arguments.output, &version);
        }
        Err(error) => return Err(broker_failure(&error, None)),
    };
    match arguments.output {
        ListOutput::Text => show(&status)?,
        ListOutput::Json => line(json(&status))?,
    }
    Ok(ExitCode::SUCCESS)
}

fn other_broker(output: ListOutput, version: &str) -> Result<ExitCode, Failure> {
    match output {
        ListOutput::Text => line(format_args!(
            "broker: version {version}, which is not azbroker and says no more of itself"
        ))?,
        ListOutput::Json => line(json!({ "azbroker": false, "version": version }))?,
    }
    Ok(ExitCode::SUCCESS)
}

fn show(status: &BrokerStatus) -> Result<(), Failure> {
    line(format_args!(
        "broker:    azbroker {}, process {}",
        status.version, status.process
    ))?;
    line(format_args!("kept in:   {}", status.store_description))?;
    if status.store_wanted != "auto" && status.store_wanted != status.store {
        line(format_args!(
            "           NOT in {}, as the broker was told to{}",
            status.store_wanted,
            match status.store.as_str() {
                "memory" => ": sign-ins are lost when it ends",
                _ => "",
            }
        ))?;
    }
    for store in &status.passed_over {
        line(format_args!(
            "           not in {}: {}",
            store.store, store.reason
        ))?;
    }
    if let Some(approvals) = &status.approvals {
        line(format_args!("approvals: {approvals}"))?;
    }
    if let Some(why) = &status.rules_unread {
        line(format_args!("           NO rule is followed: {why}"))?;
    }
    if let Some(locked) = status.memory_locked {
        line(match locked {
            true => "memory:    locked, so nothing of it is swapped out",
            false => "memory:    not locked, as this session limits that; encrypt the swap space",
        })?;
    }
    let default = match &status.default_account {
        Some(account) => format!(
            "; the default is {} in tenant {} ({})",
            account.username(),
            account.tenant_id(),
            match status.default_is_pinned {
                true => "pinned",
                false => "signed in last",
            }
        ),
        None => "; `azbroker login` signs one in".to_owned(),
    };
    line(format_args!("accounts:  {}{default}", status.accounts))?;
    let config_file = status.config_file.as_deref();
    line(format_args!(
        "settings:  {}",
        config_file.unwrap_or("no configuration file")
    ))
}

fn json(status: &BrokerStatus) -> serde_json::Value {
    let passed_over: Vec<_> = status
        .passed_over
        .iter()
        .map(|store| json!({ "store": store.store, "reason": store.reason }))
        .collect();
    json!({
        "azbroker": true,
        "version": status.version,
        "process": status.process,
        "started_on": status.started_on.map(OffsetDateTime::unix_timestamp),
        "memory_locked": status.memory_locked,
        "store": {
            "in_use": status.store,
            "wanted": status.store_wanted,
            "description": status.store_description,
            "fault": status.store_fault,
            "still_kept": status.store_still_keeps,
            "passed_over": passed_over,
        },
        "approvals": status.approvals,
        "rules_unread": status.rules_unread,
        "accounts": status.accounts,
        "default_account": default_account(status),
        "config_file": status.config_file,
    })
}

/// The default account for a program, `null` where there is none.
pub(super) fn default_account(status: &BrokerStatus) -> serde_json::Value {
    let default = status.default_account.as_ref().map(|account| {
        json!({
            "username": account.username(),
            "home_account_id": account.home_account_id(),
            "tenant_id": account.tenant_id(),
            "environment": account.environment(),
            "pinned": status.default_is_pinned,
        })
    });
    default.into()
}
