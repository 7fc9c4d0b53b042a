//! The secret service on a private bus: call by call, and with somebody else's client.

mod collections;
mod lifetimes;
mod with_a_client;

use std::collections::HashMap;
use std::time::{Duration, UNIX_EPOCH};

use tempfile::TempDir;
use zbus::connection::Builder;
use zbus::fdo::PropertiesProxy;
use zbus::zvariant::{OwnedObjectPath, OwnedValue, Value};
use zbus::{Connection, Message};

use super::store::StoredSecret;
use super::{SecretService, SecretServiceError, paths};
use crate::offline::{PrivateBus, private_folder};

type Secret = (OwnedObjectPath, Vec<u8>, Vec<u8>, String);

/// A bus with nothing but the secret service on it.
struct Desk {
    _folder: TempDir,
    bus: PrivateBus,
    service: Option<SecretService>,
}

impl Desk {
    async fn new() -> Self {
        let folder = private_folder().unwrap();
        let bus = PrivateBus::start(folder.path()).unwrap();
        let service = start(&bus).await.unwrap();
        Self {
            _folder: folder,
            bus,
            service: Some(service),
        }
    }

    async fn client(&self) -> Client {
        Client(
            Builder::address(self.bus.address())
                .unwrap()
                .build()
                .await
                .unwrap(),
        )
    }
}

async fn start(bus: &PrivateBus) -> Result<SecretService, SecretServiceError> {
    SecretService::start(bus.address(), || {
        UNIX_EPOCH + Duration::from_secs(1_700_000_000)
    })
    .await
}

/// A caller on the bus.
struct Client(Connection);

impl Client {
    async fn call<B>(
        &self,
        path: &str,
        interface: &str,
        method: &str,
        body: &B,
    ) -> zbus::Result<Message>
    where
        B: serde::Serialize + zbus::zvariant::DynamicType,
    {
        let interface = format!("org.freedesktop.Secret.{interface}");
        self.0
            .call_method(
                Some(paths::NAME),
                path,
                Some(interface.as_str()),
                method,
                body,
            )
            .await
    }

    async fn open_session(&self) -> OwnedObjectPath {
        let reply = self
            .call(
                paths::SERVICE,
                "Service",
                "OpenSession",
                &("plain", Value::from("")),
            )
            .await;
        reply
            .unwrap()
            .body()
            .deserialize::<(OwnedValue, OwnedObjectPath)>()
            .unwrap()
            .1
    }

    async fn create(
        &self,
        at: &str,
        session: &OwnedObjectPath,
        attributes: &[(&str, &str)],
        secret: &str,
        replace: bool,
    ) -> zbus::Result<OwnedObjectPath> {
        let attributes: HashMap<&str, &str> = attributes.iter().copied().collect();
        let properties: HashMap<&str, Value<'_>> = HashMap::from([
            ("org.freedesktop.Secret.Item.Label", Value::from("MSAL")),
            (
                "org.freedesktop.Secret.Item.Attributes",
                Value::from(attributes),
            ),
        ]);
        let secret = (session, Vec::<u8>::new(), secret.as_bytes(), "text/plain");
        let reply = self
            .call(
                at,
                "Collection",
                "CreateItem",
                &(properties, secret, replace),
            )
            .await?;
        let (item, prompt) = reply
            .body()
            .deserialize::<(OwnedObjectPath, OwnedObjectPath)>()?;
        assert_eq!(prompt, paths::none());
        Ok(item)
    }

    async fn search(&self, attributes: &[(&str, &str)]) -> Vec<OwnedObjectPath> {
        let attributes: HashMap<&str, &str> = attributes.iter().copied().collect();
        let reply = self
            .call(paths::SERVICE, "Service", "SearchItems", &(attributes,))
            .await
            .unwrap();
        let (unlocked, locked) = reply
            .body()
            .deserialize::<(Vec<OwnedObjectPath>, Vec<OwnedObjectPath>)>()
            .unwrap();
        assert!(locked.is_empty());
        unlocked
    }

    async fn secret(
        &self,
        item: &OwnedObjectPath,
        session: &OwnedObjectPath,
    ) -> zbus::Result<String> {
        let reply = self
            .call(item.as_str(), "Item", "GetSecret", &(session,))
            .await?;
        let (secret,) = reply.body().deserialize::<(Secret,)>()?;
        Ok(String::from_utf8(secret.2).unwrap())
    }

    async fn all_properties(
        &self,
        path: &str,
        interface: &str,
    ) -> zbus::fdo::Result<HashMap<String, OwnedValue>> {
        let properties = PropertiesProxy::new(&self.0, paths::NAME, path)
            .await
            .unwrap();
        let interface = format!("org.freedesktop.Secret.{interface}");
        properties
            .get_all(interface.as_str().try_into().unwrap())
            .await
    }
}

