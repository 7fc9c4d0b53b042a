//! What is asked beyond scopes: capabilities, and challenges of services.

use crate::setup::{Setup, access_token, request, status};
use azbroker_emulator::default_world;
use serde_json::{Value, json};

const CAPABLE: &str = r#"{"access_token":{"xms_cc":{"values":["CP1"]}}}"#;
const CHALLENGE: &str =
    r#"{"access_token":{"nbf":{"essential":true,"value":"1"},"xms_cc":{"values":["CP1"]}}}"#;

#[tokio::test]
async fn a_program_that_states_its_capability_gets_a_token_of_its_own_and_keeps_it() {
    let setup = Setup::new().await;
    let plain = setup.sign_in(default_world::ADA).await;
    let capable = ask(&setup, CAPABLE).await;
    assert_ne!(access_token(&capable), access_token(&plain));
    // However a library spells it.
    for spelled in [
        CAPABLE.to_owned(),
        CAPABLE.replace("CP1", "cp1"),
        format!(" {CAPABLE} "),
    ] {
        assert_eq!(
            access_token(&ask(&setup, &spelled).await),
            access_token(&capable)
        );
    }
    assert_eq!(access_token(&setup.silent().await), access_token(&plain));
    assert_eq!(setup.emulator.ledger().token_requests(), 2);
}

#[tokio::test]
async fn a_challenge_always_goes_to_entra_id_and_its_token_takes_the_place_of_the_one_held() {
    let setup = Setup::new().await;
    let plain = setup.sign_in(default_world::ADA).await;
    let capable = ask(&setup, CAPABLE).await;
    let asked = setup.emulator.ledger().token_requests();
    let first = ask(&setup, CHALLENGE).await;
    let second = ask(&setup, CHALLENGE).await;
    assert_eq!(setup.emulator.ledger().token_requests(), asked + 2);
    assert_ne!(access_token(&first), access_token(&second));
    // The token that was refused is never given out again to whoever states the same.
    let after = ask(&setup, CAPABLE).await;
    assert_eq!(access_token(&after), access_token(&second));
    assert_ne!(access_token(&after), access_token(&capable));
    assert_eq!(
        access_token(&setup.silent().await),
        access_token(&plain),
        "another kind of token"
    );
}

#[tokio::test]
async fn a_challenge_that_is_no_text_is_one_all_the_same() {
    let setup = Setup::new().await;
    let held = setup.sign_in(default_world::ADA).await;
    let challenge: Value = serde_json::from_str(CHALLENGE).unwrap();
    let asked = request(json!({ "decodedClaims": challenge }));
    let answer = setup.call("acquireTokenSilently", asked).await;
    assert_eq!(status(&answer), None, "{answer}");
    assert_ne!(access_token(&answer), access_token(&held));
    let asked = request(json!({ "decodedClaims": true }));
    let answer = setup.call("acquireTokenSilently", asked).await;
    assert_eq!(status(&answer), Some(6), "{answer}");
}

#[tokio::test]
async fn a_token_that_was_refused_is_renewed() {
    let setup = Setup::new().await;
    let first = setup.sign_in(default_world::ADA).await;
    let renew = json!({ "accessTokenToRenew": access_token(&first) });
    let second = setup.call("acquireTokenSilently", request(renew)).await;
    assert_eq!(status(&second), None, "{second}");
    assert_ne!(access_token(&second), access_token(&first));
    assert_eq!(access_token(&setup.silent().await), access_token(&second));
    assert_eq!(setup.emulator.ledger().token_requests(), 2);
}

async fn ask(setup: &Setup, claims: &str) -> Value {
    let answer = setup
        .call(
            "acquireTokenSilently",
            request(json!({ "decodedClaims": claims })),
        )
        .await;
    assert_eq!(status(&answer), None, "{answer}");
    answer
}
