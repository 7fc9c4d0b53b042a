use crate::setup::{Setup, access_token, context, request, status};
use azbroker_emulator::{Fault, Target, default_world};
use serde_json::json;
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

/// The next answer of the token endpoint takes long enough for all else in a test.
fn late_tokens(setup: &Setup) {
    let late = Fault::Delay(Duration::from_secs(2));
    setup.emulator.faults().next(1, Target::Token, late);
}
