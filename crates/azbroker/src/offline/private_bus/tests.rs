//! The bus, with connections of zbus as its clients.

use std::os::unix::fs::PermissionsExt;
use std::{fs, io::Read, os::unix::net::UnixStream};

use futures_util::StreamExt;
use tempfile::TempDir;
use zbus::fdo::{DBusProxy, RequestNameFlags, RequestNameReply};
use zbus::names::{BusName, WellKnownName};
use zbus::{Connection, connection::Builder};

use crate::offline::private_folder;

use super::{PrivateBus, PrivateBusError};

/// A private folder, and a bus in it.
fn bus() -> (TempDir, PrivateBus) {
    let folder = private_folder().unwrap();
    let bus = PrivateBus::start(folder.path()).unwrap();
    (folder, bus)
}

fn private_folder_named(name: &str) -> TempDir {
    let private = fs::Permissions::from_mode(0o700);
    tempfile::Builder::new()
        .prefix(name)
        .permissions(private)
        .tempdir()
        .unwrap()
}

async fn client(bus: &PrivateBus) -> Connection {
    Builder::address(bus.address())
        .unwrap()
        .build()
        .await
        .unwrap()
}

/// Answers with what it was given.
struct Echo;

#[zbus::interface(name = "example.Echo")]
impl Echo {
    fn echo(&self, text: String) -> String {
        text
    }
}

#[tokio::test]
async fn a_client_gets_a_name_and_others_see_it_come_and_go() {
    let (_folder, bus) = bus();
    let watcher = client(&bus).await;
    let driver = DBusProxy::new(&watcher).await.unwrap();
    let mut changes = driver
        .receive_name_owner_changed_with_args(&[(0, "example.Name")])
        .await
        .unwrap();

    let owner = client(&bus).await;
    let name = WellKnownName::try_from("example.Name").unwrap();
    let reply = DBusProxy::new(&owner)
        .await
        .unwrap()
        .request_name(name.clone(), RequestNameFlags::DoNotQueue.into())
        .await
        .unwrap();
    assert_eq!(reply, RequestNameReply::PrimaryOwner);

    let came = changes.next().await.unwrap();
    let unique = owner.unique_name().unwrap().clone();
    assert_eq!(
        came.args().unwrap().new_owner.as_ref(),
        Some(unique.inner())
    );
    let owner_name = driver.get_name_owner(BusName::from(name)).await.unwrap();
    assert_eq!(owner_name, unique);

    drop(owner);
    let went = changes.next().await.unwrap();
    assert_eq!(went.args().unwrap().new_owner.as_ref(), None);
}

#[tokio::test]
async fn the_bus_knows_which_process_a_client_is() {
    let (_folder, bus) = bus();
    let client = client(&bus).await;
    let driver = DBusProxy::new(&client).await.unwrap();
    let name = BusName::from(client.unique_name().unwrap().inner().clone());

    let credentials = driver
        .get_connection_credentials(name.clone())
        .await
        .unwrap();

    assert_eq!(credentials.process_id(), Some(std::process::id()));
    assert_eq!(
        driver.get_connection_unix_process_id(name).await.unwrap(),
        std::process::id()
    );
}

#[tokio::test]
async fn a_call_to_an_absent_name_is_answered_at_once() {
    let (_folder, bus) = bus();
    let client = client(&bus).await;

    for absent in ["com.microsoft.identity.broker1", ":busd.99"] {
        let error = client
            .call_method(
                Some(absent),
                "/",
                Some("org.freedesktop.DBus.Peer"),
                "Ping",
                &(),
            )
            .await
            .unwrap_err();
        let zbus::Error::MethodError(name, ..) = error else {
            panic!("{absent}: {error}")
        };
        assert_eq!(
            name.as_str(),
            "org.freedesktop.DBus.Error.ServiceUnknown",
            "{absent}"
        );
    }
    // The connection is still good.
    DBusProxy::new(&client)
        .await
        .unwrap()
        .get_id()
        .await
        .unwrap();
}

