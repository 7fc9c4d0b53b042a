//! How long codes and refresh tokens are good, and for whom.

use std::time::Duration;

use azbroker_emulator::{Behavior, Emulator, SecretKind, default_world::*};

use crate::harness::*;

#[tokio::test]
async fn a_code_works_once() {
    let emulator = emulator().await;
    let (app, code) = code(&emulator).await;
    assert_eq!(app.redeem(&emulator, &code, &[]).await.0, 200);
    assert_refused(
        &app.redeem(&emulator, &code, &[]).await,
        400,
        "invalid_grant",
        54_005,
    );
}

#[tokio::test]
async fn a_code_is_bound_to_its_request() {
    let emulator = emulator().await;
    for (extra, error, aadsts) in [
        (
            (
                "code_verifier",
                "another-verifier-of-at-least-43-characters-x",
            ),
            "invalid_grant",
            501_481,
        ),
        (("code_verifier", ""), "invalid_grant", 501_481),
        (
            ("redirect_uri", "http://localhost:1"),
            "invalid_grant",
            500_112,
        ),
        (("client_id", SAMPLE_CLIENT_ID), "invalid_grant", 70_000),
        (("code", "not-a-code"), "invalid_grant", 9_002_313),
    ] {
        let (app, code) = code(&emulator).await;
        assert_refused(
            &app.redeem(&emulator, &code, &[extra]).await,
            400,
            error,
            aadsts,
        );
    }
}

#[tokio::test]
async fn a_wrong_verifier_uses_the_code_up() {
    let emulator = emulator().await;
    let (app, code) = code(&emulator).await;
    app.redeem(
        &emulator,
        &code,
        &[(
            "code_verifier",
            "another-verifier-of-at-least-43-characters-x",
        )],
    )
    .await;
    assert_refused(
        &app.redeem(&emulator, &code, &[]).await,
        400,
        "invalid_grant",
        54_005,
    );
}

#[tokio::test]
async fn a_code_expires_by_the_clock_of_the_emulator() {
    let emulator = emulator().await;
    let (app, code) = code(&emulator).await;
    emulator.advance_clock(Duration::from_secs(600));
    assert_refused(
        &app.redeem(&emulator, &code, &[]).await,
        400,
        "invalid_grant",
        70_008,
    );
}

#[tokio::test]
async fn a_refresh_token_rotates_and_the_old_one_stays_good() {
    let emulator = emulator().await;
    let tokens = App::listen().await.tokens(&emulator, ADA, &[]).await;
    let old = tokens["refresh_token"]
        .as_str()
        .expect("a refresh token")
        .to_owned();
    let (status, refreshed) = refresh(&emulator, &old, &[]).await;
    assert_eq!(status, 200, "{refreshed}");
    let new = refreshed["refresh_token"]
        .as_str()
        .expect("a refresh token")
        .to_owned();
    assert_ne!(old, new);
    assert_ne!(tokens["access_token"], refreshed["access_token"]);
    // An ID token of a refresh answers no sign-in.
    assert!(claims_of(&refreshed["id_token"]).get("nonce").is_none());
    assert_eq!(refresh(&emulator, &old, &[]).await.0, 200);
    assert_eq!(refresh(&emulator, &new, &[]).await.0, 200);
    let kept = emulator.ledger().secrets();
    let kept = kept
        .iter()
        .filter(|secret| secret.kind == SecretKind::RefreshToken);
    assert_eq!(kept.count(), 4);
    assert_eq!(emulator.ledger().token_requests(), 4);
}

#[tokio::test]
async fn revoked_refresh_tokens_are_refused_until_the_next_sign_in() {
    let emulator = emulator().await;
    let mut app = App::listen().await;
    let old = app.tokens(&emulator, ADA, &[]).await;
    let other = app.tokens(&emulator, BOB, &[]).await;
    emulator
        .faults()
        .revoke_refresh_tokens("Ada@contoso.example");
    let refused = refresh(
        &emulator,
        old["refresh_token"].as_str().expect("a token"),
        &[],
    )
    .await;
    assert_refused(&refused, 400, "invalid_grant", 50_173);
    assert_eq!(refused.1["suberror"], "bad_token");
    assert_eq!(
        refresh(
            &emulator,
            other["refresh_token"].as_str().expect("a token"),
            &[]
        )
        .await
        .0,
        200
    );
    let new = app.tokens(&emulator, ADA, &[]).await;
    assert_eq!(
        refresh(
            &emulator,
            new["refresh_token"].as_str().expect("a token"),
            &[]
        )
        .await
        .0,
        200
    );
}

#[tokio::test]
async fn a_revoked_browser_session_needs_the_password() {
    let emulator = emulator().await;
    let mut app = App::listen().await;
    let visitor = visitor(&emulator, ADA, Behavior::Complete);
    visitor
        .visit(&app.authorize_url(&[]))
        .await
        .expect("signed in");
    app.answer().await;
    emulator.faults().revoke_refresh_tokens(ADA);
    visitor
        .visit(&app.authorize_url(&[("prompt", "none")]))
        .await
        .expect("answered");
    assert_eq!(app.answer().await.1["error"], "login_required");
}

#[tokio::test]
async fn refresh_tokens_have_an_owner_and_an_end() {
    let emulator = emulator().await;
    let tokens = App::listen().await.tokens(&emulator, ADA, &[]).await;
    let token = tokens["refresh_token"].as_str().expect("a refresh token");
    let other_client = refresh(&emulator, token, &[("client_id", SAMPLE_CLIENT_ID)]).await;
    assert_refused(&other_client, 400, "invalid_grant", 70_000);
    assert_refused(
        &refresh(&emulator, "not-a-token", &[]).await,
        400,
        "invalid_grant",
        9_002_313,
    );
    emulator.advance_clock(Duration::from_secs(90 * 86_400));
    assert_refused(
        &refresh(&emulator, token, &[]).await,
        400,
        "invalid_grant",
        700_082,
    );
}

async fn code(emulator: &Emulator) -> (App, String) {
    let mut app = App::listen().await;
    visit(emulator, ADA, Behavior::Complete, &app.authorize_url(&[])).await;
    let (_, answer) = app.answer().await;
    (app, answer["code"].clone())
}
