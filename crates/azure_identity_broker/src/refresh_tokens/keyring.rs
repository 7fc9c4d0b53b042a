use super::{HeldToken, RefreshTokenStore, TokenKind, record::Record};
use crate::{Error, ErrorKind, Result, environment::Keyring};
use async_trait::async_trait;
use azbroker_entra::{ClientId, Clock};
use oo7::dbus::{Collection, Item, Service};
use std::{collections::HashMap, sync::Arc, time::Duration};
use tokio::sync::OnceCell;
use zeroize::Zeroizing;

/// Keeps refresh tokens in the desktop's keyring, one item for each, so that programs at the same time do not
/// write over each other's.
#[derive(Debug)]
pub(crate) struct KeyringStore {
    name: String,
    keyring: Keyring,
    clock: Arc<dyn Clock>,
    collection: OnceCell<Collection>,
}

impl KeyringStore {
    /// The cache of this name; nothing is connected to yet.
    pub(crate) fn new(name: &str, keyring: Keyring, clock: Arc<dyn Clock>) -> Self {
        Self {
            name: name.to_owned(),
            keyring,
            clock,
            collection: OnceCell::new(),
        }
    }

    /// Whether the keyring is there and unlocked.
    pub(super) async fn is_usable(&self) -> Result<()> {
        self.collection().await.map(drop)
    }

    async fn collection(&self) -> Result<&Collection> {
        self.collection
            .get_or_try_init(|| within(self.connect()))
            .await
    }

    async fn connect(&self) -> Result<Collection> {
        let service = match self.keyring {
            Keyring::OfSession => Service::new().await,
            #[cfg(test)]
            Keyring::Missing => return Err(unusable("this session has none", None)),
        };
        let service = service.map_err(|error| unusable("this session has none", Some(&error)))?;
        let collection = service
            .with_alias(Service::DEFAULT_COLLECTION)
            .await
            .map_err(|error| unusable("it does not answer", Some(&error)))?
            .ok_or_else(|| unusable("it has no default collection", None))?;
        // Whoever waits for a dialog that nobody sees waits for ever.
        match collection.is_locked().await {
            Ok(false) => Ok(collection),
            Ok(true) => Err(unusable("it is locked", None)),
            Err(error) => Err(unusable("it does not answer", Some(&error))),
        }
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

    async fn search(&self, attributes: &HashMap<&'static str, String>) -> Result<Vec<Item>> {
        let found = self.collection().await?.search_items(attributes).await;
        found.map_err(|error| unusable("it does not answer", Some(&error)))
    }
}

#[async_trait]
impl RefreshTokenStore for KeyringStore {
    async fn list(&self, client_id: &ClientId) -> Result<Vec<HeldToken>> {
        within(async {
            let mut records = Vec::new();
            for item in self.search(&self.attributes(client_id)).await? {
                let Ok(secret) = item.secret().await else {
                    continue;
                };
                match serde_json::from_slice::<Record>(secret.as_bytes()) {
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
            self.collection()
                .await?
                .create_item(
                    &format!("{}: {}", self.name, token.account.username),
                    &self.attributes_of(token),
                    oo7::Secret::blob(json.as_slice()),
                    true,
                    None,
                )
                .await
                .map(drop)
                .map_err(|error| unusable("it takes no item", Some(&error)))
        })
        .await
    }

    async fn forget(&self, token: &HeldToken) -> Result<()> {
        within(async {
            for item in self.search(&self.attributes_of(token)).await? {
                let Ok(secret) = item.secret().await else {
                    continue;
                };
                let record = serde_json::from_slice::<Record>(secret.as_bytes());
                // Another program may have put a newer one there.
                if record.is_ok_and(|record| record.holds(token)) {
                    item.delete(None)
                        .await
                        .map_err(|error| unusable("it keeps an item", Some(&error)))?;
                }
            }
            Ok(())
        })
        .await
    }
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
