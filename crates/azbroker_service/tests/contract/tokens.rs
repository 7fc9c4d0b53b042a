use crate::setup::{SCOPE, Setup, SharedStore, access_token, context, request, status};
use azbroker_emulator::{World, default_world};
use azbroker_entra::Clock;
use azbroker_service::Configuration;
use futures_util::future::join_all;
use serde_json::json;

#[tokio::test]
async fn without_an_account_silence_ends_in_interaction_required() {
    let setup = Setup::new().await;
    let answer = setup.silent().await;
    assert_eq!(status(&answer), Some(2));
    assert_eq!(
        context(&answer),
        "no account is signed in to this broker; sign in"
    );
    assert_eq!(answer["error"], answer["brokerTokenResponse"]["error"]);
    assert_eq!(setup.emulator.ledger().entries().len(), 0);
}

#[tokio::test]
async fn after_a_sign_in_the_answer_is_silent_and_has_every_field() {
    let setup = Setup::new().await;
    let first = setup.sign_in(default_world::ADA).await;
    let answer = setup.silent().await;
    assert_eq!(access_token(&answer), access_token(&first));
    assert_eq!(setup.emulator.ledger().token_requests(), 1);

    let token = &answer["brokerTokenResponse"];
    assert_eq!(token["accessTokenType"], 0);
    let left = token["expiresOn"].as_i64().unwrap() - setup.clock.now().unix_timestamp() * 1000;
    assert!(
        (3_500_000..3_700_000).contains(&left),
        "milliseconds: {left}"
    );
    assert_eq!(token["extendedExpiresOn"], token["expiresOn"]);
    let scopes: Vec<_> = token["grantedScopes"]
        .as_str()
        .unwrap()
        .split(' ')
        .collect();
    assert_eq!(
        scopes[0], SCOPE,
        "the scope asked for stands first, verbatim"
    );
    assert_eq!(token["idToken"].as_str().unwrap().split('.').count(), 3);
    let account = &token["account"];
    assert_eq!(account["username"], default_world::ADA);
    assert_eq!(account["realm"], default_world::TENANT_ID);
    assert_eq!(account["environment"], "login.microsoftonline.com");
    assert_eq!(
        account["homeAccountId"],
        format!(
            "{}.{}",
            default_world::ADA_OBJECT_ID,
            default_world::TENANT_ID
        )
    );
    for field in [
        "givenName",
        "familyName",
        "name",
        "passwordExpiry",
        "localAccountId",
    ] {
        assert!(!account[field].is_null(), "{field}");
    }
}

#[tokio::test]
async fn a_scope_is_echoed_letter_by_letter() {
    let setup = Setup::new().await;
    setup.sign_in(default_world::ADA).await;
    let asked = "https://vault.azure.net//.default";
    let answer = setup
        .call(
            "acquireTokenSilently",
            request(json!({ "requestedScopes": [asked] })),
        )
        .await;
    let granted = answer["brokerTokenResponse"]["grantedScopes"]
        .as_str()
        .unwrap();
    assert_eq!(granted.split(' ').next(), Some(asked));
}

#[tokio::test]
async fn a_hundred_callers_of_an_expired_token_make_one_request() {
    let setup = Setup::new().await;
    let first = setup.sign_in(default_world::ADA).await;
    setup.let_pass(56);
    let answers = join_all((0..100).map(|_| setup.silent())).await;
    for answer in &answers {
        assert_eq!(access_token(answer), access_token(&answers[0]));
    }
    assert_ne!(access_token(&answers[0]), access_token(&first));
    assert_eq!(setup.emulator.ledger().token_requests(), 2);
}

#[tokio::test]
async fn programs_that_ask_during_a_sign_in_share_it() {
    let setup = Setup::new().await;
    let answers = join_all((0..10).map(|_| setup.interactive())).await;
    for answer in &answers {
        assert_eq!(access_token(answer), access_token(&answers[0]));
    }
    assert_eq!(setup.user.opened().len(), 1);
}

#[tokio::test]
async fn the_rotated_refresh_token_is_in_the_store_before_the_answer() {
    let setup = Setup::new().await;
    setup.sign_in(default_world::ADA).await;
    let kept = || setup.store.grants.lock().unwrap()[0].refresh_token.clone();
    let before = kept();
    setup.let_pass(56);
    assert_eq!(status(&setup.silent().await), None);
    assert_ne!(kept(), before);
}

