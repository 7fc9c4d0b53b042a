//! How long the service, its sessions and its items last.

use futures_util::StreamExt;
use zbus::fdo::{DBusProxy, PropertiesProxy};
use zbus::names::BusName;

use super::super::{SecretServiceError, paths};
use super::{Desk, LOGIN, NO_SESSION, error_name, start};

#[tokio::test]
async fn a_session_serves_only_who_opened_it() {
    let desk = Desk::new().await;
    let (ada, eve) = (desk.client().await, desk.client().await);
    let session = ada.open_session().await;
    let item = ada
        .create(LOGIN, &session, &[("a", "b")], "secret", true)
        .await
        .unwrap();

    assert_eq!(error_name(eve.secret(&item, &session).await), NO_SESSION);
    assert_eq!(
        error_name(eve.create(LOGIN, &session, &[], "", true).await),
        NO_SESSION
    );
    let items = (vec![&item], &session);
    assert_eq!(
        error_name(
            eve.call(paths::SERVICE, "Service", "GetSecrets", &items)
                .await
        ),
        NO_SESSION
    );
    assert_eq!(
        error_name(eve.call(session.as_str(), "Session", "Close", &()).await),
        NO_SESSION
    );
    assert_eq!(ada.secret(&item, &session).await.unwrap(), "secret");

    ada.call(session.as_str(), "Session", "Close", &())
        .await
        .unwrap();
    assert_eq!(error_name(ada.secret(&item, &session).await), NO_SESSION);
}

#[tokio::test]
async fn a_session_ends_when_its_caller_leaves_and_the_items_stay() {
    let desk = Desk::new().await;
    let (ada, bob) = (desk.client().await, desk.client().await);
    let session = ada.open_session().await;
    ada.create(LOGIN, &session, &[("a", "b")], "secret", true)
        .await
        .unwrap();
    let properties = PropertiesProxy::new(&bob.0, paths::NAME, session.clone())
        .await
        .unwrap();
    let interface = || "org.freedesktop.Secret.Session".try_into().unwrap();
    properties.get_all(interface()).await.unwrap();

    drop(ada);

    // Each call is a turn of the bus; the session's object goes in one of the next.
    let mut turns = 0;
    while properties.get_all(interface()).await.is_ok() {
        turns += 1;
        assert!(turns < 10_000, "the session did not end");
    }
    let item = &bob.search(&[("a", "b")]).await[0];
    assert_eq!(
        bob.secret(item, &bob.open_session().await).await.unwrap(),
        "secret"
    );
}

#[tokio::test]
async fn there_is_one_service_and_it_ends_with_its_value() {
    let mut desk = Desk::new().await;
    let client = desk.client().await;
    let driver = DBusProxy::new(&client.0).await.unwrap();
    let mut changes = driver
        .receive_name_owner_changed_with_args(&[(0, paths::NAME)])
        .await
        .unwrap();
    let name = BusName::try_from(paths::NAME).unwrap();
    assert!(driver.name_has_owner(name).await.unwrap());
    assert!(matches!(
        start(&desk.bus).await,
        Err(SecretServiceError::Taken)
    ));

    drop(desk.service.take());

    assert!(
        changes
            .next()
            .await
            .unwrap()
            .args()
            .unwrap()
            .new_owner
            .is_none()
    );
    desk.service = Some(start(&desk.bus).await.unwrap());
}
