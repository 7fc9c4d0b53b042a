//! What users read: the line that the chain of an error makes, and what to do.

use super::*;
use crate::{
    BrokerOptions, Error, ErrorKind,
    backend::Bus,
    environment::{Environment, MultiTenant},
    test_broker::{ADA, Instead, TestBroker, VAULT, with_default_account},
};
use azbroker_entra::{ManualClock, NoPrompt};
use azbroker_protocol::{ErrorReply, Status};
use std::error::Error as StdError;
use zbus::fdo;

type Options = InteractiveBrowserCredentialOptions;

/// The chain joined with `": "`, and what to do.
fn told(error: &azure_core::Error) -> (String, String) {
    let mut chain = vec![error.to_string()];
    let mut source = StdError::source(error);
    while let Some(cause) = source {
        chain.push(cause.to_string());
        source = cause.source();
    }
    for (index, text) in chain.iter().enumerate() {
        let mut others = chain
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != index);
        assert!(
            !others.any(|(_, other)| text.contains(other.as_str())),
            "said twice: {chain:?}"
        );
        assert!(!text.is_empty() && text.trim() == text && !text.contains('\n'));
        assert!(!text.ends_with('.'), "{text}");
    }
    let error = Error::find(error).unwrap();
    let hint = error.next_step().unwrap_or_default();
    (chain.join(": "), hint.to_owned())
}

fn without_bus() -> Environment {
    Environment {
        authority_host: None,
        multi_tenant: MultiTenant::Enabled,
        token_credentials: None,
        home: None,
        #[cfg(feature = "persistence")]
        keyring: crate::environment::Keyring::Missing,
        #[cfg(feature = "persistence")]
        cache_folder: None,
        bus: Bus::At("unix:path=/nonexistent/bus".to_owned()),
        browser: Arc::new(NoPrompt),
        clock: Arc::new(ManualClock::new(crate::test_broker::noon())),
    }
}

fn only_broker() -> Options {
    Options {
        broker: BrokerOptions {
            use_default_account: true,
            without_broker: WithoutBroker::Fail,
            ..Default::default()
        },
        ..Default::default()
    }
}

fn silent() -> Options {
    Options {
        disable_automatic_authentication: true,
        ..only_broker()
    }
}

fn reply(status: Status, code: i64, context: &str) -> Instead {
    Instead::Reply(ErrorReply::with_code(status, context, code).to_json())
}

const NO_TOKEN: &str = "no token for https://vault.azure.net/.default (client 04b07795-8ddb-461a-bbee-02f9e1bf7b46, tenant organizations)";

#[test]
fn wrong_options_are_named_at_once() {
    let some = |text: &str| Some(text.to_owned());
    for (options, line) in [
        (
            Options {
                tenant_id: some("two words"),
                ..Default::default()
            },
            "the credential cannot be made: 'two words' is no tenant: give a tenant ID, a domain name, 'organizations', 'common' or 'consumers'",
        ),
        (
            Options {
                client_id: some(""),
                ..Default::default()
            },
            "the credential cannot be made: '' is no client ID: copy the application (client) ID from the app registration",
        ),
        (
            Options {
                authority_host: some("http://login.example"),
                ..Default::default()
            },
            "the credential cannot be made: authority 'http://login.example' is not HTTPS: write it with https://",
        ),
        (
            Options {
                login_hint: some(" "),
                ..Default::default()
            },
            "the credential cannot be made: the login hint is no username such as ada@contoso.example",
        ),
    ] {
        let error =
            InteractiveBrowserCredential::in_environment(options, without_bus()).unwrap_err();
        assert_eq!(told(&error).0, line);
        let kind = Error::find(&error).unwrap().kind();
        assert_eq!(kind, ErrorKind::InvalidRequest);
    }
}

