mod change;
mod default_account;
mod held_grants;
mod in_place_of;
mod keeper;
mod known;

use crate::{configuration::Configuration, token_store::TokenStore};
use azbroker_entra::{Account, ClientId, Clock, HomeAccountId, RefreshToken, Tenant};
use default_account::DefaultAccount;
use held_grants::HeldGrants;
use keeper::Keeper;
use known::{Known, may_have};
use std::{
    io,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};
use tokio::sync::OnceCell;

pub(crate) use change::{Change, Renewed};
pub(crate) use keeper::{Erased, StoreReport, still_kept};

/// The accounts held, with a refresh token for each application that signed them in.
///
/// Everything is in memory; the store follows every change. It is opened when first asked for, so that a
/// broker answers `Ping` before a slow keyring does.
#[derive(Debug)]
pub(crate) struct Accounts {
    clock: Arc<dyn Clock>,
    opened: OnceCell<()>,
    /// How often the store was looked for after that.
    looks: AtomicUsize,
    /// Whoever changes something has it, from the look at what is held until the store has followed.
    keeper: tokio::sync::Mutex<Keeper>,
    /// The keeper's report, for those who do not wait for it.
    report: Mutex<StoreReport>,
    default: DefaultAccount,
    grants: Mutex<HeldGrants>,
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

impl Subject {
    /// What it says of a username.
    pub(crate) fn username(&self) -> Option<&str> {
        match self {
            Self::Account { username, .. } | Self::Username(username) => {
                Some(username.as_str()).filter(|username| !username.is_empty())
            }
            Self::Default => None,
        }
    }
}

impl Accounts {
    /// With a given store, or with the one that the configuration chooses.
    pub(crate) fn new(
        configuration: &Configuration,
        clock: Arc<dyn Clock>,
        store: Option<Box<dyn TokenStore>>,
    ) -> Self {
        Self {
            clock,
            opened: OnceCell::new(),
            looks: AtomicUsize::new(0),
            keeper: tokio::sync::Mutex::new(Keeper::new(configuration, store)),
            report: Mutex::default(),
            default: DefaultAccount::new(configuration.state_folder.as_deref()),
            grants: Mutex::default(),
        }
    }

    /// Which store keeps the refresh tokens, why, and what is wrong with it.
    pub(crate) async fn store_report(&self) -> StoreReport {
        self.ready().await;
        let report = self.report.lock().unwrap_or_else(PoisonError::into_inner);
        report.clone()
    }

    /// Waits for its turn to change something. Nobody else changes anything until the guard is dropped.
    pub(crate) async fn change(&self) -> Change<'_> {
        self.ready().await;
        self.begin_change().await
    }

    /// Whether all that is held is in a store that outlives the broker.
    pub(crate) fn rest_in_the_store(&self) -> bool {
        // While somebody changes something it is not known.
        let Ok(keeper) = self.keeper.try_lock() else {
            return false;
        };
        let grants = self.lock();
        let lasting = keeper.store().is_some_and(|store| store.is_lasting());
        grants.rest_in_a_store(lasting)
    }

    /// Connects anew to the keyring, where that is the store: its connection went away with the bus. One that is not
    /// back yet is tried again with the next change.
    pub(crate) async fn reopen_store(&self) {
        let mut change = self.begin_change().await;
        let _ = change.keeper.reopen().await;
    }

