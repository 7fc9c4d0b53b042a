use super::*;
use crate::{
    BrokerOptions, ErrorKind,
    backend::Bus,
    test_broker::{ADA, Instead, TestBroker, VAULT, with_default_account},
};
use azbroker_entra::{ManualClock, NoPrompt};
use azbroker_protocol::{ErrorReply, Status};
use std::error::Error as StdError;

type Options = InteractiveBrowserCredentialOptions;

/// The texts of an error and its causes, and what to do.
fn told(error: &azure_core::Error) -> (Vec<String>, String) {
    let mut chain = vec![error.to_string()];
    let mut source = StdError::source(error);
    while let Some(cause) = source {
        chain.push(cause.to_string());
        source = cause.source();
    }
    for (index, text) in chain.iter().enumerate() {
        for (other_index, other) in chain.iter().enumerate() {
            assert!(
                index == other_index || !text.contains(other.as_str()),
                "said twice: {chain:?}"
            );
        }
    }
    for text in &chain {
        assert!(text.chars().next().is_some_and(|c| !c.is_whitespace()));
        assert!(!text.ends_with('.'), "{text}");
    }
    let hint = Error::find(error).and_then(Error::next_step);
    (chain, hint.unwrap_or_default().to_owned())
}

fn without_bus() -> Environment {
    Environment {
        authority_host: None,
        bus: Bus::At("unix:path=/nonexistent/bus".to_owned()),
        browser: Arc::new(NoPrompt),
        clock: Arc::new(ManualClock::new(crate::test_broker::noon())),
    }
}

#[test]
fn wrong_options_are_named_at_once() {
    let some = |text: &str| Some(text.to_owned());
    for (options, message) in [
        (
            Options {
                tenant_id: some("two words"),
                ..Default::default()
            },
            "'two words' is no tenant: give a tenant ID, a domain name, 'organizations', 'common' or 'consumers'",
        ),
        (
            Options {
                client_id: some(""),
                ..Default::default()
            },
            "'' is no client ID: copy the application (client) ID from the app registration",
        ),
        (
            Options {
                authority_host: some("http://login.example"),
                ..Default::default()
            },
            "authority 'http://login.example' is not HTTPS: write it with https://",
        ),
        (
            Options {
                login_hint: some(" "),
                ..Default::default()
            },
            "the login hint is no username such as ada@contoso.example",
        ),
    ] {
        let error =
            InteractiveBrowserCredential::in_environment(options, without_bus()).unwrap_err();
        assert_eq!(
            told(&error).0,
            [
                "the credential cannot be made: it was not asked for in a way that can work",
                message
            ]
        );
        assert_eq!(
            Error::find(&error).unwrap().kind(),
            ErrorKind::InvalidRequest
        );
    }
}

#[test]
fn a_credential_needs_no_runtime_to_be_made() {
    let credential = InteractiveBrowserCredential::new(None).unwrap();
    let _: Arc<dyn TokenCredential> = credential;
}

#[tokio::test]
async fn wrong_scopes_are_named_before_anybody_is_asked() {
    let broker = TestBroker::holding(&[ADA]).await;
    let credential = broker.credential(with_default_account());
    for scopes in [&[][..], &["two words"], &[""]] {
        let error = credential.get_token(scopes, None).await.unwrap_err();
        assert_eq!(
            Error::find(&error).unwrap().kind(),
            ErrorKind::InvalidRequest
        );
        told(&error);
    }
    let options = AuthenticateOptions {
        claims: Some("no json".to_owned()),
    };
    let error = credential
        .authenticate(&[VAULT], Some(options))
        .await
        .unwrap_err();
    assert_eq!(
        told(&error).0,
        [
            "no token for https://vault.azure.net/.default: it was not asked for in a way that can work",
            "the claims are no JSON object: hand on the challenge of the service as it came"
        ]
    );
    assert!(broker.calls().is_empty());
}

const CLIENT: &str = "https://vault.azure.net/.default (client 04b07795-8ddb-461a-bbee-02f9e1bf7b46, tenant organizations)";