#[tokio::test]
async fn wrong_scopes_and_claims_are_named_once() {
    let broker = TestBroker::holding(&[ADA]).await;
    let credential = broker.credential(with_default_account());
    for (scopes, line) in [
        (
            &[][..],
            "no token: no scope was asked for: name one, such as https://vault.azure.net/.default",
        ),
        (
            &[""],
            "no token: a scope is empty: name one, such as https://vault.azure.net/.default",
        ),
        (
            &[VAULT, " \t"],
            "no token: a scope is empty: name one, such as https://vault.azure.net/.default",
        ),
        (
            &["two words"],
            "no token: scope 'two words' has white space in it: name each scope by itself",
        ),
    ] {
        let error = credential.get_token(scopes, None).await.unwrap_err();
        assert_eq!(told(&error), (line.to_owned(), String::new()));
    }
    let options = AcquireOptions {
        claims: Some("no json".to_owned()),
        ..Default::default()
    };
    let signed_in = credential.authenticate(&[VAULT], Some(options)).await;
    assert_eq!(
        told(&signed_in.unwrap_err()).0,
        "no sign-in for https://vault.azure.net/.default (client 04b07795-8ddb-461a-bbee-02f9e1bf7b46, tenant organizations): the claims are no JSON object: hand on the challenge of the service as it came"
    );
    assert!(broker.calls().is_empty());
}

#[tokio::test]
async fn every_failure_of_a_broker_is_one_line_and_a_next_step() {
    use ErrorKind::*;
    const POLICY: &str = "Entra ID refused: the tenant's policy wants a compliant device (AADSTS53000); use a device that your organisation manages";
    const PAGE: &str = "the sign-in page cannot be shown: nobody is there to sign in";
    for (options, instead, kind, why, next_step) in [
        (
            silent(),
            reply(
                Status::InteractionRequired,
                0,
                "no account is signed in to this broker; sign in",
            ),
            InteractionRequired,
            "no account is signed in to this broker",
            "sign in; a program calls `authenticate`",
        ),
        (
            silent(),
            reply(Status::InteractionRequired, 53000, POLICY),
            InteractionRequired,
            "Entra ID refused: the tenant's policy wants a compliant device (AADSTS53000)",
            "use a device that your organisation manages",
        ),
        (
            Options::default(),
            reply(Status::AccountUnusable, 53000, POLICY),
            Refused,
            "Entra ID refused: the tenant's policy wants a compliant device (AADSTS53000)",
            "use a device that your organisation manages",
        ),
        (
            Options::default(),
            reply(Status::InteractionRequired, 0, PAGE),
            InteractionRequired,
            PAGE,
            "name a command that opens a web page in BROWSER where the broker runs, or in the broker's settings, then sign in again",
        ),
        (
            Options::default(),
            reply(Status::UserCanceled, 0, "the user declined"),
            Canceled,
            "the user declined",
            "sign in again and finish it",
        ),
        (
            only_broker(),
            reply(
                Status::AuthorityUntrusted,
                0,
                "login.evil.example is not known; check the authority",
            ),
            InvalidRequest,
            "login.evil.example is not known",
            "check the authority",
        ),
        (
            only_broker(),
            reply(
                Status::IncorrectConfiguration,
                0,
                "the application is not known",
            ),
            InvalidRequest,
            "the application is not known",
            "check the client ID, the tenant and the scope",
        ),
        (
            only_broker(),
            reply(
                Status::ServerTemporarilyUnavailable,
                0,
                "login.microsoftonline.com cannot serve for now (HTTP 503); try again later",
            ),
            Unavailable,
            "login.microsoftonline.com cannot serve for now (HTTP 503)",
            "try again later",
        ),
        (
            only_broker(),
            reply(Status::NoNetwork, 0, "there is no network"),
            Unavailable,
            "there is no network",
            "connect to the network, then try again",
        ),
        (
            only_broker(),
            Instead::Fail(fdo::Error::NoReply(
                "Recipient disconnected without replying.".to_owned(),
            )),
            Unavailable,
            "the broker went away while it was asked for acquireTokenSilently: Recipient disconnected without replying",
            "try again",
        ),
        (
            only_broker(),
            Instead::Fail(fdo::Error::ServiceUnknown(
                "The name is not known.".to_owned(),
            )),
            BrokerMissing,
            "nobody offers com.microsoft.identity.broker1 on the session bus",
            "start a broker, as with `azbroker serve`, or let the credential use the system browser",
        ),
        (
            only_broker(),
            reply(Status::FallbackToNativeMsal, 0, ""),
            BrokerMissing,
            "the broker answered FallbackToNativeMsal and gave no reason",
            "use another broker, or let the credential use the system browser",
        ),
        (
            only_broker(),
            Instead::Reply("{}".to_owned()),
            Malformed,
            "the broker's answer cannot be understood: malformed token reply: there is neither token nor error in it",
            "report it to whoever provides the broker",
        ),
    ] {
        let broker = TestBroker::holding(&[]).await;
        broker.instead(instead);
        let credential = broker.credential(options);
        let error = credential.get_token(&[VAULT], None).await.unwrap_err();
        let (line, hint) = told(&error);
        assert_eq!(line, format!("{NO_TOKEN}: {why}"));
        assert_eq!(hint, next_step, "{line}");
        let error = Error::find(&error).unwrap();
        assert_eq!(error.kind(), kind, "{line}");
        assert_eq!(
            error.is_signed_out(),
            why.starts_with("no account"),
            "{line}"
        );
        let id = error.correlation_id().unwrap().to_string();
        assert_eq!(id, broker.calls()[0].correlation_id);
    }
}

