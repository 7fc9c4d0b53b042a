mod recordings;

use super::*;
use crate::{
    test_broker::{ADA, BOB, Instead, TENANT, TestBroker, VAULT, account},
    token_request::WhichAccount,
};
use azbroker_entra::{Authority, Claims, Scopes};
use azbroker_protocol::{ErrorReply, Status};
use azure_core::base64::encode_url_safe;
use zbus::fdo;

fn request(account: WhichAccount) -> TokenRequest {
    TokenRequest {
        authority: Authority::public_cloud(),
        client_id: ClientId::azure_cli(),
        scopes: Scopes::parse([VAULT]).unwrap(),
        claims: None,
        enable_cae: false,
        proof: None,
        account,
        correlation_id: CorrelationId::new_v4(),
    }
}

fn backend_of(broker: &TestBroker) -> DbusBackend {
    DbusBackend::new(
        Bus::Given(broker.connection.clone()),
        BrokerManner::default(),
    )
}

async fn silent_error(broker: &TestBroker) -> Error {
    backend_of(broker)
        .acquire_token_silently(&request(WhichAccount::Default))
        .await
        .unwrap_err()
}

#[tokio::test]
async fn personal_accounts_pass_through_where_the_application_says_so() {
    for msa_passthrough in [false, true] {
        let broker = TestBroker::holding(&[ADA]).await;
        let manner = BrokerManner {
            msa_passthrough,
            ..Default::default()
        };
        let backend = DbusBackend::new(Bus::Given(broker.connection.clone()), manner);
        let request = request(WhichAccount::Default);
        backend.acquire_token_silently(&request).await.unwrap();
        let window = ParentWindow::Console;
        let interactively = backend.acquire_token_interactively(&request, window);
        interactively.await.unwrap();
        for call in broker.calls() {
            let parameters = call.request().auth_parameters;
            let sent = parameters.additional_query_parameters_for_authorization;
            let expected = msa_passthrough.then(|| "consumer_passthrough".into());
            assert_eq!(sent.get("msal_request_type").cloned(), expected);
        }
    }
}

#[tokio::test]
async fn a_prompt_that_has_an_account_chosen_names_none_to_the_broker() {
    for (prompt, named) in [
        (PromptBehavior::Automatic, ADA),
        (PromptBehavior::Consent, ADA),
        (PromptBehavior::SelectAccount, ""),
        (PromptBehavior::Login, ""),
    ] {
        let broker = TestBroker::holding(&[ADA]).await;
        let manner = BrokerManner {
            prompt,
            ..Default::default()
        };
        let backend = DbusBackend::new(Bus::Given(broker.connection.clone()), manner);
        let request = request(WhichAccount::Hinted(ADA.to_owned()));
        backend.acquire_token_silently(&request).await.unwrap();
        let window = ParentWindow::Console;
        let interactively = backend.acquire_token_interactively(&request, window);
        interactively.await.unwrap();
        let asked = |index: usize| broker.calls()[index].request().auth_parameters.username;
        assert_eq!(
            (asked(0).as_str(), asked(1).as_str()),
            (ADA, named),
            "{prompt:?}"
        );
    }
}

#[tokio::test]
async fn a_known_account_travels_whole() {
    let broker = TestBroker::holding(&[ADA, BOB]).await;
    let known = accounts::read(&account(BOB)).unwrap();
    let request = request(WhichAccount::Known(Box::new(known)));
    let acquired = backend_of(&broker)
        .acquire_token_silently(&request)
        .await
        .unwrap();
    assert_eq!(acquired.token.token.secret(), "access-token-1");
    assert_eq!(acquired.account.unwrap().username, BOB);
    let call = &broker.calls()[0];
    assert_eq!(call.correlation_id, request.correlation_id.to_string());
    let sent = call.request().auth_parameters;
    assert_eq!(
        sent.authority,
        "https://login.microsoftonline.com/organizations"
    );
    assert_eq!(sent.requested_scopes, [VAULT]);
    assert_eq!(sent.authorization_type, 1);
    assert_eq!(sent.username, BOB);
    assert!(!sent.is_sign_in);
    assert!(sent.parent_window.is_none());
    let sent = sent.account.unwrap();
    assert_eq!(sent.realm, TENANT);
    assert_eq!(sent.home_account_id, account(BOB).home_account_id);
    assert!(!sent.client_info.is_empty());
}

