use super::{
    broker_failure::broker_failure,
    sign_in_by_hand::{self, ByHand, by_hand},
};
use crate::{
    arguments::{ApplicationArguments, ListOutput, LoginArguments},
    failure::{Exit, Failure},
    output::{line, tell},
};
use azbroker_service::ClientId;
use azure_identity_broker::{
    BrokerClient, BrokerOptions, Error, InteractiveBrowserCredential,
    InteractiveBrowserCredentialOptions, ParentWindow, WithoutBroker,
};
use std::process::ExitCode;

/// Has the broker sign a user in.
pub(crate) async fn run(arguments: LoginArguments) -> Result<ExitCode, Failure> {
    let failed = |error: azure_core::Error| broker_failure(&error, None);
    let options = InteractiveBrowserCredentialOptions {
        login_hint: arguments.username.clone(),
        ..options(arguments.application.clone())?
    };
    let credential = InteractiveBrowserCredential::new(Some(options)).map_err(failed)?;
    let scopes: Vec<_> = arguments.scope.iter().map(String::as_str).collect();
    // Who waits for a browser must know that there is somebody to open it.
    let broker = BrokerClient::new().map_err(failed)?;
    broker.accounts(None).await.map_err(failed)?;
    let record = match sign_in_by_hand::run(&arguments).await? {
        ByHand::SignedIn(home_account_id) => {
            let client_id = arguments.application.client_id.as_deref();
            let held = broker.accounts(client_id).await.map_err(failed)?;
            let account = held
                .accounts
                .iter()
                .find(|account| account.home_account_id() == home_account_id)
                .ok_or_else(|| {
                    Failure::new(Exit::UserMustAct, "the account was removed meanwhile")
                })?;
            account.authentication_record().map_err(failed)?
        }
        ByHand::NotNeeded => {
            tell(
                "waiting for the sign-in in the browser that the broker opens; Ctrl-C gives it up",
            );
            let record = credential.authenticate(&scopes, None).await;
            record.map_err(|error| without_page(&error, &arguments))?
        }
    };
    if let Some(username) = arguments.username
        && !record.username().eq_ignore_ascii_case(&username)
    {
        return Err(Failure::new(
            Exit::UserMustAct,
            format!(
                "{} signed in, not {username}; the broker holds that account now",
                record.username()
            ),
        )
        .with_hint(format!(
            "sign in again as {username}; `azbroker logout --username {}` forgets the other",
            record.username()
        )));
    }
    match arguments.output {
        ListOutput::Text => tell(format_args!(
            "signed in as {} in tenant {}, for application {}",
            record.username(),
            record.tenant_id(),
            record.client_id()
        )),
        ListOutput::Json => {
            let json = record
                .serialize()
                .map_err(|error| Failure::of(Exit::Failed, &error))?;
            line(json)?;
        }
    }
    if let Some(reason) = why_in_memory_alone(&broker).await {
        tell(format_args!(
            "it is kept in memory until the broker ends: {reason}"
        ));
    }
    Ok(ExitCode::SUCCESS)
}

/// Why what was signed in just now is in no store, where somebody wanted one. Another broker does not say.
async fn why_in_memory_alone(broker: &BrokerClient) -> Option<String> {
    let status = broker.status().await.ok()?;
    if status.store_fault.is_some() || status.store != "memory" {
        return status.store_fault;
    }
    let mut passed_over = status.passed_over.into_iter();
    // Under `auto` nobody misses what is not there.
    let missed = passed_over.find(|store| store.store == status.store_wanted || !store.is_absent);
    missed.map(|store| store.reason)
}

/// Where the broker could show no page, another browser can.
fn without_page(error: &azure_core::Error, arguments: &LoginArguments) -> Failure {
    let failure = broker_failure(error, None);
    let no_page = Error::find(error).is_some_and(|error| {
        error
            .to_string()
            .contains("the sign-in page cannot be shown")
    });
    match no_page {
        true => failure.with_further_hint(&format!("sign in with `{}`", by_hand(arguments))),
        false => failure,
    }
}

/// The options of a credential that asks the broker and nobody else.
///
/// # Errors
///
/// When the client ID is none.
pub(crate) fn options(
    application: ApplicationArguments,
) -> Result<InteractiveBrowserCredentialOptions, Failure> {
    if let Some(client_id) = &application.client_id {
        ClientId::typed(client_id).map_err(|error| Failure::of(Exit::WrongUsage, &error))?;
    }
    Ok(InteractiveBrowserCredentialOptions {
        client_id: application.client_id,
        tenant_id: application.tenant,
        authority_host: application.authority_host,
        broker: BrokerOptions {
            use_default_account: true,
            parent_window: ParentWindow::Console,
            without_broker: WithoutBroker::Fail,
            ..BrokerOptions::default()
        },
        ..InteractiveBrowserCredentialOptions::default()
    })
}