#[tokio::test]
async fn starting_an_absent_service_fails_at_once() {
    let (_folder, bus) = bus();
    let client = client(&bus).await;
    let driver = DBusProxy::new(&client).await.unwrap();

    let name = WellKnownName::try_from("com.microsoft.identity.broker1").unwrap();

    driver.start_service_by_name(name, 0).await.unwrap_err();
}

#[tokio::test]
async fn a_large_token_passes() {
    let (_folder, bus) = bus();
    let server = Builder::address(bus.address())
        .unwrap()
        .serve_at("/echo", Echo)
        .unwrap()
        .name("example.Echo")
        .unwrap()
        .build()
        .await
        .unwrap();
    let text = "t".repeat(8 * 1024 * 1024);

    let reply = client(&bus)
        .await
        .call_method(
            server.unique_name().cloned(),
            "/echo",
            Some("example.Echo"),
            "Echo",
            &(&text,),
        )
        .await
        .unwrap();

    assert!(reply.body().deserialize::<&str>().unwrap() == text);
}

#[tokio::test]
async fn a_client_which_never_speaks_does_not_stop_the_bus() {
    let (folder, bus) = bus();
    let _mute = UnixStream::connect(folder.path().join("bus")).unwrap();

    DBusProxy::new(&client(&bus).await)
        .await
        .unwrap()
        .get_id()
        .await
        .unwrap();
}

#[tokio::test]
async fn dropping_the_bus_closes_every_connection_and_removes_the_socket() {
    let (folder, bus) = bus();
    let client = client(&bus).await;
    let mut messages = zbus::MessageStream::from(&client);
    let mut raw = UnixStream::connect(folder.path().join("bus")).unwrap();

    drop(bus);

    // An end, or a reset if the bus had not come to accept it.
    assert!(
        matches!(raw.read(&mut [0; 1]), Ok(0) | Err(_)),
        "the socket is closed"
    );
    while let Some(Ok(_)) = messages.next().await {}
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        0,
        "the folder is empty"
    );
}

#[test]
fn a_folder_open_to_others_is_refused() {
    let folder = private_folder().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();

    let error = PrivateBus::start(folder.path()).unwrap_err();

    assert!(matches!(error, PrivateBusError::FolderNotPrivate(path) if path == folder.path()));
}

#[test]
fn a_path_too_long_for_a_socket_is_an_error() {
    let folder = private_folder_named(&"long".repeat(40));

    let error = PrivateBus::start(folder.path()).unwrap_err();

    assert!(matches!(error, PrivateBusError::Listen { .. }), "{error}");
}

#[test]
fn a_path_that_an_address_would_have_to_escape_is_refused() {
    let folder = private_folder_named("with space");

    let error = PrivateBus::start(folder.path()).unwrap_err();

    assert!(matches!(error, PrivateBusError::FolderNotPlain(path) if path == folder.path()));
}

/// Tells that it was asked, and never answers.
struct Silent(tokio::sync::mpsc::UnboundedSender<()>);

#[zbus::interface(name = "example.Silent")]
impl Silent {
    async fn ask(&self) {
        let _ = self.0.send(());
        std::future::pending().await
    }
}

#[tokio::test]
async fn a_call_whose_callee_leaves_is_answered() {
    let (_folder, bus) = bus();
    let (asked, mut is_asked) = tokio::sync::mpsc::unbounded_channel();
    let callee = client(&bus).await;
    callee
        .object_server()
        .at("/example", Silent(asked))
        .await
        .unwrap();
    callee.request_name("example.Silent").await.unwrap();
    let caller = client(&bus).await;
    let call = caller.call_method(
        Some("example.Silent"),
        "/example",
        Some("example.Silent"),
        "Ask",
        &(),
    );
    let leave = async {
        is_asked.recv().await.unwrap();
        callee.close().await.unwrap();
    };
    let (answer, ()) = tokio::join!(call, leave);
    let Err(zbus::Error::MethodError(name, ..)) = answer else {
        panic!("{answer:?}");
    };
    assert_eq!(name, "org.freedesktop.DBus.Error.NoReply");
}