/// The name of the error on the bus.
fn error_name<T: std::fmt::Debug>(result: zbus::Result<T>) -> String {
    match result.unwrap_err() {
        zbus::Error::MethodError(name, ..) => name.to_string(),
        other => panic!("{other}"),
    }
}

const LOGIN: &str = "/org/freedesktop/secrets/collection/login";
const ALIAS: &str = "/org/freedesktop/secrets/aliases/login";
const NO_SESSION: &str = "org.freedesktop.Secret.Error.NoSession";
const NO_SUCH_OBJECT: &str = "org.freedesktop.Secret.Error.NoSuchObject";

#[tokio::test]
async fn the_calls_of_microsofts_runtime_are_answered() {
    let desk = Desk::new().await;
    let client = desk.client().await;

    let properties = client
        .all_properties(paths::SERVICE, "Service")
        .await
        .unwrap();
    assert!(properties.contains_key("Collections"));
    let encrypted = (
        "dh-ietf1024-sha256-aes128-cbc-pkcs7",
        Value::from(vec![1_u8; 128]),
    );
    let refused = client
        .call(paths::SERVICE, "Service", "OpenSession", &encrypted)
        .await;
    assert_eq!(
        error_name(refused),
        "org.freedesktop.DBus.Error.NotSupported"
    );
    let session = client.open_session().await;
    let attributes = [("xdg:schema", "com.microsoft.identity.secret"), ("id", "1")];
    assert!(client.search(&attributes).await.is_empty());
    let item = client
        .create(ALIAS, &session, &attributes, "token", true)
        .await
        .unwrap();

    assert!(item.as_str().starts_with(LOGIN), "{item}");
    assert_eq!(
        client.search(&attributes).await,
        std::slice::from_ref(&item)
    );
    assert_eq!(client.secret(&item, &session).await.unwrap(), "token");
    let unlocked = client
        .call(paths::SERVICE, "Service", "Unlock", &(vec![&item],))
        .await
        .unwrap();
    let (unlocked, prompt) = unlocked
        .body()
        .deserialize::<(Vec<OwnedObjectPath>, OwnedObjectPath)>()
        .unwrap();
    assert_eq!((unlocked, prompt), (vec![item], paths::none()));
}

#[tokio::test]
async fn replacing_looks_at_the_exact_attributes() {
    let desk = Desk::new().await;
    let client = desk.client().await;
    let session = client.open_session().await;
    let ada = [("user", "ada")];
    let ada_at_work = [("user", "ada"), ("place", "work")];

    let first = client
        .create(LOGIN, &session, &ada, "1", true)
        .await
        .unwrap();
    let other = client
        .create(LOGIN, &session, &ada_at_work, "2", true)
        .await
        .unwrap();
    let again = client
        .create(LOGIN, &session, &ada, "3", true)
        .await
        .unwrap();
    let beside = client
        .create(LOGIN, &session, &ada, "4", false)
        .await
        .unwrap();

    assert_eq!(first, again);
    assert_eq!(client.secret(&first, &session).await.unwrap(), "3");
    assert_eq!(client.search(&ada).await, [first, other.clone(), beside]);
    assert_eq!(client.search(&ada_at_work).await, [other]);
}

#[test]
fn a_stored_secret_does_not_show_itself() {
    let secret = StoredSecret {
        value: b"hunter2".to_vec().into(),
        content_type: "text/plain".to_owned(),
    };

    assert_eq!(format!("{secret:?}"), "StoredSecret");
}
