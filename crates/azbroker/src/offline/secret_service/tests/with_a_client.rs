//! A client that nobody here wrote. It knows no way to a bus but the environment, so it runs in a child of the test.

use std::process::Stdio;

use secret_service::{Collection, EncryptionType, Item, SecretService};
use std::collections::HashMap;
use tokio::process::Command;

use super::Desk;

/// Names the step that a child of the test takes.
const STEP: &str = "SECRET_SERVICE_CLIENT_STEP";

#[tokio::test]
async fn a_client_keeps_items_and_the_next_process_finds_what_it_left() {
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
    let test = "a_client_keeps_items_and_the_next_process_finds_what_it_left";
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
    let service = connect().await;
    let keyring = service.get_default_collection().await.unwrap();
    keyring.unlock().await.unwrap();
    let (ada, bob) = (
        HashMap::from([("app", "azbroker"), ("user", "ada")]),
        HashMap::from([("app", "azbroker"), ("user", "bob")]),
    );

    create(&keyring, "Ada", &ada, b"first").await;
    create(&keyring, "Ada", &ada, b"second").await;
    create(&keyring, "Bob", &bob, &[0, 255]).await;

    let both = HashMap::from([("app", "azbroker")]);
    assert_eq!(keyring.search_items(both).await.unwrap().len(), 2);
    let found = keyring.search_items(ada).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(
        read(&found[0]).await,
        ("Ada".to_owned(), b"second".to_vec())
    );
    assert!(!found[0].is_locked().await.unwrap());
    found[0].set_secret(b"third", "text/plain").await.unwrap();
    found[0].set_label("Ada L.").await.unwrap();

    let bobs = keyring.search_items(bob.clone()).await.unwrap();
    assert_eq!(read(&bobs[0]).await, ("Bob".to_owned(), vec![0, 255]));
    bobs[0].delete().await.unwrap();
    assert!(keyring.search_items(bob).await.unwrap().is_empty());
}

async fn find_what_was_left() {
    for service in [connect().await, connect().await] {
        let keyring = service.get_default_collection().await.unwrap();
        let items = keyring.get_all_items().await.unwrap();
        assert_eq!(items.len(), 1);
        assert_eq!(
            read(&items[0]).await,
            ("Ada L.".to_owned(), b"third".to_vec())
        );
    }
}

/// Our service has no encrypted sessions: its bus is private.
async fn connect() -> SecretService<'static> {
    SecretService::connect(EncryptionType::Plain).await.unwrap()
}

async fn create(keyring: &Collection<'_>, label: &str, by: &HashMap<&str, &str>, secret: &[u8]) {
    let created = keyring.create_item(label, by.clone(), secret, true, "text/plain");
    created.await.unwrap();
}

async fn read(item: &Item<'_>) -> (String, Vec<u8>) {
    (
        item.get_label().await.unwrap(),
        item.get_secret().await.unwrap(),
    )
}