#[tokio::test]
async fn a_sign_in_carries_hint_window_and_claims() {
    let broker = TestBroker::holding(&[]).await;
    let mut request = request(WhichAccount::Hinted(ADA.to_owned()));
    request.claims = Some(Claims::parse(r#"{"access_token":{}}"#).unwrap());
    backend_of(&broker)
        .acquire_token_interactively(&request, ParentWindow::X11(0x2a0_0007))
        .await
        .unwrap();
    let call = &broker.calls()[0];
    assert_eq!(call.request().parent_window_handle, Some(0x2a0_0007));
    let sent = call.request().auth_parameters;
    assert_eq!(sent.authorization_type, 6);
    assert_eq!(sent.parent_window.unwrap().handle, 0x2a0_0007);
    assert_eq!(sent.username, ADA);
    assert!(sent.account.is_none() && sent.is_sign_in);
    assert_eq!(sent.decoded_claims, r#"{"access_token":{}}"#);
}

#[tokio::test]
async fn every_status_says_who_must_act() {
    use ErrorKind::*;
    let kinds = [
        Malformed,
        Malformed,
        InteractionRequired,
        Unavailable,
        Unavailable,
        Unavailable,
        InvalidRequest,
        Canceled,
        Canceled,
        InvalidRequest,
        Malformed,
        InvalidRequest,
        InteractionRequired,
        InteractionRequired,
        Refused,
        Unavailable,
        InteractionRequired,
        Refused,
        Malformed,
        InteractionRequired,
        BrokerMissing,
        BrokerMissing,
        Malformed,
    ];
    let broker = TestBroker::holding(&[]).await;
    for (number, kind) in (0..).zip(kinds) {
        let status = Status::from_number(number);
        broker.instead(Instead::Reply(
            ErrorReply::new(status, "The broker's\nsentence.").to_json(),
        ));
        let error = silent_error(&broker).await;
        assert_eq!(error.kind(), kind, "{status}");
        assert_eq!(error.to_string(), "The broker's sentence");
        assert!(error.server_codes().is_empty());
    }
}

#[tokio::test]
async fn a_refusal_of_entra_id_keeps_its_number_and_what_to_do() {
    let broker = TestBroker::holding(&[]).await;
    let context = "Entra ID refused: the account is disabled (AADSTS50057); ask an administrator";
    let reply = ErrorReply::with_code(Status::Unexpected, context, 50057).to_json();
    broker.instead(Instead::Reply(reply));
    let error = silent_error(&broker).await;
    assert_eq!(error.kind(), ErrorKind::Refused);
    assert_eq!(error.server_codes(), [50057]);
    assert_eq!(
        error.to_string(),
        "Entra ID refused: the account is disabled (AADSTS50057)"
    );
    assert_eq!(error.next_step(), Some("ask an administrator"));
}

#[tokio::test]
async fn an_account_that_is_unusable_even_after_a_sign_in_is_refused() {
    let broker = TestBroker::holding(&[]).await;
    broker.fail(Status::AccountUnusable);
    let error = backend_of(&broker)
        .acquire_token_interactively(&request(WhichAccount::Default), ParentWindow::Console)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
}

#[tokio::test]
async fn malformed_answers_are_named_and_never_quoted() {
    let broker = TestBroker::holding(&[]).await;
    for json in [
        "",
        "null",
        "[]",
        "{}",
        r#"{"brokerTokenResponse":null}"#,
        r#"{"brokerTokenResponse":{"accessToken":"s3cret","expiresOn":1}}"#,
        r#"{"brokerTokenResponse":{"accessToken":"s3cret","accessTokenType":0}}"#,
        r#"{"brokerTokenResponse":{"accessToken":["s3cret"],"accessTokenType":0,"expiresOn":1}}"#,
        r#"{"brokerTokenResponse":{"accessToken":"","accessTokenType":0,"expiresOn":1}}"#,
        r#"{"brokerTokenResponse":{"accessToken":"s3cret","accessTokenType":1,"expiresOn":1}}"#,
        r#"{"brokerTokenResponse":{"accessToken":"s3cret","accessTokenType":0,"expiresOn":9e18}}"#,
        r#"{"brokerTokenResponse":{"accessToken":"s3cret","accessTokenType":0,"expiresOn":9223372036854775807}}"#,
        r#"{"error":{"context":"x"}}"#,
        r#"{"brokerTokenResponse":"s3cret"#,
    ] {
        broker.instead(Instead::Reply(json.to_owned()));
        let error = silent_error(&broker).await;
        assert_eq!(error.kind(), ErrorKind::Malformed, "{json}");
        assert!(
            !format!("{error} {error:?}").contains("s3cret"),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn who_signed_in_is_read_from_the_id_token_where_no_account_stands_beside_it() {
    let broker = TestBroker::holding(&[]).await;
    let claims = format!(
        r#"{{"oid":"aaaa","tid":"{TENANT}","preferred_username":"{ADA}","iss":"https://login.microsoftonline.us/{TENANT}/v2.0"}}"#
    );
    let client_info = encode_url_safe(format!(r#"{{"uid":"aaaa","utid":"{TENANT}"}}"#));
    broker.instead(Instead::Reply(format!(
        r#"{{"brokerTokenResponse":{{"accessToken":"t","accessTokenType":"0","expiresOn":"1795436514000",
            "idToken":"e30.{}.","clientInfo":"{client_info}"}}}}"#,
        encode_url_safe(claims)
    )));
    let request = request(WhichAccount::Default);
    let acquired = backend_of(&broker)
        .acquire_token_silently(&request)
        .await
        .unwrap();
    assert_eq!(acquired.token.expires_on.unix_timestamp(), 1_795_436_514);
    let account = acquired.account.unwrap();
    assert_eq!(account.username, ADA);
    assert_eq!(account.environment, "login.microsoftonline.us");
    assert_eq!(account.home_account_id.as_str(), format!("aaaa.{TENANT}"));
}

#[tokio::test]
async fn errors_of_the_bus_are_told_apart() {
    use ErrorKind::*;
    let broker = TestBroker::holding(&[]).await;
    let text = || "Some words".to_owned();
    for (error, kind, message) in [
        (
            fdo::Error::ServiceUnknown(text()),
            BrokerMissing,
            "nobody offers com.microsoft.identity.broker1 on the session bus",
        ),
        (
            fdo::Error::NameHasNoOwner(text()),
            BrokerMissing,
            "nobody offers com.microsoft.identity.broker1 on the session bus",
        ),
        (
            fdo::Error::SpawnChildExited(text()),
            BrokerMissing,
            "the bus could not start com.microsoft.identity.broker1",
        ),
        (
            fdo::Error::NoReply(text()),
            Unavailable,
            "the broker went away while it was asked for acquireTokenSilently",
        ),
        (
            fdo::Error::Disconnected(text()),
            Unavailable,
            "the broker went away while it was asked for acquireTokenSilently",
        ),
        (
            fdo::Error::UnknownMethod(text()),
            Malformed,
            "the broker answered acquireTokenSilently with the D-Bus error org.freedesktop.DBus.Error.UnknownMethod",
        ),
    ] {
        broker.instead(Instead::Fail(error));
        let error = silent_error(&broker).await;
        assert_eq!((error.kind(), error.to_string().as_str()), (kind, message));
        assert!(error.next_step().is_some());
    }
}

#[tokio::test]
async fn a_broker_that_leaves_in_mid_call_is_worth_another_try() {
    let broker = TestBroker::holding(&[ADA]).await;
    broker.instead(Instead::DropConnection);
    let error = silent_error(&broker).await;
    assert!(error.is_transient());
    assert_eq!(
        error.to_string(),
        "the broker went away while it was asked for acquireTokenSilently"
    );
    assert_eq!(error.next_step(), Some("try again"));
}

#[tokio::test]
async fn without_a_bus_there_is_no_broker() {
    let backend = DbusBackend::new(
        Bus::At("unix:path=/nonexistent/bus".to_owned()),
        BrokerManner::default(),
    );
    let error = backend.version().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BrokerMissing);
    assert_eq!(error.to_string(), "there is no session bus for a broker");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn one_connection_is_kept_and_made_again_when_it_was_lost() {
    let name = format!("azbroker-test-{}", CorrelationId::new_v4());
    let listener = crate::test_broker::listen(&name);
    let broker = TestBroker::holding(&[]).await;
    let accept = async || broker.serve(listener.accept().await.unwrap().0).await;

    let backend = DbusBackend::new(
        Bus::At(format!("unix:abstract={name}")),
        BrokerManner::default(),
    );
    let (version, server) = tokio::join!(backend.version(), accept());
    assert_eq!(version.unwrap(), "1.2.3");
    // Nobody accepts a second connection here.
    assert_eq!(backend.version().await.unwrap(), "1.2.3");

    server.close().await.unwrap();
    let again = async {
        // The loss may be noticed by the call or before it.
        loop {
            match backend.version().await {
                Ok(version) => break version,
                Err(error) => assert!(error.is_transient(), "{error:?}"),
            }
        }
    };
    let both = async { tokio::join!(again, accept()) };
    let limit = std::time::Duration::from_secs(30);
    let (version, _server) = tokio::time::timeout(limit, both).await.unwrap();
    assert_eq!(version, "1.2.3");
}

#[tokio::test]
async fn a_dropped_sign_in_sends_nothing_more() {
    let broker = TestBroker::holding(&[]).await;
    broker.hold();
    let backend = backend_of(&broker);
    let request = request(WhichAccount::Default);
    tokio::select! {
        _ = backend.acquire_token_interactively(&request, ParentWindow::Console) => unreachable!(),
        () = broker.called() => {}
    }
    broker.let_through(2);
    backend.version().await.unwrap();
    assert_eq!(
        broker.methods(),
        ["acquireTokenInteractively", "getLinuxBrokerVersion"]
    );
}

#[test]
fn a_call_without_an_answer_says_how_long_was_waited() {
    let error = failure::of_time(Method::AcquireTokenSilently, SILENT_LIMIT);
    assert!(error.is_transient());
    assert_eq!(
        error.to_string(),
        "the broker did not answer acquireTokenSilently within 60 s"
    );
}
