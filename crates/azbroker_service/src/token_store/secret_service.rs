use super::{StoreError, StoredGrant, TokenStore, record::Record};
use async_trait::async_trait;
use azbroker_entra::{ClientId, HomeAccountId, RefreshToken};
use secret_service::{Collection, EncryptionType, Error, Item, SecretService};
use std::{collections::HashMap, fmt, time::Duration};
use zbus::{fdo::DBusProxy, zvariant::OwnedObjectPath};
use zeroize::Zeroizing;

/// The desktop's keyring: one item for each account and application, in the default collection.
pub(crate) struct SecretServiceStore {
    service: SecretService<'static>,
    collection: OwnedObjectPath,
}

impl fmt::Debug for SecretServiceStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("SecretServiceStore");
        shown
            .field("collection", &self.collection)
            .finish_non_exhaustive()
    }
}

impl SecretServiceStore {
    /// Connects, without ever making a keyring or asking for one to be unlocked: nobody may be there to
    /// answer the dialog.
    ///
    /// # Errors
    ///
    /// Says why the Secret Service cannot be used.
    pub(crate) async fn open() -> Result<Self, StoreError> {
        within(async {
            let service = session(&start().await?).await?;
            let collection = match service.get_default_collection().await {
                Ok(collection) => collection.collection_path.clone(),
                Err(Error::NoResult) => {
                    return Err(StoreError::absent(
                        "the Secret Service has no default keyring",
                    ));
                }
                Err(error) => return Err(fault(&error)),
            };
            let store = Self {
                service,
                collection,
            };
            store.unlocked().await?;
            Ok(store)
        })
        .await
    }

    async fn collection(&self) -> Result<Collection<'_>, StoreError> {
        let collection = self
            .service
            .get_collection_by_path(self.collection.clone())
            .await;
        collection.map_err(|error| fault(&error))
    }

    /// Whoever asks a locked keyring for something has it show a dialog.
    async fn unlocked(&self) -> Result<(), StoreError> {
        let locked = self.collection().await?.is_locked().await;
        match locked.map_err(|error| fault(&error))? {
            true => Err(StoreError::new("the keyring is locked").with_cure("unlock the keyring")),
            false => Ok(()),
        }
    }

    async fn put(&self, grant: &StoredGrant) -> Result<(), StoreError> {
        let account = (&*grant.account.environment, &grant.account.home_account_id);
        let json = Zeroizing::new(
            serde_json::to_vec(&Record::of(grant))
                .map_err(|_| StoreError::new("the account cannot be written"))?,
        );
        let attributes = attributes(Some(account), Some(&grant.client_id));
        self.collection()
            .await?
            .create_item(
                &format!("azbroker: {}", grant.account.username),
                borrowed(&attributes),
                &json,
                true,
                "application/octet-stream",
            )
            .await
            .map(drop)
            .map_err(|error| fault(&error))
    }

    async fn delete(&self, attributes: &HashMap<&'static str, String>) -> Result<(), StoreError> {
        self.unlocked().await?;
        for item in self.search(attributes).await? {
            item.delete().await.map_err(|error| fault(&error))?;
        }
        Ok(())
    }

    async fn search(
        &self,
        attributes: &HashMap<&'static str, String>,
    ) -> Result<Vec<Item<'_>>, StoreError> {
        let collection = self.collection().await?;
        let found = collection.search_items(borrowed(attributes)).await;
        let mut items = Vec::new();
        for found in found.map_err(|error| fault(&error))? {
            // The one found ends with the collection.
            let item = self.service.get_item_by_path(found.item_path.clone());
            items.push(item.await.map_err(|error| fault(&error))?);
        }
        Ok(items)
    }
}

#[async_trait]
impl TokenStore for SecretServiceStore {
    fn description(&self) -> &str {
        "Secret Service"
    }

    async fn load(&self) -> Result<Vec<StoredGrant>, StoreError> {
        within(async {
            let mut grants = Vec::new();
            for item in self.search(&attributes(None, None)).await? {
                let secret = match item.get_secret().await {
                    Ok(secret) => Zeroizing::new(secret),
                    // The keyring was ended and has come back meanwhile: nothing more can be read this way.
                    Err(error) if is_method_error(&error, NO_SESSION) => {
                        return Err(fault(&error));
                    }
                    // A locked or unreadable item is left where it is; the account asks for a sign-in. But a
                    // keyring that has gone must not be taken for one that has no more in it.
                    Err(_) => {
                        self.unlocked().await?;
                        tracing::warn!("an item of the keyring cannot be read and is left alone");
                        continue;
                    }
                };
                let record = serde_json::from_slice::<Record>(&secret).ok();
                match record.and_then(Record::into_grant) {
                    Some(grant) => grants.push(grant),
                    None => tracing::warn!(
                        "an item of the keyring is of an unknown form or version and is left alone"
                    ),
                }
            }
            Ok(grants)
        })
        .await
    }

