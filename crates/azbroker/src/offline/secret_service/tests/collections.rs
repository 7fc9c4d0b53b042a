//! Collections: their properties, signals and aliases.

use std::collections::HashMap;

use futures_util::StreamExt;
use zbus::Proxy;
use zbus::zvariant::{OwnedObjectPath, Value};

use super::super::paths;
use super::super::store::Attributes;
use super::{ALIAS, Desk, LOGIN, NO_SUCH_OBJECT, error_name};

#[tokio::test]
async fn watchers_of_a_collection_hear_of_its_items() {
    let desk = Desk::new().await;
    let (ada, bob) = (desk.client().await, desk.client().await);
    let collection = Proxy::new(
        &bob.0,
        paths::NAME,
        LOGIN,
        "org.freedesktop.Secret.Collection",
    )
    .await
    .unwrap();
    let mut signals = collection.receive_all_signals().await.unwrap();
    let session = ada.open_session().await;

    let item = ada
        .create(ALIAS, &session, &[("a", "b")], "1", true)
        .await
        .unwrap();
    ada.create(ALIAS, &session, &[("a", "b")], "2", true)
        .await
        .unwrap();
    let secret = (&session, Vec::<u8>::new(), b"3".to_vec(), "text/plain");
    ada.call(item.as_str(), "Item", "SetSecret", &(secret,))
        .await
        .unwrap();
    ada.call(item.as_str(), "Item", "Delete", &())
        .await
        .unwrap();

    for expected in ["ItemCreated", "ItemChanged", "ItemChanged", "ItemDeleted"] {
        let signal = signals.next().await.unwrap();
        assert_eq!(signal.header().member().unwrap().as_str(), expected);
        assert_eq!(
            signal.body().deserialize::<OwnedObjectPath>().unwrap(),
            item
        );
    }
    assert!(bob.search(&[("a", "b")]).await.is_empty());
    ada.secret(&item, &session).await.unwrap_err();
}

#[tokio::test]
async fn properties_are_those_of_an_open_drawer() {
    let desk = Desk::new().await;
    let client = desk.client().await;
    let session = client.open_session().await;
    let item = client
        .create(ALIAS, &session, &[("a", "b")], "1", true)
        .await
        .unwrap();

    for path in [LOGIN, ALIAS, "/org/freedesktop/secrets/aliases/default"] {
        let mut found = client.all_properties(path, "Collection").await.unwrap();
        let items = found.remove("Items").unwrap();
        assert_eq!(
            Vec::<OwnedObjectPath>::try_from(items).unwrap(),
            std::slice::from_ref(&item),
            "{path}"
        );
        assert_eq!(found["Locked"], false.into(), "{path}");
        assert_eq!(found["Created"], 1_700_000_000_u64.into(), "{path}");
    }
    let mut found = client.all_properties(item.as_str(), "Item").await.unwrap();
    assert_eq!(
        String::try_from(found.remove("Label").unwrap()).unwrap(),
        "MSAL"
    );
    let attributes = Attributes::try_from(found.remove("Attributes").unwrap()).unwrap();
    assert_eq!(
        attributes,
        HashMap::from([("a".to_owned(), "b".to_owned())])
    );
    assert_eq!(found["Locked"], false.into());
    assert_eq!(found["Modified"], 1_700_000_000_u64.into());
}

#[tokio::test]
async fn a_collection_can_be_made_aliased_and_deleted() {
    let desk = Desk::new().await;
    let client = desk.client().await;
    let session = client.open_session().await;
    let label = HashMap::from([(
        "org.freedesktop.Secret.Collection.Label",
        Value::from("Work"),
    )]);
    let alias = "/org/freedesktop/secrets/aliases/work";

    let made = client
        .call(
            paths::SERVICE,
            "Service",
            "CreateCollection",
            &(label, "work"),
        )
        .await
        .unwrap();
    let (made, _) = made
        .body()
        .deserialize::<(OwnedObjectPath, OwnedObjectPath)>()
        .unwrap();
    let item = client
        .create(alias, &session, &[("a", "b")], "1", true)
        .await
        .unwrap();
    assert!(item.as_str().starts_with(made.as_str()), "{item}");
    let read = client
        .call(paths::SERVICE, "Service", "ReadAlias", &("work",))
        .await
        .unwrap();
    assert_eq!(read.body().deserialize::<OwnedObjectPath>().unwrap(), made);

    client
        .call(alias, "Collection", "Delete", &())
        .await
        .unwrap();
    assert!(client.search(&[("a", "b")]).await.is_empty());
    assert_eq!(
        error_name(client.create(alias, &session, &[], "1", true).await),
        NO_SUCH_OBJECT
    );
    let read = client
        .call(paths::SERVICE, "Service", "ReadAlias", &("work",))
        .await
        .unwrap();
    assert_eq!(
        read.body().deserialize::<OwnedObjectPath>().unwrap(),
        paths::none()
    );

    let login = OwnedObjectPath::try_from(LOGIN).unwrap();
    client
        .call(paths::SERVICE, "Service", "SetAlias", &("work", &login))
        .await
        .unwrap();
    client
        .create(alias, &session, &[("c", "d")], "1", true)
        .await
        .unwrap();
    let nowhere = OwnedObjectPath::try_from("/org/freedesktop/secrets/collection/nowhere").unwrap();
    let refused = client
        .call(paths::SERVICE, "Service", "SetAlias", &("work", &nowhere))
        .await;
    assert_eq!(error_name(refused), NO_SUCH_OBJECT);
}
