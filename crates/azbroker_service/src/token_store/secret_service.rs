use super::{StoreError, StoredGrant, TokenStore, record::Record};
use async_trait::async_trait;
use azbroker_entra::{ClientId, HomeAccountId, RefreshToken};
use oo7::dbus::{Collection, Error, Item, Service, ServiceError};
use std::{collections::HashMap, time::Duration};
use zbus::fdo::DBusProxy;
use zeroize::Zeroizing;

/// The desktop's keyring: one item for each account and application, in the default collection.
#[derive(Debug)]
pub(crate) struct SecretServiceStore {
    collection: Collection,
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
            start().await?;
            let service = Service::new().await.map_err(|error| fault(&error))?;
            let collection = service
                .with_alias(Service::DEFAULT_COLLECTION)
                .await
                .map_err(|error| fault(&error))?
                .ok_or_else(|| StoreError::absent("the Secret Service has no default keyring"))?;
            let store = Self { collection };
            store.unlocked().await?;
            Ok(store)
        })
        .await
    }

    /// Whoever asks a locked keyring for something has it show a dialog.
    async fn unlocked(&self) -> Result<(), StoreError> {
        let locked = self.collection.is_locked().await;
        match locked.map_err(|error| fault(&error))? {
            true => Err(StoreError::new("the keyring is locked")),
            false => Ok(()),
        }
    }

    async fn put(&self, grant: &StoredGrant) -> Result<(), StoreError> {
        let account = (&*grant.account.environment, &grant.account.home_account_id);
        let json = Zeroizing::new(
            serde_json::to_vec(&Record::of(grant))
                .map_err(|_| StoreError::new("the account cannot be written"))?,
        );
        self.collection
            .create_item(
                &format!("azbroker: {}", grant.account.username),
                &attributes(Some(account), Some(&grant.client_id)),
                oo7::Secret::blob(json.as_slice()),
                true,
                None,
            )
            .await
            .map(drop)
            .map_err(|error| fault(&error))
    }

    async fn delete(&self, attributes: &HashMap<&'static str, String>) -> Result<(), StoreError> {
        self.unlocked().await?;
        for item in self.search(attributes).await? {
            item.delete(None).await.map_err(|error| fault(&error))?;
        }
        Ok(())
    }

    async fn search(
        &self,
        attributes: &HashMap<&'static str, String>,
    ) -> Result<Vec<Item>, StoreError> {
        self.collection
            .search_items(attributes)
            .await
            .map_err(|error| fault(&error))
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
                let secret = match item.secret().await {
                    Ok(secret) => secret,
                    // The keyring was ended and has come back meanwhile: nothing more can be read this way.
                    Err(error @ Error::Service(ServiceError::NoSession(_))) => {
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
                let record = serde_json::from_slice::<Record>(secret.as_bytes()).ok();
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
                let secret = item.secret().await.map_err(|error| fault(&error))?;
                let kept = serde_json::from_slice::<Record>(secret.as_bytes()).ok();
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
async fn start() -> Result<(), StoreError> {
    let absent = || StoreError::absent("the session bus has no Secret Service");
    let connection = zbus::Connection::session().await.map_err(|_| absent())?;
    let bus = DBusProxy::new(&connection).await.map_err(|_| absent())?;
    const NAME: &str = "org.freedesktop.secrets";
    let name = NAME.try_into().map_err(|_| absent())?;
    // Password managers are there without being startable, and a bus refuses to start those.
    if bus.name_has_owner(name).await.is_ok_and(|there| there) {
        return Ok(());
    }
    let name = NAME.try_into().map_err(|_| absent())?;
    let started = bus.start_service_by_name(name, 0).await;
    started.map(drop).map_err(|_| absent())
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

const SCHEMA: &str = "com.github.azbroker.RefreshToken";

fn fault(error: &oo7::dbus::Error) -> StoreError {
    StoreError::new(format!("the Secret Service failed: {error}"))
}
