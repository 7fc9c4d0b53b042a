use super::{HeldToken, RefreshTokenStore, TokenKind, record::Record};
use crate::{Error, ErrorKind, Result, environment::Keyring};
use async_trait::async_trait;
use azbroker_entra::{ClientId, Clock};
use secret_service::{Collection, EncryptionType, Item, SecretService};
use std::{collections::HashMap, fmt, sync::Arc, time::Duration};
use tokio::sync::OnceCell;
use zbus::zvariant::OwnedObjectPath;
use zeroize::Zeroizing;

/// Keeps refresh tokens in the desktop's keyring, one item for each, so that programs at the same time do not
/// write over each other's.
#[derive(Debug)]
pub(crate) struct KeyringStore {
    name: String,
    keyring: Keyring,
    clock: Arc<dyn Clock>,
    connected: OnceCell<Connected>,
}

struct Connected {
    service: SecretService<'static>,
    collection: OwnedObjectPath,
}

impl fmt::Debug for Connected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Connected");
        shown
            .field("collection", &self.collection)
            .finish_non_exhaustive()
    }
}

impl KeyringStore {
    /// The cache of this name; nothing is connected to yet.
    pub(crate) fn new(name: &str, keyring: Keyring, clock: Arc<dyn Clock>) -> Self {
        Self {
            name: name.to_owned(),
            keyring,
            clock,
            connected: OnceCell::new(),
        }
    }

    /// Whether the keyring is there and unlocked.
    pub(super) async fn is_usable(&self) -> Result<()> {
        self.connected().await.map(drop)
    }

    async fn connected(&self) -> Result<&Connected> {
        let connected = self.connected.get_or_try_init(|| within(self.connect()));
        connected.await
    }

    async fn connect(&self) -> Result<Connected> {
        let service = match self.keyring {
            Keyring::OfSession => session().await,
            #[cfg(test)]
            Keyring::Missing => return Err(unusable("this session has none", None)),
        };
        let service = service.map_err(|error| unusable("this session has none", Some(&error)))?;
        let collection = match service.get_default_collection().await {
            Ok(collection) => collection,
            Err(secret_service::Error::NoResult) => {
                return Err(unusable("it has no default collection", None));
            }
            Err(error) => return Err(unusable("it does not answer", Some(&error))),
        };
        // Whoever waits for a dialog that nobody sees waits for ever.
        match collection.is_locked().await {
            Ok(false) => {}
            Ok(true) => return Err(unusable("it is locked", None)),
            Err(error) => return Err(unusable("it does not answer", Some(&error))),
        }
        let collection = collection.collection_path.clone();
        Ok(Connected {
            service,
            collection,
        })
    }

    fn attributes(&self, client_id: &ClientId) -> HashMap<&'static str, String> {
        HashMap::from([
            ("xdg:schema", SCHEMA.to_owned()),
            ("cache", self.name.clone()),
            ("client-id", client_id.to_string()),
        ])
    }

    fn attributes_of(&self, token: &HeldToken) -> HashMap<&'static str, String> {
        let mut attributes = self.attributes(&token.client_id);
        let account = &token.account;
        attributes.insert("environment", account.environment.clone());
        attributes.insert("home-account-id", account.home_account_id.to_string());
        let kind = match token.kind {
            TokenKind::Plain => "plain",
            TokenKind::ContinuousAccessEvaluation => "cae",
        };
        attributes.insert("kind", kind.to_owned());
        attributes
    }
}

impl Connected {
    async fn collection(&self) -> Result<Collection<'_>> {
        let path = self.collection.clone();
        let collection = self.service.get_collection_by_path(path).await;
        collection.map_err(|error| unusable("it does not answer", Some(&error)))
    }

    async fn search(&self, attributes: &HashMap<&'static str, String>) -> Result<Vec<Item<'_>>> {
        let no_answer = |error: secret_service::Error| unusable("it does not answer", Some(&error));
        let collection = self.collection().await?;
        let found = collection.search_items(borrowed(attributes)).await;
        let mut items = Vec::new();
        for found in found.map_err(no_answer)? {
            // The one found ends with the collection.
            let item = self.service.get_item_by_path(found.item_path.clone());
            items.push(item.await.map_err(no_answer)?);
        }
        Ok(items)
    }
}

