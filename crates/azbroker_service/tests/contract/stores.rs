use crate::setup::{Setup, SharedStore, context, request, status};
use azbroker_emulator::{World, default_world};
use azbroker_service::Configuration;
use serde_json::json;

#[tokio::test]
async fn a_store_that_failed_is_named_with_its_fault_until_it_has_everything_again() {
    let setup = Setup::new().await;
    *setup.store.broken.lock().unwrap() = true;
    setup.sign_in(default_world::ADA).await;
    assert_eq!(
        setup.store_description().await,
        "the test; the last change is in memory only (the disk is full)"
    );
    *setup.store.broken.lock().unwrap() = false;
    setup.sign_in(default_world::CAROL).await;
    assert_eq!(setup.store_description().await, "the test");
    let kept = setup.store.grants.lock().unwrap().len();
    assert_eq!(kept, 2, "the one that was not saved is, too");
}

#[tokio::test]
async fn a_store_that_was_locked_at_first_takes_over_with_the_next_sign_in() {
    let store = SharedStore::default();
    *store.locked.lock().unwrap() = true;
    let setup = Setup::with(World::default(), Configuration::default(), store).await;
    setup.sign_in(default_world::ADA).await;
    assert_eq!(
        setup.store_description().await,
        "memory, until the broker ends (the keyring is locked)"
    );
    *setup.store.locked.lock().unwrap() = false;
    setup.sign_in(default_world::CAROL).await;
    assert_eq!(setup.store_description().await, "the test");

    let setup = setup.restart().await;
    assert_eq!(setup.accounts().await.len(), 2);
    assert_eq!(status(&setup.silent().await), None);
}

#[tokio::test]
async fn accounts_of_a_store_that_was_locked_at_first_are_found_once_it_is_not() {
    let setup = Setup::new().await;
    setup.sign_in(default_world::ADA).await;
    *setup.store.locked.lock().unwrap() = true;
    let setup = setup.restart().await;
    assert_eq!(status(&setup.silent().await), Some(2));
    *setup.store.locked.lock().unwrap() = false;
    assert_eq!(status(&setup.silent().await), None);
    assert_eq!(setup.store_description().await, "the test");
}

#[tokio::test]
async fn a_sign_out_reaches_what_a_locked_store_keeps() {
    let setup = Setup::new().await;
    let signed_in = setup.sign_in(default_world::ADA).await;
    *setup.store.locked.lock().unwrap() = true;
    let setup = setup.restart().await;
    assert!(setup.accounts().await.is_empty());
    let account = &signed_in["brokerTokenResponse"]["account"];
    let request = json!({ "clientId": "x", "account": account });
    let answer = setup.call("removeAccount", request).await;
    assert_eq!(
        context(&answer),
        "the account may still be in the store: the keyring is locked; mend that, then sign out again"
    );
    *setup.store.locked.lock().unwrap() = false;
    assert!(setup.sign_out(&signed_in).await);
    assert!(setup.store.grants.lock().unwrap().is_empty());
}

#[tokio::test]
async fn asking_for_somebody_changes_nobodys_default_account() {
    let setup = Setup::new().await;
    setup.sign_in(default_world::ADA).await;
    setup.let_pass(1);
    setup.sign_in(default_world::CAROL).await;
    setup.let_pass(70);
    let named = request(json!({ "username": default_world::ADA }));
    let answer = setup.call("acquireTokenSilently", named).await;
    assert_eq!(status(&answer), None, "ada's refresh token was rotated");
    let in_order = [default_world::CAROL, default_world::ADA];
    assert_eq!(setup.accounts().await, in_order);

    let setup = setup.restart().await;
    assert_eq!(setup.accounts().await, in_order);
    let answer = setup.silent().await;
    assert_eq!(
        answer["brokerTokenResponse"]["account"]["username"],
        default_world::CAROL
    );
}

#[tokio::test]
async fn a_refused_refresh_token_does_not_come_back_and_its_account_asks_for_one_sign_in() {
    let setup = Setup::new().await;
    setup.sign_in(default_world::ADA).await;
    setup.let_pass(1);
    setup.sign_in(default_world::CAROL).await;
    let faults = setup.emulator.faults();
    faults.revoke_refresh_tokens(default_world::CAROL);
    setup.let_pass(70);
    assert_eq!(status(&setup.silent().await), Some(2));
    let asked = setup.emulator.ledger().token_requests();

    let setup = setup.restart().await;
    let listed = [default_world::CAROL, default_world::ADA];
    assert_eq!(setup.accounts().await, listed, "it stays listed");
    let answer = setup.silent().await;
    assert_eq!(
        (status(&answer), context(&answer)),
        (
            Some(2),
            "Entra ID has ended the sign-in of carol@contoso.example; sign in"
        ),
        "and nobody gets ada's token in its place"
    );
    assert_eq!(setup.emulator.ledger().token_requests(), asked);

    setup.let_pass(1);
    setup.sign_in(default_world::CAROL).await;
    let setup = setup.restart().await;
    assert_eq!(status(&setup.silent().await), None, "one was enough");
}

#[tokio::test]
async fn signing_everybody_out_says_how_many_and_leaves_nothing() {
    let setup = Setup::new().await;
    setup.sign_in(default_world::ADA).await;
    setup.sign_in(default_world::CAROL).await;
    *setup.store.broken.lock().unwrap() = true;
    let answer = setup.manage("removeAllAccounts", json!({})).await;
    assert_eq!(
        answer,
        json!({ "removed": 2, "unread": false, "left": ["the disk is full"] })
    );
    *setup.store.broken.lock().unwrap() = false;
    let answer = setup.manage("removeAllAccounts", json!({})).await;
    assert_eq!(answer["left"], json!([]));
    assert!(setup.store.grants.lock().unwrap().is_empty());
    assert_eq!(
        status(&setup.silent().await),
        Some(2),
        "not from memory either"
    );
    assert!(setup.restart().await.accounts().await.is_empty());
}
