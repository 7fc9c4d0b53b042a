//! Whose token it is when several accounts are held and a request names none.

use super::known::{Known, is_member, may_have};
use crate::state_file::{PATIENCE, StateFile};
use azbroker_entra::{Account, HomeAccountId, Tenant};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    io,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// The pinned account, and which was last used with each tenant. Nothing of it is secret.
#[derive(Debug)]
pub(super) struct DefaultAccount {
    file: Option<StateFile>,
    choices: Mutex<Choices>,
    /// The file has what the last of those who write saw.
    writer: tokio::sync::Mutex<()>,
    /// Who pins, until it is written down or taken back.
    pins: tokio::sync::Mutex<()>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Choices {
    version: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pinned: Option<Pinned>,
    /// The home account ID by environment and tenant.
    last_used: BTreeMap<String, BTreeMap<String, String>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Pinned {
    environment: String,
    home_account_id: String,
}

impl DefaultAccount {
    /// Kept in a state folder, or in memory only.
    pub(super) fn new(folder: Option<&Path>) -> Self {
        Self {
            file: folder.map(|folder| StateFile::new(folder, "defaults.json")),
            choices: Mutex::default(),
            writer: tokio::sync::Mutex::default(),
            pins: tokio::sync::Mutex::default(),
        }
    }

    /// Reads what an earlier broker kept.
    pub(super) fn load(&self) {
        let Some(file) = &self.file else { return };
        let read = file.read().and_then(|bytes| {
            let Some(bytes) = bytes else {
                return Ok(Choices::default());
            };
            let choices: Choices = serde_json::from_slice(&bytes)?;
            match choices.version {
                VERSION => Ok(choices),
                version => Err(io::Error::other(format!("it is of version {version}"))),
            }
        });
        match read {
            Ok(choices) => *self.lock() = choices,
            Err(error) => tracing::warn!(
                "{} is not used: {error}; the default account is the one that signed in last",
                file.path().display()
            ),
        }
    }

    /// The account that stands for no named one in an environment.
    pub(super) fn pick<'a>(
        &self,
        known: &'a Known,
        environment: &str,
        tenant: &Tenant,
    ) -> Option<&'a Arc<Account>> {
        let choices = self.lock();
        let pinned = choices
            .pinned(known)
            .filter(|pinned| pinned.environment == environment);
        if tenant.is_multi_tenant() || tenant.is_personal() {
            return pinned
                .filter(|account| may_have(tenant, account))
                .or_else(|| known.first_of(environment, tenant));
        }
        let used = choices
            .last_used(environment, known.id_of(environment, tenant))
            .and_then(|used| known.exactly(environment, used));
        pinned
            .filter(|account| is_member(account, tenant) || used == Some(account))
            .or(used)
            .or_else(|| known.member(environment, tenant))
            .or(pinned)
            .or_else(|| known.first(environment))
    }

    /// The pinned account, if it is held.
    pub(super) fn pinned<'a>(&self, known: &'a Known) -> Option<&'a Arc<Account>> {
        self.lock().pinned(known)
    }

    /// Puts the pinned account before those that signed in later.
    pub(super) fn first(&self, accounts: &mut [Arc<Account>]) {
        let choices = self.lock();
        let at = accounts
            .iter()
            .position(|account| choices.is_pinned(account));
        if let Some(at) = at {
            accounts[..=at].rotate_right(1);
        }
    }

    /// Notes that the account was chosen for a tenant: it signed in, or a request named it.
    pub(super) async fn used(&self, account: &Account, tenant: &str) {
        {
            let mut choices = self.lock();
            if choices.is_last_used(account, tenant) {
                return;
            }
            let tenants = choices
                .last_used
                .entry(account.environment.clone())
                .or_default();
            tenants.insert(tenant.to_owned(), account.home_account_id.to_string());
        }
        if let Err(error) = Box::pin(self.write()).await {
            tracing::warn!("the account last used is not remembered: {error}");
        }
    }

    /// Pins an account, or none. Where that cannot be written down, nothing changes.
    pub(super) async fn pin(&self, account: Option<&Account>) -> io::Result<()> {
        let pinned = account.map(|account| Pinned {
            environment: account.environment.clone(),
            home_account_id: account.home_account_id.to_string(),
        });
        let _one_at_a_time = self.pins.lock().await;
        let before = std::mem::replace(&mut self.lock().pinned, pinned.clone());
        let written = self.write().await;
        if written.is_err() {
            let mut choices = self.lock();
            // Unless somebody has pinned another one meanwhile.
            if choices.pinned == pinned {
                choices.pinned = before;
            }
        }
        written
    }

    /// Forgets an account that was removed.
    pub(super) async fn forget(&self, environment: &str, home_account_id: &HomeAccountId) {
        {
            let mut choices = self.lock();
            let home_account_id = home_account_id.as_str();
            choices.pinned = choices.pinned.take().filter(|pinned| {
                pinned.environment != environment || pinned.home_account_id != home_account_id
            });
            if let Some(tenants) = choices.last_used.get_mut(environment) {
                tenants.retain(|_, used| used != home_account_id);
            }
        }
        if let Err(error) = self.write().await {
            tracing::warn!("the account is still noted as last used: {error}");
        }
    }

    /// Forgets all accounts.
    pub(super) async fn forget_all(&self) -> io::Result<()> {
        *self.lock() = Choices::default();
        self.write().await
    }

    async fn write(&self) -> io::Result<()> {
        let Some(file) = self.file.clone() else {
            return Ok(());
        };
        let _one_at_a_time = self.writer.lock().await;
        let mut choices = self.lock().clone();
        choices.version = VERSION;
        choices.last_used.retain(|_, tenants| !tenants.is_empty());
        let written = tokio::task::spawn_blocking(move || {
            if choices.pinned.is_none() && choices.last_used.is_empty() && file.read()?.is_none() {
                return Ok(());
            }
            file.lock(PATIENCE)?.replace(&serde_json::to_vec(&choices)?)
        });
        written.await.map_err(io::Error::other)?
    }

    fn lock(&self) -> MutexGuard<'_, Choices> {
        self.choices.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Choices {
    fn is_pinned(&self, account: &Account) -> bool {
        self.pinned.as_ref().is_some_and(|pinned| {
            pinned.environment == account.environment
                && pinned.home_account_id == account.home_account_id.as_str()
        })
    }

    fn pinned<'a>(&self, known: &'a Known) -> Option<&'a Arc<Account>> {
        let pinned = self.pinned.as_ref()?;
        known.exactly(&pinned.environment, &pinned.home_account_id)
    }

    fn last_used(&self, environment: &str, tenant: &str) -> Option<&str> {
        let tenants = self.last_used.get(environment)?;
        tenants.get(tenant).map(String::as_str)
    }

    fn is_last_used(&self, account: &Account, tenant: &str) -> bool {
        let used = self.last_used(&account.environment, tenant);
        used.is_some_and(|used| used == account.home_account_id.as_str())
    }
}

