use crate::token_store::{MemoryStore, SecretServiceStore, StoreError, StoredGrant, TokenStore};
use azbroker_entra::{Account, ClientId, Clock, HomeAccountId, RefreshToken, Tenant, Tokens};
use azure_core::time::OffsetDateTime;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::OnceCell;

/// The accounts held, with a refresh token for each application that signed them in.
///
/// Everything is in memory; the store follows every change. It is opened when first asked for, so that a
/// broker answers `Ping` before a slow keyring does.
#[derive(Debug)]
pub(crate) struct Accounts {
    clock: Arc<dyn Clock>,
    /// The store to use, until it is opened; without one the Secret Service is looked for.
    given: Mutex<Option<Box<dyn TokenStore>>>,
    store: OnceCell<Box<dyn TokenStore>>,
    grants: Mutex<Vec<HeldGrant>>,
}

#[derive(Debug)]
struct HeldGrant {
    grant: StoredGrant,
    used_on: OffsetDateTime,
}

/// Whose token is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// This account.
    Account {
        home_account_id: HomeAccountId,
        username: String,
    },
    /// Whoever has this username.
    Username(String),
    /// The broker chooses.
    Default,
}

impl Accounts {
    /// With a given store, or with the Secret Service where there is one.
    pub(crate) fn new(clock: Arc<dyn Clock>, store: Option<Box<dyn TokenStore>>) -> Self {
        Self {
            clock,
            given: Mutex::new(store),
            store: OnceCell::new(),
            grants: Mutex::new(Vec::new()),
        }
    }

    /// Opens the store and reads what it keeps; all later calls find it done.
    pub(crate) async fn ready(&self) -> &dyn TokenStore {
        self.store
            .get_or_init(|| async {
                match self.open().await {
                    Ok(store) => store,
                    Err(reason) => {
                        tracing::info!("accounts rest in memory: {reason}");
                        Box::new(MemoryStore::new(&reason.to_string())) as Box<dyn TokenStore>
                    }
                }
            })
            .await
            .as_ref()
    }

    async fn open(&self) -> Result<Box<dyn TokenStore>, StoreError> {
        let given = self
            .given
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let store = match given {
            Some(store) => store,
            None => Box::new(SecretServiceStore::open().await?),
        };
        let grants = store.load().await?;
        tracing::debug!(
            grants = grants.len(),
            "accounts rest in: {}",
            store.description()
        );
        *self.lock() = grants
            .into_iter()
            .map(|grant| HeldGrant {
                used_on: grant.saved_on,
                grant,
            })
            .collect();
        Ok(store)
    }

    /// Every account once, the one last used first.
    pub(crate) async fn list(&self) -> Vec<Account> {
        self.ready().await;
        self.sorted()
    }

    /// The account meant in an environment; for [`Subject::Default`] the one last used with the tenant.
    pub(crate) async fn find(
        &self,
        subject: &Subject,
        environment: &str,
        tenant: &Tenant,
    ) -> Option<Account> {
        self.ready().await;
        let fits = |account: &Account| match subject {
            Subject::Account {
                home_account_id, ..
            } => account.home_account_id == *home_account_id,
            Subject::Username(username) => account.username.eq_ignore_ascii_case(username),
            Subject::Default => true,
        };
        let accounts: Vec<_> = self
            .sorted()
            .into_iter()
            .filter(|account| account.environment == environment && fits(account))
            .collect();
        let of_tenant =
            |account: &&Account| account.tenant_id.eq_ignore_ascii_case(tenant.as_str());
        accounts
            .iter()
            .find(of_tenant)
            .or(accounts.first())
            .cloned()
    }

    /// The refresh token that an application has of an account.
    pub(crate) fn refresh_token(
        &self,
        account: &Account,
        client_id: &ClientId,
    ) -> Option<RefreshToken> {
        let grants = self.lock();
        let held = grants.iter().find(|held| held.is(account, client_id))?;
        Some(held.grant.refresh_token.clone())
    }

    /// Remembers that an account was just used.
    pub(crate) fn used(&self, account: &Account, client_id: &ClientId) {
        let now = self.clock.now();
        if let Some(held) = self
            .lock()
            .iter_mut()
            .find(|held| held.is(account, client_id))
        {
            held.used_on = now;
        }
    }

    /// Keeps the refresh token of an answer, in the store before the caller gets its reply.
    pub(crate) async fn keep(&self, tokens: &Tokens, client_id: &ClientId) {
        let Some(refresh_token) = tokens.refresh_token.clone() else {
            return;
        };
        let store = self.ready().await;
        let now = self.clock.now();
        let grant = StoredGrant {
            account: self.home_view(&tokens.account),
            client_id: client_id.clone(),
            refresh_token,
            saved_on: now,
        };
        {
            let mut grants = self.lock();
            grants.retain(|held| !held.is(&grant.account, client_id));
            grants.push(HeldGrant {
                grant: grant.clone(),
                used_on: now,
            });
        }
        if let Err(fault) = store.save(&grant).await {
            tracing::warn!("an account is held in memory only: {fault}");
        }
    }

    /// Forgets an account, or only what one application has of it. Tells whether there was anything.
    ///
    /// # Errors
    ///
    /// When the store still keeps it.
    pub(crate) async fn remove(
        &self,
        environment: &str,
        home_account_id: &HomeAccountId,
        client_id: Option<&ClientId>,
    ) -> Result<bool, StoreError> {
        let store = self.ready().await;
        let removed = {
            let mut grants = self.lock();
            let before = grants.len();
            grants.retain(|held| {
                held.grant.account.environment != environment
                    || held.grant.account.home_account_id != *home_account_id
                    || client_id.is_some_and(|client_id| held.grant.client_id != *client_id)
            });
            grants.len() < before
        };
        store
            .remove(environment, home_account_id, client_id)
            .await?;
        Ok(removed)
    }

    /// An answer for a guest tenant describes the account there; what is held describes it at home.
    fn home_view(&self, account: &Account) -> Account {
        let at_home = account
            .home_account_id
            .as_str()
            .ends_with(&format!(".{}", account.tenant_id.to_ascii_lowercase()));
        if at_home {
            return account.clone();
        }
        let grants = self.lock();
        let known = grants.iter().map(|held| &held.grant.account).find(|known| {
            known.environment == account.environment
                && known.home_account_id == account.home_account_id
        });
        known.unwrap_or(account).clone()
    }

    fn sorted(&self) -> Vec<Account> {
        let grants = self.lock();
        let mut held: Vec<_> = grants.iter().collect();
        held.sort_by_key(|held| std::cmp::Reverse(held.used_on));
        let mut accounts: Vec<Account> = Vec::new();
        for held in held {
            let account = &held.grant.account;
            let known = accounts.iter().any(|known| {
                known.environment == account.environment
                    && known.home_account_id == account.home_account_id
            });
            if !known {
                accounts.push(account.clone());
            }
        }
        accounts
    }

    fn lock(&self) -> MutexGuard<'_, Vec<HeldGrant>> {
        self.grants.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HeldGrant {
    fn is(&self, account: &Account, client_id: &ClientId) -> bool {
        self.grant.client_id == *client_id
            && self.grant.account.environment == account.environment
            && self.grant.account.home_account_id == account.home_account_id
    }
}
