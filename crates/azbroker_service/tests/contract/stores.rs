use crate::setup::{Setup, SharedStore, request, status};
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
async fn a_sign_out_reaches_what_a_locked_store_keeps() {
    let setup = Setup::new().await;
    let signed_in = setup.sign_in(default_world::ADA).await;
    *setup.store.locked.lock().unwrap() = true;
    let setup = setup.restart().await;
    assert!(setup.accounts().await.is_empty());
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
