mod cancelling;
mod deadlines;
mod options;

use crate::{
    AcquireOptions, Error, ErrorKind, InteractiveBrowserCredential,
    InteractiveBrowserCredentialOptions,
    test_broker::{STORAGE, VAULT, with_default_account},
    test_cloud::{Setting, within},
};
use azbroker_emulator::{
    Behavior, Fault, Target, World,
    default_world::{ADA, SECRET_NAME, SECRET_VALUE, TENANT_ID, VAULT_URL},
};
use azure_core::{
    credentials::{AccessToken, TokenCredential},
    time::Duration,
};
use azure_security_keyvault_secrets::{SecretClient, SecretClientOptions};

fn failed(result: azure_core::Result<AccessToken>) -> Error {
    let error = result.unwrap_err();
    Error::find(&error).unwrap().clone()
}

#[tokio::test]
async fn the_user_signs_in_once_and_other_scopes_are_silent() {
    let setting = Setting::with(Behavior::Complete).await;
    let credential = setting.credential(with_default_account());
    for scope in [VAULT, VAULT, STORAGE] {
        credential.get_token(&[scope], None).await.unwrap();
    }
    assert_eq!(setting.visits(), 1);
    assert_eq!(setting.emulator.ledger().token_requests(), 2);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_broker_that_comes_up_later_does_not_make_the_user_sign_in_again() {
    let name = format!("azbroker-test-{}", azure_core::Uuid::new_v4());
    let setting = Setting::with(Behavior::Complete).await;
    let bus = format!("unix:abstract={name}");
    let credential = setting.credential_on(bus, with_default_account());
    credential.get_token(&[VAULT], None).await.unwrap();
    // Whoever asked this bus would wait for an answer that never comes.
    let listener = crate::test_broker::listen(&name);
    tokio::select! {
        result = credential.get_token(&[STORAGE], None) => assert!(result.is_ok()),
        _ = listener.accept() => panic!("the broker was asked"),
    }
    assert_eq!(setting.visits(), 1);
}

#[tokio::test]
async fn a_secret_of_a_vault_is_read() {
    let setting = Setting::with(Behavior::Complete).await;
    let credential = setting.credential(with_default_account());
    let mut options = SecretClientOptions::default();
    options.client_options.transport = Some(setting.transport());
    let client = SecretClient::new(VAULT_URL, credential, Some(options)).unwrap();
    let secret = client.get_secret(SECRET_NAME, None).await.unwrap();
    let secret = secret.into_model().unwrap();
    assert_eq!(secret.value.as_deref(), Some(SECRET_VALUE));
}

#[tokio::test]
async fn our_error_is_found_in_that_of_a_service_client() {
    let setting = Setting::with(Behavior::Decline).await;
    let credential = setting.credential(with_default_account());
    let mut options = SecretClientOptions::default();
    options.client_options.transport = Some(setting.transport());
    let client = SecretClient::new(VAULT_URL, credential, Some(options)).unwrap();
    let error = client.get_secret(SECRET_NAME, None).await.unwrap_err();
    assert_eq!(Error::find(&error).unwrap().kind(), ErrorKind::Canceled);
}

#[tokio::test]
async fn a_sign_in_gives_the_record_of_who_signed_in() {
    let setting = Setting::with(Behavior::Complete).await;
    let credential = setting.credential(InteractiveBrowserCredentialOptions {
        login_hint: Some(ADA.to_owned()),
        ..Default::default()
    });
    let record = credential.authenticate(&[VAULT], None).await.unwrap();
    assert_eq!(record.username(), ADA);
    assert_eq!(record.tenant_id(), TENANT_ID);
    assert_eq!(record.authority(), "login.microsoftonline.com");
    credential.get_token(&[VAULT], None).await.unwrap();
    assert_eq!(setting.emulator.ledger().token_requests(), 1);
}

#[tokio::test]
async fn a_revoked_sign_in_is_made_anew() {
    let setting = Setting::with(Behavior::Complete).await;
    let credential = setting.credential(with_default_account());
    credential.get_token(&[VAULT], None).await.unwrap();
    setting.emulator.faults().revoke_refresh_tokens(ADA);
    credential.get_token(&[STORAGE], None).await.unwrap();
    assert_eq!(setting.visits(), 2);
}

#[tokio::test]
async fn a_user_who_declines_is_asked_no_second_time() {
    let setting = Setting::with(Behavior::Decline).await;
    let credential = setting.credential(with_default_account());
    let error = failed(credential.get_token(&[VAULT], None).await);
    assert_eq!(error.kind(), ErrorKind::Canceled);
    assert_eq!(setting.visits(), 1);
}

fn refusal(aadsts: u32, claims: Option<&str>) -> Fault {
    Fault::Oauth {
        error: "interaction_required".to_owned(),
        aadsts,
        suberror: None,
        claims: claims.map(str::to_owned),
    }
}

#[tokio::test]
async fn a_refusal_keeps_its_number_and_asks_nobody() {
    let setting = Setting::with(Behavior::Complete).await;
    let credential = setting.credential(with_default_account());
    credential.get_token(&[VAULT], None).await.unwrap();
    let faults = setting.emulator.faults();
    faults.next(1, Target::Token, refusal(53003, None));
    let error = failed(credential.get_token(&[STORAGE], None).await);
    assert_eq!(error.kind(), ErrorKind::Refused);
    assert_eq!(error.server_codes(), [53003]);
    assert_eq!(
        error.next_step(),
        Some("ask an administrator which policy applies")
    );
    assert_eq!(setting.visits(), 1);
}

#[tokio::test]
async fn claims_that_a_refusal_asks_for_are_in_the_sign_in_that_follows() {
    let setting = Setting::with(Behavior::Complete).await;
    let credential = setting.credential(with_default_account());
    credential.get_token(&[VAULT], None).await.unwrap();
    let claims = r#"{"access_token":{"acrs":{"essential":true,"value":"c1"}}}"#;
    let faults = setting.emulator.faults();
    faults.next(1, Target::Token, refusal(50076, Some(claims)));
    credential.get_token(&[STORAGE], None).await.unwrap();
    assert_eq!(setting.asked("claims"), [None, Some(claims.to_owned())]);
}

#[tokio::test]
async fn a_program_that_asks_its_user_by_itself_learns_the_claims_and_the_request_they_are_of() {
    let setting = Setting::with(Behavior::Complete).await;
    let credential = setting.credential(InteractiveBrowserCredentialOptions {
        disable_automatic_authentication: true,
        ..with_default_account()
    });
    credential.authenticate(&[VAULT], None).await.unwrap();
    let claims = r#"{"access_token":{"acrs":{"essential":true,"value":"c1"}}}"#;
    let faults = setting.emulator.faults();
    faults.next(1, Target::Token, refusal(50076, Some(claims)));
    let error = failed(credential.get_token(&[STORAGE], None).await);
    assert_eq!(error.kind(), ErrorKind::InteractionRequired);
    assert_eq!(error.server_codes(), [50076]);
    assert_eq!(error.claims(), Some(claims));
    assert!(!error.is_transient());
    let entries = setting.emulator.ledger().entries();
    let asked = entries.last().unwrap().client_request_id.clone();
    assert_eq!(error.correlation_id().map(|id| id.to_string()), asked);
    let options = AcquireOptions {
        claims: error.claims().map(str::to_owned),
        ..Default::default()
    };
    credential
        .authenticate(&[STORAGE], Some(options))
        .await
        .unwrap();
    assert_eq!(setting.asked("claims"), [None, Some(claims.to_owned())]);
}

#[tokio::test]
async fn a_cloud_that_cannot_serve_is_worth_another_try() {
    let setting = Setting::with(Behavior::Complete).await;
    let credential = setting.credential(with_default_account());
    credential.get_token(&[VAULT], None).await.unwrap();
    setting.emulator.faults().next(
        50,
        Target::Token,
        Fault::Status {
            code: 503,
            retry_after: None,
        },
    );
    let error = failed(credential.get_token(&[STORAGE], None).await);
    assert!(error.is_transient(), "{error:?}");
    assert_eq!(setting.visits(), 1);
}

/// The next token, as soon as it is another one than `old`.
async fn successor(credential: &InteractiveBrowserCredential, old: &str) -> String {
    let other = async {
        loop {
            let token = credential.get_token(&[VAULT], None).await.unwrap();
            if token.token.secret() != old {
                return token.token.secret().to_owned();
            }
            tokio::task::yield_now().await;
        }
    };
    within("other token", other).await
}

#[tokio::test]
async fn a_long_lived_token_is_refreshed_in_the_background_while_the_old_one_is_handed_out() {
    let world = World {
        access_token_lifetime_seconds: 24 * 60 * 60,
        ..World::default()
    };
    let setting = Setting::in_world(world, Behavior::Complete).await;
    let credential = setting.credential(with_default_account());
    let token = || async {
        let token = credential.get_token(&[VAULT], None).await.unwrap();
        token.token.secret().to_owned()
    };
    let first = token().await;
    setting.let_pass(Duration::hours(11));
    assert_eq!(token().await, first);
    assert_eq!(setting.emulator.ledger().token_requests(), 1);
    // Half of its life has passed: whoever asks still gets it at once, and the next one is on its way.
    setting.let_pass(Duration::hours(2));
    let faults = setting.emulator.faults();
    faults.next(
        1,
        Target::Token,
        Fault::Status {
            code: 400,
            retry_after: None,
        },
    );
    assert_eq!(token().await, first);
    let mut entries = setting.emulator.ledger().subscribe();
    while setting.emulator.ledger().token_requests() < 2 {
        entries.recv().await.unwrap();
    }
    // What failed is not tried again at once, and nobody learns of it.
    assert_eq!(token().await, first);
    assert_eq!(setting.emulator.ledger().token_requests(), 2);
    setting.let_pass(Duration::seconds(31));
    let second = successor(&credential, &first).await;
    assert_eq!(token().await, second);
    assert_eq!(setting.emulator.ledger().token_requests(), 3);
    assert_eq!(setting.visits(), 1);
}
