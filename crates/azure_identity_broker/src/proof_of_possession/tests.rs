use super::*;
use crate::{
    AcquireOptions, BrokerOptions, DeveloperCredential, DeviceCodeCredential,
    InteractiveBrowserCredential, InteractiveBrowserCredentialOptions,
    backend::Show,
    test_broker::{ADA, Instead, TestBroker, VAULT, with_default_account},
    test_cloud::{NO_BUS, Setting},
};
use azbroker_emulator::Behavior;
use azbroker_protocol::{TokenResponse, WireSecret};
use azure_core::{
    credentials::{TokenCredential, TokenRequestOptions},
    http::{ClientMethodOptions, Context},
};
use std::sync::Arc;

fn asked(url: &str) -> AcquireOptions {
    AcquireOptions {
        proof_of_possession: Some(ProofOfPossession {
            nonce: Some("a-nonce".to_owned()),
            ..ProofOfPossession::new(Method::Get, Url::parse(url).unwrap())
        }),
        ..Default::default()
    }
}

const URL: &str = "https://demo.vault.azure.net:8443/secrets/MySecret?api-version=7.4";

fn kind(error: &azure_core::Error) -> ErrorKind {
    Error::find(error).unwrap().kind()
}

#[tokio::test]
async fn each_request_gets_a_token_of_its_own_and_bearer_tokens_stay_what_they_are() {
    let broker = TestBroker::holding(&[ADA]).await;
    let credential = broker.credential(with_default_account());
    let bearer = credential.get_token(&[VAULT], None).await.unwrap();
    let mut proofs = Vec::new();
    for _ in 0..2 {
        let token = credential.acquire_token(&[VAULT], asked(URL)).await;
        proofs.push(token.unwrap().token.secret().to_owned());
    }
    assert_ne!(proofs[0], proofs[1], "a proof is used once");
    let again = credential.get_token(&[VAULT], None).await.unwrap();
    assert_eq!(again.token.secret(), bearer.token.secret());
    let calls = broker.calls();
    assert_eq!(calls.len(), 3);
    let parameters = |index: usize| calls[index].request().auth_parameters.pop_params;
    assert_eq!(parameters(0), None);
    assert_eq!(
        parameters(1),
        Some(PopParameters {
            http_method: "GET".to_owned(),
            uri_host: "demo.vault.azure.net:8443".to_owned(),
            uri_path: "/secrets/MySecret".to_owned(),
            nonce: "a-nonce".to_owned(),
            ..Default::default()
        })
    );
}

#[tokio::test]
async fn a_proof_is_asked_for_through_the_context_of_a_request() {
    let broker = TestBroker::holding(&[ADA]).await;
    let credential: Arc<dyn TokenCredential> = broker.credential(with_default_account());
    let request = TokenRequestOptions {
        method_options: ClientMethodOptions {
            context: Context::new().with_value(asked(URL)),
        },
    };
    credential.get_token(&[VAULT], Some(request)).await.unwrap();
    let parameters = broker.calls()[0].request().auth_parameters;
    assert_eq!(parameters.pop_params.unwrap().http_method, "GET");
}

#[tokio::test]
async fn a_bearer_token_in_the_place_of_a_proof_is_refused() {
    let broker = TestBroker::holding(&[ADA]).await;
    let bearer = TokenResponse::bearer(WireSecret::new("t"), 1_795_438_800);
    broker.instead(Instead::Reply(bearer.to_json()));
    let credential = broker.credential(with_default_account());
    let result = credential.acquire_token(&[VAULT], asked(URL)).await;
    assert_eq!(kind(&result.unwrap_err()), ErrorKind::Malformed);
}

#[tokio::test]
async fn what_cannot_be_signed_is_named_before_anybody_is_asked() {
    let broker = TestBroker::holding(&[ADA]).await;
    let credential = broker.credential(with_default_account());
    let mut wrong_nonce = asked(URL);
    let proof = wrong_nonce.proof_of_possession.as_mut().unwrap();
    proof.nonce = Some("two words".to_owned());
    for options in [asked("data:,x"), asked("ftp://files.example/"), wrong_nonce] {
        let result = credential.acquire_token(&[VAULT], options).await;
        assert_eq!(kind(&result.unwrap_err()), ErrorKind::InvalidRequest);
    }
    assert!(broker.calls().is_empty());
}

#[tokio::test]
async fn without_a_broker_nobody_signs_in_for_a_proof_and_the_error_says_what_is_missing() {
    let setting = Setting::with(Behavior::Complete).await;
    let without = InteractiveBrowserCredentialOptions {
        broker: BrokerOptions {
            enabled: false,
            ..Default::default()
        },
        ..Default::default()
    };
    let show = Show(Arc::new(|_| panic!("nobody enters a code for it")));
    let environment = setting.environment(NO_BUS.to_owned());
    let device = DeviceCodeCredential::in_environment(show, Default::default(), environment);
    let (browser, else_browser): (Arc<InteractiveBrowserCredential>, _) = (
        setting.credential(without),
        setting.credential(with_default_account()),
    );
    for result in [
        browser.acquire_token(&[VAULT], asked(URL)).await,
        else_browser.acquire_token(&[VAULT], asked(URL)).await,
        device.unwrap().acquire_token(&[VAULT], asked(URL)).await,
    ] {
        let error = result.unwrap_err();
        let error = Error::find(&error).unwrap();
        assert_eq!(error.kind(), ErrorKind::BrokerMissing);
        assert_eq!(
            error.to_string(),
            "a proof of possession needs a broker, and none serves this credential"
        );
        assert!(error.next_step().unwrap().contains("start a broker"));
    }
    assert_eq!(setting.visits(), 0);
}

#[tokio::test]
async fn no_command_line_answers_for_a_proof() {
    let setting = Setting::with(Behavior::Complete).await;
    let environment = crate::environment::Environment {
        token_credentials: Some("AzureCliCredential".to_owned()),
        ..setting.environment(NO_BUS.to_owned())
    };
    // Its executor would fail the test in another way: it is never run.
    let credential = DeveloperCredential::in_environment(Default::default(), environment).unwrap();
    let error = credential
        .acquire_token(&[VAULT], asked(URL))
        .await
        .unwrap_err();
    let error = Error::find(&error).unwrap();
    assert_eq!(error.kind(), ErrorKind::BrokerMissing);
    assert!(
        error
            .to_string()
            .contains("a proof of possession needs a broker")
    );
}
