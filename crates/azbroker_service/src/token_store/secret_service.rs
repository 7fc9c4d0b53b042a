use super::{StoreError, StoredGrant, TokenStore};
use async_trait::async_trait;
use azbroker_entra::{Account, ClientId, HomeAccountId, RefreshToken};
use azure_core::time::OffsetDateTime;
use oo7::dbus::{Collection, Item, Service};
use serde::{Deserialize, Serialize};
use std::{collections::HashMap, time::Duration};
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
            let service = Service::new()
                .await
                .map_err(|_| StoreError::new("the session bus has no Secret Service"))?;
            let collection = service
                .with_alias(Service::DEFAULT_COLLECTION)
                .await
                .map_err(|error| fault(&error))?
                .ok_or_else(|| StoreError::new("the Secret Service has no default keyring"))?;
            if collection
                .is_locked()
                .await
                .map_err(|error| fault(&error))?
            {
                return Err(StoreError::new("the keyring is locked"));
            }
            Ok(Self { collection })
        })
        .await
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
                // A locked or unreadable item is left where it is; the account asks for a sign-in.
                let Ok(secret) = item.secret().await else {
                    tracing::warn!("an item of the keyring cannot be read and is left alone");
                    continue;
                };
                match serde_json::from_slice::<Record>(secret.as_bytes()) {
                    Ok(record) => grants.extend(record.into_grant()),
                    Err(_) => {
                        tracing::warn!(
                            "an item of the keyring is of an unknown form and is left alone"
                        );
                    }
                }
            }
            Ok(grants)
        })
        .await
    }

    async fn save(&self, grant: &StoredGrant) -> Result<(), StoreError> {
        within(async {
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
        })
        .await
    }

    async fn remove(
        &self,
        environment: &str,
        home_account_id: &HomeAccountId,
        client_id: Option<&ClientId>,
    ) -> Result<(), StoreError> {
        within(async {
            let attributes = attributes(Some((environment, home_account_id)), client_id);
            for item in self.search(&attributes).await? {
                item.delete(None).await.map_err(|error| fault(&error))?;
            }
            Ok(())
        })
        .await
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

/// The form of an item's secret. Version 1 is the only one so far.
#[derive(Serialize, Deserialize)]
struct Record {
    version: u32,
    client_id: String,
    refresh_token: Zeroizing<String>,
    /// In nanoseconds since 1970: of two sign-ins within a second the later one is still the default.
    signed_in_on: i128,
    environment: String,
    home_account_id: String,
    local_account_id: String,
    tenant_id: String,
    username: String,
    name: String,
    given_name: String,
    family_name: String,
}

impl Record {
    const VERSION: u32 = 1;

    fn of(grant: &StoredGrant) -> Self {
        let account = grant.account.clone();
        Self {
            version: Self::VERSION,
            client_id: grant.client_id.to_string(),
            refresh_token: Zeroizing::new(grant.refresh_token.expose().to_owned()),
            signed_in_on: grant.signed_in_on.unix_timestamp_nanos(),
            environment: account.environment,
            home_account_id: account.home_account_id.to_string(),
            local_account_id: account.local_account_id,
            tenant_id: account.tenant_id,
            username: account.username,
            name: account.name,
            given_name: account.given_name,
            family_name: account.family_name,
        }
    }

    fn into_grant(self) -> Option<StoredGrant> {
        if self.version != Self::VERSION {
            tracing::warn!("an item of the keyring is of another version and is left alone");
            return None;
        }
        Some(StoredGrant {
            account: Account {
                environment: self.environment,
                home_account_id: HomeAccountId::parse(&self.home_account_id)?,
                local_account_id: self.local_account_id,
                tenant_id: self.tenant_id,
                username: self.username,
                name: self.name,
                given_name: self.given_name,
                family_name: self.family_name,
            },
            client_id: ClientId::parse(&self.client_id).ok()?,
            refresh_token: RefreshToken::new(self.refresh_token.as_str().to_owned()),
            signed_in_on: OffsetDateTime::from_unix_timestamp_nanos(self.signed_in_on).ok()?,
        })
    }
}
