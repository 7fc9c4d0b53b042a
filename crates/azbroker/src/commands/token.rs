use super::{
    broker_failure::{broker_failure, login_command},
    login::options,
};
use crate::{
    arguments::{TokenArguments, TokenOutput},
    failure::Failure,
    output::line,
};
use azure_core::credentials::TokenCredential;
use azure_identity_broker::{InteractiveBrowserCredential, InteractiveBrowserCredentialOptions};
use std::process::ExitCode;

/// Prints an access token, and nothing else, on standard output.
pub(crate) async fn run(arguments: TokenArguments) -> Result<ExitCode, Failure> {
    let login = login_command(
        &arguments.application,
        arguments.username.as_deref(),
        &arguments.scope,
    );
    let options = InteractiveBrowserCredentialOptions {
        login_hint: arguments.username,
        disable_automatic_authentication: !arguments.interactive,
        ..options(arguments.application)?
    };
    let credential = InteractiveBrowserCredential::new(Some(options))
        .map_err(|error| broker_failure(&error, Some(&login)))?;
    let scopes: Vec<_> = arguments.scope.iter().map(String::as_str).collect();
    let token = credential
        .get_token(&scopes, None)
        .await
        .map_err(|error| broker_failure(&error, Some(&login)))?;
    match arguments.output {
        TokenOutput::Token => line(token.token.secret())?,
        TokenOutput::Json => line(serde_json::json!({
            "token": token.token.secret(),
            "expires_on": token.expires_on.unix_timestamp(),
        }))?,
    }
    Ok(ExitCode::SUCCESS)
}