#[tokio::test]
async fn another_broker_goes_on_with_what_the_store_keeps() {
    let setup = Setup::new().await;
    setup.sign_in(default_world::ADA).await;
    let asked = setup.emulator.ledger().token_requests();

    let setup = setup.restart().await;
    assert_eq!(setup.accounts().await, [default_world::ADA]);
    assert_eq!(status(&setup.silent().await), None);
    assert_eq!(setup.emulator.ledger().token_requests(), asked + 1);
    assert_eq!(setup.user.opened().len(), 0, "nobody was asked");

    let grants = setup.store.grants.lock().unwrap().clone();
    assert!(!format!("{grants:?}").contains(grants[0].refresh_token.as_ref().unwrap().expose()));
}

#[tokio::test]
async fn a_store_that_fails_costs_nobody_a_token() {
    let setup = Setup::new().await;
    *setup.store.broken.lock().unwrap() = true;
    setup.sign_in(default_world::ADA).await;
    assert_eq!(status(&setup.silent().await), None);
    assert!(setup.store.grants.lock().unwrap().is_empty());
}

#[tokio::test]
async fn the_account_meant_is_the_one_that_answers() {
    let setup = Setup::new().await;
    setup.sign_in(default_world::ADA).await;
    setup.let_pass(1);
    setup.sign_in(default_world::CAROL).await;
    assert_eq!(
        setup.accounts().await,
        [default_world::CAROL, default_world::ADA]
    );
    let username =
        |answer: &serde_json::Value| answer["brokerTokenResponse"]["account"]["username"].clone();

    assert_eq!(
        username(&setup.silent().await),
        default_world::CAROL,
        "the one that signed in last"
    );
    let ada = format!(
        "{}.{}",
        default_world::ADA_OBJECT_ID,
        default_world::TENANT_ID
    );
    for hint in [
        json!({ "username": "ADA@contoso.example" }),
        json!({ "account": { "homeAccountId": ada, "username": default_world::ADA } }),
    ] {
        let answer = setup.call("acquireTokenSilently", request(hint)).await;
        assert_eq!(username(&answer), default_world::ADA);
    }
    assert_eq!(username(&setup.silent().await), default_world::CAROL);
    let answer = setup
        .call(
            "acquireTokenSilently",
            request(json!({ "username": default_world::BOB })),
        )
        .await;
    assert_eq!(
        (status(&answer), context(&answer)),
        (
            Some(2),
            "bob@contoso.example is not signed in to this broker; sign in"
        )
    );
}

#[tokio::test]
async fn each_application_signs_in_for_itself() {
    let setup = Setup::new().await;
    setup.sign_in(default_world::ADA).await;
    let answer = setup
        .call(
            "acquireTokenSilently",
            request(json!({ "clientId": default_world::SAMPLE_CLIENT_ID })),
        )
        .await;
    assert_eq!(status(&answer), Some(2));
    assert_eq!(
        context(&answer),
        format!(
            "ada@contoso.example has not signed in to application {} with this broker; sign in",
            default_world::SAMPLE_CLIENT_ID
        )
    );
}

#[tokio::test]
async fn a_removed_account_is_forgotten_everywhere() {
    let setup = Setup::new().await;
    let answer = setup.sign_in(default_world::ADA).await;
    assert!(setup.sign_out(&answer).await);
    assert!(setup.accounts().await.is_empty());
    assert!(setup.store.grants.lock().unwrap().is_empty());
    assert_eq!(status(&setup.silent().await), Some(2));
}

#[tokio::test]
async fn a_clock_that_is_an_hour_off_costs_nobody_a_sign_in() {
    for offset in [-3600, 3600] {
        let world = World {
            clock_offset_seconds: offset,
            ..World::default()
        };
        let setup = Setup::with(world, Configuration::default(), SharedStore::default()).await;
        setup.sign_in(default_world::ADA).await;
        assert_eq!(status(&setup.silent().await), None);
        assert_eq!(
            setup.emulator.ledger().token_requests(),
            1,
            "offset {offset}"
        );
    }
}

#[tokio::test]
async fn the_version_and_the_store_are_told() {
    let setup = Setup::new().await;
    let answer = setup
        .call(
            "getLinuxBrokerVersion",
            json!({ "msalCppVersion": "12.0.2" }),
        )
        .await;
    assert_eq!(answer["linuxBrokerVersion"], env!("CARGO_PKG_VERSION"));
    assert_eq!(setup.store_description().await, "the test");
}
