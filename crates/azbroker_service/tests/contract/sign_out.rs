use crate::setup::{Setup, access_token, context, request, status};
use azbroker_emulator::{Fault, Target, default_world};
use serde_json::{Value, json};
use std::time::Duration;

#[tokio::test]
async fn a_sign_out_wins_over_a_redemption_in_flight() {
    let setup = Setup::new().await;
    let signed_in = setup.sign_in(default_world::ADA).await;
    setup.let_pass(56);
    late_tokens(&setup);
    let sign_out = async {
        // Answered after the redemption before it has begun: calls of one connection start in order.
        assert_eq!(setup.accounts().await, [default_world::ADA]);
        setup.sign_out(&signed_in).await
    };
    let (answer, removed) = tokio::join!(setup.silent(), sign_out);
    assert!(removed);
    assert_eq!(
        (status(&answer), context(&answer)),
        (
            Some(2),
            "ada@contoso.example was signed out meanwhile; sign in"
        )
    );
    assert_eq!(setup.emulator.ledger().token_requests(), 2, "it was asked");
    assert!(setup.accounts().await.is_empty());
    assert!(setup.store.grants.lock().unwrap().is_empty());

    // Nor is its access token there when the account comes back with a token for something else.
    let other = request(json!({ "requestedScopes": ["https://graph.microsoft.com/.default"] }));
    let answer = setup.call("acquireTokenInteractively", other).await;
    assert_eq!(status(&answer), None, "{answer}");
    let asked = setup.emulator.ledger().token_requests();
    assert_eq!(status(&setup.silent().await), None);
    assert_eq!(setup.emulator.ledger().token_requests(), asked + 1);
}

#[tokio::test]
async fn a_sign_in_during_a_redemption_keeps_its_own_refresh_token() {
    let setup = Setup::new().await;
    setup.sign_in(default_world::ADA).await;
    setup.let_pass(56);
    late_tokens(&setup);
    let sign_in = async {
        assert_eq!(setup.accounts().await, [default_world::ADA]);
        let answer = setup.sign_in_named(default_world::ADA).await;
        let kept = setup.store.grants.lock().unwrap()[0].refresh_token.clone();
        (answer, kept)
    };
    let (renewed, (signed_in, kept)) = tokio::join!(setup.silent(), sign_in);
    assert_eq!(status(&renewed), None, "{renewed}");
    assert_ne!(access_token(&renewed), access_token(&signed_in));
    let grants = setup.store.grants.lock().unwrap().clone();
    assert_eq!(grants.len(), 1);
    assert!(grants[0].refresh_token == kept, "the newer one is held");
}

#[tokio::test]
async fn a_late_refusal_drops_no_newer_sign_in() {
    let setup = Setup::new().await;
    let first = setup.sign_in(default_world::ADA).await;
    setup
        .emulator
        .faults()
        .revoke_refresh_tokens(default_world::ADA);
    late_tokens(&setup);
    let renew = request(json!({ "accessTokenToRenew": access_token(&first) }));
    let refused = setup.call("acquireTokenSilently", renew.clone());
    let sign_in = async {
        assert_eq!(setup.accounts().await, [default_world::ADA]);
        setup.sign_in_named(default_world::ADA).await
    };
    let (refused, _) = tokio::join!(refused, sign_in);
    assert_eq!(status(&refused), Some(2), "{refused}");
    assert_eq!(setup.accounts().await, [default_world::ADA]);
    let renewed = setup.call("acquireTokenSilently", renew).await;
    assert_eq!(status(&renewed), None, "{renewed}");
}

