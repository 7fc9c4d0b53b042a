//! An emulator that goes on where another one ended.

use std::os::unix::fs::PermissionsExt;

use azbroker_emulator::{Emulator, World, default_world::*};

use crate::harness::{App, assert_refused, emulator, refresh};

#[tokio::test]
async fn a_refresh_token_and_the_trust_in_the_authority_outlive_the_emulator() {
    let folder = tempfile::tempdir().expect("a folder");
    let state = folder.path().join("state");
    let first = Emulator::resume(World::default(), 0, &state)
        .await
        .expect("it starts");
    let port = first.proxy_address().port();
    // It trusts the authority of the first and knows no other.
    let client = first.http_client();
    let tokens = App::listen().await.tokens(&first, ADA, &[]).await;
    let refresh_token = tokens["refresh_token"].as_str().expect("a refresh token");
    drop((first, client));

    let begun = std::time::Instant::now();
    let second = loop {
        // The port is free once the first one's task has been dropped.
        match Emulator::resume(World::default(), port, &state).await {
            Ok(second) => break second,
            Err(error) => {
                assert!(error.to_string().starts_with("cannot listen"), "{error}");
                assert!(begun.elapsed().as_secs() < 60, "{error}");
                tokio::task::yield_now().await;
            }
        }
    };
    let (status, answer) = refresh(&second, refresh_token, &[]).await;
    assert_eq!(status, 200, "{answer}");
    let (status, answer) = refresh(&second, refresh_token, &[]).await;
    assert_eq!(status, 200, "{answer}");
    assert_refused(
        &refresh(&emulator().await, refresh_token, &[]).await,
        400,
        "invalid_grant",
        9_002_313,
    );

    let ledger = std::fs::read_to_string(state.join("ledger.jsonl")).expect("the ledger");
    let redeemed: Vec<_> = ledger
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"))
        .filter(|entry| entry["grantType"] == "refresh_token")
        .map(|entry| entry["redeemed"].clone())
        .collect();
    assert_eq!(redeemed.len(), 2);
    assert!(redeemed[0].is_string() && redeemed[0] == redeemed[1]);
    assert!(!ledger.contains(refresh_token));
    for file in std::fs::read_dir(&state).expect("the folder") {
        let file = file.expect("a file");
        let mode = file.metadata().expect("its mode").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{:?}", file.path());
    }
}

#[tokio::test]
async fn a_folder_that_cannot_be_used_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("file");
    std::fs::write(&file, "").expect("a file");
    let error = Emulator::resume(World::default(), 0, &file)
        .await
        .expect_err("it is no folder");
    assert_eq!(
        error.to_string(),
        format!("the state in `{}` cannot be used", file.display())
    );
}
