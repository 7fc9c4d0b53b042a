//! oo7 as a client. It knows no way to a bus but the environment, so it runs in a child of the test.

use std::process::Stdio;

use oo7::{Keyring, Secret};
use tokio::process::Command;

use super::Desk;

/// Names the step that a child of the test takes.
const STEP: &str = "SECRET_SERVICE_CLIENT_STEP";

#[tokio::test]
async fn a_keyring_of_oo7_works_and_the_next_process_finds_what_it_left() {
    match std::env::var(STEP).as_deref() {
        Ok("store, replace and delete") => return store_replace_and_delete().await,
        Ok("find what was left") => return find_what_was_left().await,
        _ => {}
    }
    let desk = Desk::new().await;
    take(&desk, "store, replace and delete").await;
    take(&desk, "find what was left").await;
}

/// Runs this test again, as a client with the desk's bus as its session bus.
async fn take(desk: &Desk, step: &str) {
    let module = module_path!().split_once("::").unwrap().1;
    let test = "a_keyring_of_oo7_works_and_the_next_process_finds_what_it_left";
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture", &format!("{module}::{test}")])
        .env("DBUS_SESSION_BUS_ADDRESS", desk.bus.address())
        .env(STEP, step)
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{told}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(told.contains("1 passed"), "{told}");
}

async fn store_replace_and_delete() {
    let keyring = Keyring::new().await.unwrap();
    keyring.unlock().await.unwrap();
    let (ada, bob) = (
        [("app", "azbroker"), ("user", "ada")],
        [("app", "azbroker"), ("user", "bob")],
    );

    keyring
        .create_item("Ada", &ada, "first", true)
        .await
        .unwrap();
    keyring
        .create_item("Ada", &ada, "second", true)
        .await
        .unwrap();
    keyring
        .create_item("Bob", &bob, Secret::blob([0, 255]), true)
        .await
        .unwrap();

    assert_eq!(
        keyring
            .search_items(&[("app", "azbroker")])
            .await
            .unwrap()
            .len(),
        2
    );
    let found = keyring.search_items(&ada).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].label().await.unwrap(), "Ada");
    assert_eq!(found[0].secret().await.unwrap(), Secret::text("second"));
    assert!(!found[0].is_locked().await.unwrap());
    found[0].set_secret("third").await.unwrap();
    found[0].set_label("Ada L.").await.unwrap();

    keyring.delete(&bob).await.unwrap();
    assert!(keyring.search_items(&bob).await.unwrap().is_empty());
}

async fn find_what_was_left() {
    let (one, other) = (Keyring::new().await.unwrap(), Keyring::new().await.unwrap());

    for keyring in [&one, &other] {
        let items = keyring.items().await.unwrap();
        assert_eq!(items.len(), 1);
        assert_eq!(items[0].label().await.unwrap(), "Ada L.");
        assert_eq!(items[0].secret().await.unwrap(), Secret::text("third"));
    }
}
