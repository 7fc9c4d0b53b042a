//! The encrypted file, as the broker uses it.

use crate::setup::{Setup, context, status};
use azbroker_emulator::default_world;
use azbroker_service::{Configuration, KeySource, StoreChoice};
use serde_json::json;
use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf};
use tempfile::TempDir;

/// A state folder and a key, for one broker after the other.
struct Home(TempDir);

impl Home {
    fn new() -> Self {
        let home = Self(tempfile::tempdir().unwrap());
        home.give_key(7);
        home
    }

    fn give_key(&self, byte: u8) {
        let path = self.0.path().join("key");
        fs::write(&path, [byte; 32]).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }

    fn accounts(&self) -> PathBuf {
        self.0.path().join("state/accounts")
    }

    fn configuration(&self) -> Configuration {
        Configuration {
            store: StoreChoice::File,
            key_source: Some(KeySource::Credential(self.0.path().join("key"))),
            state_folder: Some(self.0.path().join("state")),
            ..Configuration::default()
        }
    }
}

#[tokio::test]
async fn accounts_outlive_the_broker_in_the_file() {
    let home = Home::new();
    let setup = Setup::choosing(home.configuration()).await;
    let before = setup.store_description().await;
    assert_eq!(
        before,
        format!("encrypted file {}", home.accounts().display())
    );
    setup.sign_in(default_world::ADA).await;
    let signed_in = fs::read(home.accounts()).unwrap();
    setup.let_pass(70);
    assert_eq!(status(&setup.silent().await), None);
    let renewed = fs::read(home.accounts()).unwrap();
    assert_ne!(
        renewed, signed_in,
        "the rotated token is there before the answer"
    );
    let setup = setup.restart_choosing(home.configuration()).await;
    assert_eq!(setup.accounts().await, [default_world::ADA]);
    assert_eq!(status(&setup.silent().await), None);
    assert!(setup.user.opened().is_empty(), "nobody was asked");
}

#[tokio::test]
async fn a_file_under_another_key_is_left_alone_and_said_until_everybody_is_signed_out() {
    let home = Home::new();
    let setup = Setup::choosing(home.configuration()).await;
    setup.sign_in(default_world::ADA).await;
    let kept = fs::read(home.accounts()).unwrap();
    home.give_key(8);
    let setup = setup.restart_choosing(home.configuration()).await;
    assert!(setup.accounts().await.is_empty());
    setup.sign_in(default_world::CAROL).await;
    assert_eq!(status(&setup.silent().await), None, "it serves");
    assert_eq!(fs::read(home.accounts()).unwrap(), kept);
    let answer = setup.manage("getStatus", json!({})).await;
    let reason = format!(
        "{} was encrypted under another key or passphrase; give the broker that one",
        home.accounts().display()
    );
    assert_eq!(
        answer["store"],
        json!({
            "inUse": "memory",
            "wanted": "file",
            "description": format!("memory, until the broker ends ({reason})"),
            "passedOver": [{ "store": "file", "reason": reason, "isAbsent": false }],
        })
    );
    let removed = setup.manage("removeAllAccounts", json!({})).await;
    let expected = json!({ "removed": 1, "unread": true, "left": [] });
    assert_eq!(removed, expected);
    assert!(
        !home.accounts().exists(),
        "what could not be read goes, too"
    );
    setup.sign_in(default_world::CAROL).await;
    let description = setup.store_description().await;
    assert!(description.starts_with("encrypted file "), "{description}");
}

#[tokio::test]
async fn a_refused_refresh_token_is_not_in_the_file_any_more() {
    let home = Home::new();
    let setup = Setup::choosing(home.configuration()).await;
    setup.sign_in(default_world::ADA).await;
    let faults = setup.emulator.faults();
    faults.revoke_refresh_tokens(default_world::ADA);
    setup.let_pass(70);
    assert_eq!(status(&setup.silent().await), Some(2));
    let asked = setup.emulator.ledger().token_requests();
    let setup = setup.restart_choosing(home.configuration()).await;
    assert_eq!(setup.accounts().await, [default_world::ADA]);
    assert_eq!(status(&setup.silent().await), Some(2));
    assert_eq!(setup.emulator.ledger().token_requests(), asked);
}

#[tokio::test]
async fn memory_is_memory_when_it_is_asked_for() {
    let home = Home::new();
    let configuration = Configuration {
        store: StoreChoice::Memory,
        ..home.configuration()
    };
    let setup = Setup::choosing(configuration).await;
    setup.sign_in(default_world::ADA).await;
    let description = setup.store_description().await;
    assert_eq!(
        description,
        "memory, until the broker ends (as it was told to)"
    );
    assert!(!home.accounts().exists());
}

#[tokio::test]
async fn a_renewal_does_not_write_back_whom_another_broker_signed_out() {
    let home = Home::new();
    let setup = Setup::choosing(home.configuration()).await;
    setup.sign_in(default_world::ADA).await;
    let other = Setup::choosing(home.configuration()).await;
    assert_eq!(other.accounts().await, [default_world::ADA]);
    other.manage("removeAllAccounts", json!({})).await;
    assert!(!home.accounts().exists());
    setup.let_pass(70);
    let answer = setup.silent().await;
    assert_eq!(status(&answer), Some(2), "{answer}");
    assert!(setup.accounts().await.is_empty());
    assert!(!home.accounts().exists());
    setup.sign_in(default_world::ADA).await;
    assert!(home.accounts().exists(), "a sign-in is kept");
}

#[tokio::test]
async fn a_sign_out_under_another_key_is_made_up_for_under_the_right_one() {
    let home = Home::new();
    let setup = Setup::choosing(home.configuration()).await;
    setup.sign_in(default_world::ADA).await;
    home.give_key(8);
    let setup = setup.restart_choosing(home.configuration()).await;
    let signed_in = setup.sign_in(default_world::ADA).await;
    let account = &signed_in["brokerTokenResponse"]["account"];
    let sign_out = json!({ "clientId": "x", "account": account });
    let refused = setup.call("removeAccount", sign_out).await;
    assert_eq!(
        context(&refused),
        format!(
            "the account may still be in the store: {} was encrypted under another key or passphrase; \
             give the broker that one, then sign out again",
            home.accounts().display()
        )
    );
    assert_eq!(setup.accounts().await, [default_world::ADA]);
    assert_eq!(status(&setup.silent().await), Some(2));
    home.give_key(7);
    assert_eq!(
        setup.accounts().await,
        [default_world::ADA],
        "who signs out again finds it, although the look has done it"
    );
    assert!(setup.accounts().await.is_empty());
    let setup = setup.restart_choosing(home.configuration()).await;
    assert!(setup.accounts().await.is_empty());
}