#[async_trait]
impl RefreshTokenStore for KeyringStore {
    async fn list(&self, client_id: &ClientId) -> Result<Vec<HeldToken>> {
        within(async {
            let mut records = Vec::new();
            let keyring = self.connected().await?;
            for item in keyring.search(&self.attributes(client_id)).await? {
                let Ok(secret) = item.get_secret().await.map(Zeroizing::new) else {
                    continue;
                };
                match serde_json::from_slice::<Record>(&secret) {
                    Ok(record) => records.push(record),
                    Err(_) => tracing::warn!("an item of the keyring is of an unknown form"),
                }
            }
            records.sort_by_key(|record| record.kept_on);
            Ok(records.into_iter().filter_map(Record::into_held).collect())
        })
        .await
    }

    async fn keep(&self, token: &HeldToken) -> Result<()> {
        within(async {
            let record = Record::of(token, self.clock.now().unix_timestamp());
            let json = serde_json::to_vec(&record)
                .map_err(|error| unusable("the account cannot be written", Some(&error)))?;
            let json = Zeroizing::new(json);
            self.connected()
                .await?
                .collection()
                .await?
                .create_item(
                    &format!("{}: {}", self.name, token.account.username),
                    borrowed(&self.attributes_of(token)),
                    &json,
                    true,
                    "application/octet-stream",
                )
                .await
                .map(drop)
                .map_err(|error| unusable("it takes no item", Some(&error)))
        })
        .await
    }

    async fn forget(&self, token: &HeldToken) -> Result<()> {
        within(async {
            let keyring = self.connected().await?;
            for item in keyring.search(&self.attributes_of(token)).await? {
                let Ok(secret) = item.get_secret().await.map(Zeroizing::new) else {
                    continue;
                };
                let record = serde_json::from_slice::<Record>(&secret);
                // Another program may have put a newer one there.
                if record.is_ok_and(|record| record.holds(token)) {
                    item.delete()
                        .await
                        .map_err(|error| unusable("it keeps an item", Some(&error)))?;
                }
            }
            Ok(())
        })
        .await
    }
}

/// Secrets cross the bus encrypted, but for services that know no such session.
async fn session() -> std::result::Result<SecretService<'static>, secret_service::Error> {
    match SecretService::connect(EncryptionType::Dh).await {
        Err(secret_service::Error::Zbus(zbus::Error::MethodError(name, ..)))
            if name.as_str() == "org.freedesktop.DBus.Error.NotSupported" =>
        {
            SecretService::connect(EncryptionType::Plain).await
        }
        other => other,
    }
}

fn borrowed<'a>(attributes: &'a HashMap<&'static str, String>) -> HashMap<&'a str, &'a str> {
    let pairs = attributes.iter();
    pairs.map(|(name, value)| (*name, &**value)).collect()
}

/// A keyring that takes longer is waiting for somebody, or hangs.
const LONGEST: Duration = Duration::from_secs(3);

async fn within<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::time::timeout(LONGEST, work)
        .await
        .unwrap_or_else(|_| Err(unusable("it does not answer in time", None)))
}

fn unusable(why: &str, cause: Option<&(dyn std::error::Error + 'static)>) -> Error {
    let message = format!("the keyring cannot keep the sign-in: {why}");
    let error = Error::new(ErrorKind::Unavailable, message).with_next_step(
        "unlock the desktop's keyring, or leave `token_cache_persistence` out, or say `unsafe_allow_unencrypted_storage`",
    );
    match cause {
        Some(cause) => error.with_cause(cause),
        None => error,
    }
}

const SCHEMA: &str = "com.github.azbroker.TokenCache";