    async fn begin_change(&self) -> Change<'_> {
        Change {
            keeper: self.keeper.lock().await,
            accounts: self,
        }
    }

    /// Opens the store and reads what it keeps; all later calls find it done. Tells whether it was this one.
    async fn ready(&self) -> bool {
        if self.opened.initialized() {
            return false;
        }
        let opened = AtomicBool::new(false);
        let open = self.opened.get_or_init(|| async {
            self.default.load();
            self.begin_change().await.open().await;
            opened.store(true, Ordering::Relaxed);
        });
        Box::pin(open).await;
        opened.into_inner()
    }

    /// Waits until nobody changes anything; then it is known what is held and where.
    pub(crate) async fn settled(&self) {
        drop(self.keeper.lock().await);
    }

    /// Looks for a store that was not there when it was first asked for: a keyring may have come since, with
    /// accounts in it. Of those who wait for each other here, one looks.
    async fn look_again(&self) {
        let looks = self.looks.load(Ordering::Relaxed);
        let mut change = self.begin_change().await;
        if change.keeper.store().is_none() && self.looks.load(Ordering::Relaxed) == looks {
            change.open().await;
            self.looks.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Every account once: the pinned one first, then the one that signed in last.
    pub(crate) async fn list(&self) -> Vec<Arc<Account>> {
        let leaving = self.lock().leaving().to_vec();
        if !self.ready().await {
            self.look_again().await;
        }
        let mut accounts = self.known().all().to_vec();
        // Who comes to sign somebody out again finds them, also where the look has just done it.
        let left = leaving.into_iter();
        let left: Vec<_> = left.filter(|account| !accounts.contains(account)).collect();
        accounts.extend(left);
        self.default.first(&mut accounts);
        accounts
    }

    /// The account that the user pinned, where it is held.
    pub(crate) async fn pinned(&self) -> Option<Arc<Account>> {
        self.ready().await;
        self.default.pinned(&self.known()).cloned()
    }

    /// Pins the account that is the default from now on, or none.
    pub(crate) async fn pin(&self, account: Option<&Account>) -> io::Result<()> {
        self.ready().await;
        self.default.pin(account).await
    }

    /// Notes whose token was given for a tenant.
    pub(crate) async fn used(&self, account: &Account, tenant: &Tenant) {
        let known = self.known();
        let tenant = match tenant.is_multi_tenant() {
            true => &account.tenant_id,
            false => known.id_of(&account.environment, tenant),
        };
        self.default.used(account, tenant).await;
    }

    /// The account meant in an environment; for [`Subject::Default`] the default account.
    pub(crate) async fn find(
        &self,
        subject: &Subject,
        environment: &str,
        tenant: &Tenant,
    ) -> Option<Arc<Account>> {
        let just_opened = self.ready().await;
        let held = self.held(subject, environment, tenant);
        if held.is_some() || just_opened {
            return held;
        }
        Box::pin(self.look_again()).await;
        self.held(subject, environment, tenant)
    }

    fn held(&self, subject: &Subject, environment: &str, tenant: &Tenant) -> Option<Arc<Account>> {
        let known = self.known();
        let found = match subject {
            Subject::Account {
                home_account_id, ..
            } => known.exactly(environment, home_account_id.as_str()),
            Subject::Username(username) => known.named(environment, username, tenant),
            Subject::Default => self.default.pick(&known, environment, tenant),
        };
        let fits = |account: &&Arc<Account>| may_have(tenant, account);
        found.filter(fits).cloned()
    }

    /// The refresh token that an application has of an account.
    pub(crate) fn refresh_token(
        &self,
        account: &Account,
        client_id: &ClientId,
    ) -> Option<RefreshToken> {
        let grants = self.lock();
        let held = grants.of(account, client_id)?;
        held.grant.refresh_token.clone()
    }

    /// Whether an application had a refresh token of the account that Entra ID refused.
    pub(crate) fn is_refused(&self, account: &Account, client_id: &ClientId) -> bool {
        let grants = self.lock();
        let held = grants.of(account, client_id);
        held.is_some_and(|held| held.grant.refresh_token.is_none())
    }

    /// Whether the account was signed out, and the store has not followed yet.
    pub(crate) fn is_leaving(&self, account: &Account) -> bool {
        let grants = self.lock();
        grants.is_leaving(&account.environment, &account.home_account_id)
    }

    /// Tries again what a sign-out could not do in the store.
    pub(crate) async fn finish_sign_outs(&self) {
        if !self.lock().leaving().is_empty() {
            self.begin_change().await.open().await;
        }
    }

    /// An answer for a guest tenant describes the account there; what is held describes it at home.
    fn home_view(&self, account: &Account) -> Arc<Account> {
        let at_home = account
            .home_account_id
            .as_str()
            .ends_with(&format!(".{}", account.tenant_id.to_ascii_lowercase()));
        if at_home {
            return Arc::new(account.clone());
        }
        let known = self.known();
        let held = known.exactly(&account.environment, account.home_account_id.as_str());
        held.cloned().unwrap_or_else(|| Arc::new(account.clone()))
    }

    fn known(&self) -> Arc<Known> {
        self.lock().known()
    }

    fn lock(&self) -> MutexGuard<'_, HeldGrants> {
        self.grants.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