    async fn save(&self, grant: &StoredGrant) -> Result<(), StoreError> {
        within(async {
            self.unlocked().await?;
            self.put(grant).await
        })
        .await
    }

    async fn save_renewed(&self, grant: &StoredGrant) -> Result<bool, StoreError> {
        within(async {
            self.unlocked().await?;
            let account = (&*grant.account.environment, &grant.account.home_account_id);
            let attributes = attributes(Some(account), Some(&grant.client_id));
            if self.search(&attributes).await?.is_empty() {
                return Ok(false);
            }
            self.put(grant).await?;
            Ok(true)
        })
        .await
    }

    async fn save_in_place_of(
        &self,
        grant: &StoredGrant,
        refused: &RefreshToken,
    ) -> Result<(), StoreError> {
        within(async {
            self.unlocked().await?;
            let account = (&*grant.account.environment, &grant.account.home_account_id);
            let attributes = attributes(Some(account), Some(&grant.client_id));
            for item in self.search(&attributes).await? {
                let secret = item.get_secret().await.map_err(|error| fault(&error))?;
                let secret = Zeroizing::new(secret);
                let kept = serde_json::from_slice::<Record>(&secret).ok();
                let kept = kept.and_then(Record::into_grant);
                if kept.and_then(|kept| kept.refresh_token).as_ref() == Some(refused) {
                    return self.put(grant).await;
                }
            }
            Ok(())
        })
        .await
    }

    async fn remove(
        &self,
        environment: &str,
        home_account_id: &HomeAccountId,
        client_id: Option<&ClientId>,
    ) -> Result<(), StoreError> {
        within(self.delete(&attributes(Some((environment, home_account_id)), client_id))).await
    }

    /// Items of a version that this broker does not know are ours too.
    async fn remove_all(&self) -> Result<(), StoreError> {
        within(self.delete(&attributes(None, None))).await
    }
}

/// A keyring that takes longer is waiting for somebody, or hangs.
const LONGEST: Duration = Duration::from_secs(3);

async fn within<T>(work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    tokio::time::timeout(LONGEST, work)
        .await
        .unwrap_or_else(|_| {
            Err(StoreError::new(format!(
                "the Secret Service did not answer within {} s",
                LONGEST.as_secs()
            )))
        })
}

/// Has the bus start the service where it is not there yet. Some buses leave a call to nobody unanswered, but not
/// this question.
async fn start() -> Result<zbus::Connection, StoreError> {
    let absent = || StoreError::absent("the session bus has no Secret Service");
    let connection = zbus::Connection::session().await.map_err(|_| absent())?;
    let bus = DBusProxy::new(&connection).await.map_err(|_| absent())?;
    const NAME: &str = "org.freedesktop.secrets";
    let name = NAME.try_into().map_err(|_| absent())?;
    // Password managers are there without being startable, and a bus refuses to start those.
    if bus.name_has_owner(name).await.is_ok_and(|there| there) {
        return Ok(connection);
    }
    let name = NAME.try_into().map_err(|_| absent())?;
    let started = bus.start_service_by_name(name, 0).await;
    started.map_err(|_| absent())?;
    Ok(connection)
}

/// Secrets cross the bus encrypted, but for services that know no such session.
async fn session(bus: &zbus::Connection) -> Result<SecretService<'static>, StoreError> {
    let mut service = SecretService::connect_with_existing(EncryptionType::Dh, bus.clone()).await;
    if let Err(error) = &service
        && is_method_error(error, NOT_SUPPORTED)
    {
        service = SecretService::connect_with_existing(EncryptionType::Plain, bus.clone()).await;
    }
    service.map_err(|error| fault(&error))
}

/// What an item is found by. None of it is secret: the service shows attributes to everybody.
fn attributes(
    account: Option<(&str, &HomeAccountId)>,
    client_id: Option<&ClientId>,
) -> HashMap<&'static str, String> {
    let mut attributes = HashMap::from([("xdg:schema", SCHEMA.to_owned())]);
    if let Some((environment, home_account_id)) = account {
        attributes.insert("environment", environment.to_owned());
        attributes.insert("home-account-id", home_account_id.to_string());
    }
    if let Some(client_id) = client_id {
        attributes.insert("client-id", client_id.to_string());
    }
    attributes
}

fn borrowed<'a>(attributes: &'a HashMap<&'static str, String>) -> HashMap<&'a str, &'a str> {
    let pairs = attributes.iter();
    pairs.map(|(name, value)| (*name, &**value)).collect()
}

const SCHEMA: &str = "com.github.azbroker.RefreshToken";
const NO_SESSION: &str = "org.freedesktop.Secret.Error.NoSession";
const NOT_SUPPORTED: &str = "org.freedesktop.DBus.Error.NotSupported";

fn is_method_error(error: &Error, name: &str) -> bool {
    matches!(error, Error::Zbus(zbus::Error::MethodError(given, ..)) if given.as_str() == name)
}

fn fault(error: &Error) -> StoreError {
    StoreError::new(format!("the Secret Service failed: {error}"))
}