const VERSION: u32 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    const CONTOSO: &str = "72f9a1c4-6d0b-4e53-9c1e-0d5a4b7c2e10";
    const FABRIKAM: &str = "0fab0000-0000-4000-8000-000000000000";

    fn account(username: &str, tenant_id: &str) -> Arc<Account> {
        Arc::new(Account {
            environment: "login.microsoftonline.com".to_owned(),
            home_account_id: HomeAccountId::new(&username.replace('.', "-"), tenant_id),
            local_account_id: String::new(),
            tenant_id: tenant_id.to_owned(),
            username: username.to_owned(),
            name: String::new(),
            given_name: String::new(),
            family_name: String::new(),
        })
    }

    #[tokio::test]
    async fn the_pinned_one_if_it_fits_else_the_one_last_used_else_a_member_else_the_last() {
        let held = [
            account("eve@fabrikam.example", FABRIKAM),
            account("bob@contoso.example", CONTOSO),
            account("ada@contoso.example", CONTOSO),
        ];
        let [eve, bob, ada] = &held;
        let known = Known::of(&held);
        let default = DefaultAccount::new(None);
        let pick = |tenant: &str| {
            let tenant = Tenant::parse(tenant).unwrap();
            default
                .pick(&known, "login.microsoftonline.com", &tenant)
                .unwrap()
        };
        assert_eq!(pick("organizations"), eve, "who signed in last");
        assert_eq!(pick(CONTOSO), bob, "the last one that is at home there");
        assert_eq!(pick("contoso.example"), bob, "by its domain");
        assert_eq!(pick("elsewhere.example"), eve);

        default.used(ada, CONTOSO).await;
        assert_eq!(pick(CONTOSO), ada);
        assert_eq!(pick("Contoso.example"), ada, "the same tenant");
        assert_eq!(pick("organizations"), eve, "no tenant was named");

        default.pin(Some(bob)).await.unwrap();
        assert_eq!(pick("organizations"), bob);
        assert_eq!(pick(CONTOSO), bob);
        assert_eq!(pick(FABRIKAM), eve, "bob is not known to be a guest there");
        assert_eq!(pick("elsewhere.example"), bob, "nobody is");
        default.used(bob, FABRIKAM).await;
        assert_eq!(pick(FABRIKAM), bob, "now he is");

        default.forget(&bob.environment, &bob.home_account_id).await;
        assert_eq!(pick(FABRIKAM), eve);
        assert_eq!(pick("organizations"), eve);
    }

    #[tokio::test]
    async fn a_personal_account_is_the_last_one_for_an_organization_and_a_work_account_no_personal_one()
     {
        const PERSONAL: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";
        let held = [
            account("bob@contoso.example", PERSONAL),
            account("bob@contoso.example", CONTOSO),
        ];
        let [personal, work] = &held;
        let default = DefaultAccount::new(None);
        let pick = |known: &Known, tenant: &str| {
            let tenant = Tenant::parse(tenant).unwrap();
            let picked = default.pick(known, "login.microsoftonline.com", &tenant);
            picked.cloned()
        };
        let known = Known::of(&held);
        assert_eq!(pick(&known, "common").as_ref(), Some(personal));
        assert_eq!(pick(&known, "consumers").as_ref(), Some(personal));
        assert_eq!(pick(&known, PERSONAL).as_ref(), Some(personal));
        assert_eq!(pick(&known, "organizations").as_ref(), Some(work));
        // An address of the domain makes nobody at home there.
        assert_eq!(pick(&known, "contoso.example").as_ref(), Some(work));
        default.pin(Some(work)).await.unwrap();
        assert_eq!(pick(&known, "common").as_ref(), Some(work));
        assert_eq!(pick(&known, "consumers").as_ref(), Some(personal));
        assert_eq!(pick(&known, PERSONAL).as_ref(), Some(personal));
        // Applications exist that let personal accounts pass through, and the user has named this one.
        default.pin(Some(personal)).await.unwrap();
        assert_eq!(pick(&known, "organizations").as_ref(), Some(personal));
        assert_eq!(pick(&known, "contoso.example").as_ref(), Some(work));
        let known = Known::of([personal]);
        assert_eq!(pick(&known, "organizations").as_ref(), Some(personal));
        let known = Known::of([work]);
        assert_eq!(pick(&known, "consumers"), None);
        assert_eq!(pick(&known, PERSONAL), None);
    }
}