#[tokio::test]
async fn a_sign_out_that_the_store_did_not_take_holds_and_can_be_repeated() {
    let setup = Setup::new().await;
    let signed_in = setup.sign_in(default_world::ADA).await;
    *setup.store.broken.lock().unwrap() = true;
    for _ in 0..2 {
        assert_eq!(
            refused_sign_out(&setup, &signed_in).await,
            "the account may still be in the store: the disk is full; mend that, then sign out again"
        );
    }
    assert_eq!(
        setup.accounts().await,
        [default_world::ADA],
        "who signs out again finds it"
    );
    let answer = setup.silent().await;
    assert_eq!(
        (status(&answer), context(&answer)),
        (Some(2), "ada@contoso.example is signed out; sign in")
    );
    let store = setup.manage("getStatus", json!({})).await["store"].take();
    assert_eq!(
        store["description"],
        "the test; who was signed out may still be in the store (the disk is full)"
    );
    assert_eq!(
        store["stillKept"],
        "the account may still be in the store: the disk is full; mend that, then sign out again"
    );
    *setup.store.broken.lock().unwrap() = false;
    assert!(setup.sign_out(&signed_in).await);
    assert!(setup.accounts().await.is_empty());
    assert_eq!(setup.store_description().await, "the test");
    assert!(setup.store.grants.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_sign_out_that_the_store_did_not_take_is_done_with_the_next_change() {
    let setup = Setup::new().await;
    let signed_in = setup.sign_in(default_world::ADA).await;
    *setup.store.broken.lock().unwrap() = true;
    refused_sign_out(&setup, &signed_in).await;
    setup.let_pass(1);
    setup.sign_in(default_world::CAROL).await;
    assert_eq!(
        setup.accounts().await,
        [default_world::CAROL, default_world::ADA],
        "nobody who was signed out is the default"
    );
    *setup.store.broken.lock().unwrap() = false;
    setup.let_pass(70);
    assert_eq!(status(&setup.silent().await), None);
    assert_eq!(setup.accounts().await, [default_world::CAROL]);
    let setup = setup.restart().await;
    assert_eq!(setup.accounts().await, [default_world::CAROL]);
}

#[tokio::test]
async fn who_signs_in_again_after_a_sign_out_that_the_store_did_not_take_is_kept() {
    let setup = Setup::new().await;
    let signed_in = setup.sign_in(default_world::ADA).await;
    *setup.store.broken.lock().unwrap() = true;
    refused_sign_out(&setup, &signed_in).await;
    setup.sign_in(default_world::ADA).await;
    assert_eq!(status(&setup.silent().await), None);
    *setup.store.broken.lock().unwrap() = false;
    setup.sign_in(default_world::CAROL).await;
    assert_eq!(setup.store_description().await, "the test");
    let setup = setup.restart().await;
    assert_eq!(setup.accounts().await.len(), 2);
}

#[tokio::test]
async fn a_sign_out_of_all_that_the_store_did_not_take_can_be_repeated() {
    let setup = Setup::new().await;
    setup.sign_in(default_world::ADA).await;
    *setup.store.broken.lock().unwrap() = true;
    setup.manage("removeAllAccounts", json!({})).await;
    assert_eq!(setup.accounts().await, [default_world::ADA]);
    *setup.store.broken.lock().unwrap() = false;
    assert_eq!(
        setup.manage("removeAllAccounts", json!({})).await,
        json!({ "removed": 1, "unread": false, "left": [] })
    );
    assert!(setup.accounts().await.is_empty());
    assert!(setup.store.grants.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_renewal_brings_nobody_back_whom_another_broker_signed_out() {
    let setup = Setup::new().await;
    setup.sign_in(default_world::ADA).await;
    setup.let_pass(70);
    assert_eq!(status(&setup.silent().await), None, "a renewal is kept");
    // As another broker does that shares the store.
    setup.store.grants.lock().unwrap().clear();
    assert_eq!(status(&setup.silent().await), None, "one that is held");
    setup.let_pass(70);
    let answer = setup.silent().await;
    assert_eq!(
        (status(&answer), context(&answer)),
        (
            Some(2),
            "ada@contoso.example was signed out meanwhile; sign in"
        )
    );
    assert!(setup.accounts().await.is_empty());
    assert!(setup.store.grants.lock().unwrap().is_empty());
    setup.sign_in(default_world::ADA).await;
    assert_eq!(setup.store.grants.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn what_the_store_never_had_is_not_taken_for_signed_out_by_another_broker() {
    let setup = Setup::new().await;
    *setup.store.broken.lock().unwrap() = true;
    setup.sign_in(default_world::ADA).await;
    *setup.store.broken.lock().unwrap() = false;
    setup.let_pass(70);
    assert_eq!(status(&setup.silent().await), None);
    assert_eq!(setup.store.grants.lock().unwrap().len(), 1);
}

/// Signs out where the store takes no change, and returns what is said.
async fn refused_sign_out(setup: &Setup, signed_in: &Value) -> String {
    let account = &signed_in["brokerTokenResponse"]["account"];
    let request = json!({ "clientId": "x", "account": account });
    let answer = setup.call("removeAccount", request).await;
    assert_eq!(status(&answer), Some(2), "{answer}");
    context(&answer).to_owned()
}

/// The next answer of the token endpoint takes long enough for all else in a test.
fn late_tokens(setup: &Setup) {
    let late = Fault::Delay(Duration::from_secs(2));
    setup.emulator.faults().next(1, Target::Token, late);
}