#[tokio::test]
async fn the_account_that_is_not_signed_in_is_named() {
    let broker = TestBroker::holding(&[]).await;
    let credential = broker.credential(Options {
        login_hint: Some(ADA.to_owned()),
        ..silent()
    });
    let error = credential.get_token(&[VAULT], None).await.unwrap_err();
    assert_eq!(
        told(&error).0,
        "no token for https://vault.azure.net/.default (client 04b07795-8ddb-461a-bbee-02f9e1bf7b46, tenant organizations, account ada@contoso.example): nobody is signed in"
    );
    assert!(Error::find(&error).unwrap().is_signed_out());
}

#[tokio::test]
async fn an_account_that_is_not_chosen_is_told_without_asking_anybody() {
    let broker = TestBroker::holding(&[ADA]).await;
    let credential = broker.credential(Options {
        disable_automatic_authentication: true,
        ..Default::default()
    });
    let error = credential.get_token(&[VAULT], None).await.unwrap_err();
    assert_eq!(
        told(&error).0,
        format!(
            "{NO_TOKEN}: no account is chosen yet, and the credential may not ask the user by itself"
        )
    );
    assert!(Error::find(&error).unwrap().is_signed_out());
    assert!(broker.calls().is_empty());
}

#[tokio::test]
async fn without_a_bus_or_a_browser_it_says_which_variable_to_set() {
    for (options, why, next_step) in [
        (
            only_broker(),
            "there is no session bus for a broker: Failed to connect to address `unix:path=/nonexistent/bus`: No such file or directory (os error 2)",
            "set DBUS_SESSION_BUS_ADDRESS, start the program below `dbus-run-session`, or let the credential use the system browser",
        ),
        (
            with_default_account(),
            "the sign-in page cannot be shown: nobody is there to sign in",
            "set BROWSER to a command that opens a web page, or use a broker",
        ),
    ] {
        let credential =
            InteractiveBrowserCredential::in_environment(options, without_bus()).unwrap();
        let error = credential.get_token(&[VAULT], None).await.unwrap_err();
        let (line, hint) = told(&error);
        assert_eq!(
            (line, hint.as_str()),
            (format!("{NO_TOKEN}: {why}"), next_step)
        );
    }
}
