use super::*;
use crate::{
    AcquireOptions, InteractiveBrowserCredential,
    test_broker::{VAULT, with_default_account},
    test_cloud::Setting,
};
use azbroker_emulator::{
    Behavior, Target,
    default_world::{ADA, SECRET_NAME, SECRET_VALUE, VAULT_URL},
};
use azure_core::{
    credentials::TokenCredential,
    http::{Method, Pipeline, Url, policies::auth::BearerTokenAuthorizationPolicy},
};
use azure_security_keyvault_secrets::{SecretClient, SecretClientOptions};

fn headers(challenge: &str) -> Headers {
    let mut headers = Headers::new();
    headers.insert(WWW_AUTHENTICATE, challenge.to_owned());
    headers
}

#[test]
fn claims_are_found_in_every_form_that_services_write() {
    let json = r#"{"access_token":{"nbf":{"essential":true,"value":"1?>"}}}"#;
    let encoded = base64::encode(json);
    for challenge in [
        format!(r#"Bearer realm="", error="insufficient_claims", claims="{encoded}""#),
        format!(r#"bearer Claims="{}""#, encoded.trim_end_matches('=')),
        format!(r#"Bearer claims={}"#, base64::encode_url_safe(json)),
        format!(r#"Basic realm="x", Bearer a="b, c", claims="{encoded}""#),
        format!(r#"PoP nonce="n", Bearer claims="{encoded}", error="e""#),
    ] {
        assert_eq!(
            claims_in(&headers(&challenge)).as_deref(),
            Some(json),
            "{challenge}"
        );
    }
}

#[test]
fn what_is_no_challenge_is_left_alone() {
    for challenge in [
        "",
        "Bearer",
        r#"Bearer error="invalid_token""#,
        r#"Basic claims="e30=""#,
        r#"Bearer claims="%""#,
        r#"Bearer claims="e30=", "#,
        "\u{1}",
    ] {
        let found = claims_in(&headers(challenge));
        assert!(
            found.is_none() || found.as_deref() == Some("{}"),
            "{challenge}"
        );
    }
}

/// The requests that the vault and the token endpoint got meanwhile.
async fn requests_during(setting: &Setting, work: impl Future<Output = ()>) -> (usize, usize) {
    let count = || {
        let ledger = setting.emulator.ledger();
        (
            ledger.count(|entry| entry.target == Target::Vault),
            ledger.token_requests(),
        )
    };
    let before = count();
    work.await;
    let after = count();
    (after.0 - before.0, after.1 - before.1)
}

fn secret_client(
    setting: &Setting,
    credential: Arc<InteractiveBrowserCredential>,
    with_policy: impl Fn(&mut ClientOptions),
) -> SecretClient {
    let mut options = SecretClientOptions::default();
    options.client_options.transport = Some(setting.transport());
    with_policy(&mut options.client_options);
    SecretClient::new(VAULT_URL, credential, Some(options)).unwrap()
}

async fn read(client: &SecretClient) -> azure_core::Result<String> {
    let secret = client.get_secret(SECRET_NAME, None).await?.into_model()?;
    Ok(secret.value.unwrap_or_default())
}

#[tokio::test]
async fn a_token_that_is_revoked_in_mid_use_is_asked_for_again() {
    let setting = Setting::with(Behavior::Complete).await;
    let client = secret_client(
        &setting,
        setting.credential(with_default_account()),
        ClaimsChallengePolicy::add_to,
    );
    assert_eq!(read(&client).await.unwrap(), SECRET_VALUE);
    for _ in 0..2 {
        setting.emulator.faults().revoke_access_tokens(ADA);
        let counted = requests_during(&setting, async {
            assert_eq!(read(&client).await.unwrap(), SECRET_VALUE);
        });
        // The refused one and the one that follows; one redemption; nobody signs in again.
        assert_eq!(counted.await, (2, 1));
        let counted = requests_during(&setting, async {
            assert_eq!(read(&client).await.unwrap(), SECRET_VALUE);
        });
        assert_eq!(counted.await, (1, 0));
    }
    assert_eq!(setting.visits(), 1);
}

#[tokio::test]
async fn a_client_that_knows_no_challenges_at_all_answers_them_too() {
    let setting = Setting::with(Behavior::Complete).await;
    let credential = setting.credential(with_default_account());
    let mut options = ClientOptions {
        transport: Some(setting.transport()),
        ..Default::default()
    };
    ClaimsChallengePolicy::add_to(&mut options);
    let authorization = BearerTokenAuthorizationPolicy::new(credential, [VAULT]);
    let pipeline = Pipeline::new(
        None,
        None,
        options,
        vec![],
        vec![Arc::new(authorization)],
        None,
    );
    let url = format!("{VAULT_URL}/secrets/{SECRET_NAME}?api-version=7.5");
    let ask = || async {
        let mut request = Request::new(Url::parse(&url).unwrap(), Method::Get);
        pipeline
            .send(&Context::new(), &mut request, None)
            .await
            .unwrap()
            .status()
    };
    assert_eq!(ask().await, StatusCode::Ok);
    setting.emulator.faults().revoke_access_tokens(ADA);
    let counted = requests_during(&setting, async { assert_eq!(ask().await, StatusCode::Ok) });
    assert_eq!(counted.await, (2, 1));
}

#[tokio::test]
async fn without_the_policy_tokens_are_not_for_continuous_access_evaluation() {
    let setting = Setting::with(Behavior::Complete).await;
    let client = secret_client(&setting, setting.credential(with_default_account()), |_| ());
    assert_eq!(read(&client).await.unwrap(), SECRET_VALUE);
    // A program that does not answer challenges keeps its token until it expires.
    setting.emulator.faults().revoke_access_tokens(ADA);
    assert_eq!(read(&client).await.unwrap(), SECRET_VALUE);
}

#[tokio::test]
async fn a_challenge_in_the_options_is_never_answered_from_the_cache() {
    let setting = Setting::with(Behavior::Complete).await;
    let credential = setting.credential(with_default_account());
    let first = credential.get_token(&[VAULT], None).await.unwrap();
    let options = AcquireOptions {
        claims: Some(r#"{"access_token":{"acrs":{"essential":true,"value":"c1"}}}"#.to_owned()),
        ..Default::default()
    };
    let second = credential
        .acquire_token(&[VAULT], options.clone())
        .await
        .unwrap();
    let third = credential.acquire_token(&[VAULT], options).await.unwrap();
    assert_ne!(first.token, second.token);
    assert_ne!(second.token, third.token);
    // What met the challenge is what everybody else gets from now on.
    assert_eq!(
        credential.get_token(&[VAULT], None).await.unwrap().token,
        third.token
    );
}