#[tokio::test]
async fn every_kind_of_failure_says_what_is_wrong_and_what_to_do() {
    let reply = |status, code, context: &str| {
        Instead::Reply(ErrorReply::with_code(status, context, code).to_json())
    };
    for (instead, ending, cause, hint) in [
        (
            reply(Status::UserCanceled, 0, "the user closed the sign-in"),
            "the sign-in was given up",
            "the user closed the sign-in",
            "sign in again and finish it",
        ),
        (
            reply(
                Status::AuthorityUntrusted,
                0,
                "login.evil.example is not known; check the authority",
            ),
            "it was not asked for in a way that can work",
            "login.evil.example is not known",
            "check the authority",
        ),
        (
            reply(
                Status::Unexpected,
                53003,
                "Entra ID refused: a policy blocks it (AADSTS53003); ask an administrator",
            ),
            "it was refused",
            "Entra ID refused: a policy blocks it (AADSTS53003)",
            "ask an administrator",
        ),
        (
            reply(Status::NoNetwork, 0, "there is no network"),
            "it failed for now",
            "there is no network",
            "connect to the network, then try again",
        ),
        (
            Instead::Reply("{}".to_owned()),
            "an answer made no sense",
            "the broker's answer cannot be understood",
            "report it to whoever provides the broker",
        ),
    ] {
        let broker = TestBroker::holding(&[]).await;
        broker.instead(instead);
        let credential = broker.credential(with_default_account());
        let error = credential.get_token(&[VAULT], None).await.unwrap_err();
        let (chain, told_hint) = told(&error);
        assert_eq!(chain[0], format!("no token for {CLIENT}: {ending}"));
        assert_eq!(chain[1], cause);
        assert_eq!(told_hint, hint);
        let id = Error::find(&error).unwrap().correlation_id().unwrap();
        assert_eq!(id.to_string(), broker.calls()[0].correlation_id);
    }
}

#[tokio::test]
async fn a_sign_in_that_is_needed_is_told_with_the_account() {
    let broker = TestBroker::holding(&[]).await;
    let credential = broker.credential(Options {
        login_hint: Some(ADA.to_owned()),
        disable_automatic_authentication: true,
        ..Default::default()
    });
    let error = credential.get_token(&[VAULT], None).await.unwrap_err();
    let (chain, hint) = told(&error);
    assert_eq!(
        chain,
        [
            "no token for https://vault.azure.net/.default (client 04b07795-8ddb-461a-bbee-02f9e1bf7b46, tenant organizations, account ada@contoso.example): the user must sign in",
            "the credential may not ask the user by itself",
            "nobody is signed in"
        ]
    );
    assert_eq!(hint, "call `authenticate`, then try again");
}

#[tokio::test]
async fn without_a_broker_it_fails_where_that_is_wanted() {
    let options = Options {
        broker: BrokerOptions {
            without_broker: WithoutBroker::Fail,
            ..Default::default()
        },
        ..Default::default()
    };
    let credential = InteractiveBrowserCredential::in_environment(options, without_bus()).unwrap();
    let error = credential.get_token(&[VAULT], None).await.unwrap_err();
    let (chain, hint) = told(&error);
    assert_eq!(
        chain[0],
        format!("no token for {CLIENT}: no broker serves this machine")
    );
    assert_eq!(
        chain[1],
        "there is no session bus that a broker could be on"
    );
    assert_eq!(
        hint,
        "set DBUS_SESSION_BUS_ADDRESS, or let the credential use the system browser"
    );
}

#[tokio::test]
async fn without_broker_and_browser_it_says_how_to_name_one() {
    let credential =
        InteractiveBrowserCredential::in_environment(with_default_account(), without_bus())
            .unwrap();
    let error = credential.get_token(&[VAULT], None).await.unwrap_err();
    let (chain, hint) = told(&error);
    assert_eq!(
        chain[1..],
        [
            "the sign-in page cannot be shown",
            "nobody is there to sign in"
        ]
    );
    assert_eq!(
        hint,
        "set BROWSER to a command that opens a web page, or use a broker"
    );
}

#[tokio::test]
async fn nothing_shows_a_token() {
    let broker = TestBroker::holding(&[ADA]).await;
    let credential = broker.credential(with_default_account());
    let token = credential.get_token(&[VAULT], None).await.unwrap();
    let shown = format!("{credential:?} {:?} {token:?}", credential.flow);
    assert!(!shown.contains(token.token.secret()), "{shown}");
}
