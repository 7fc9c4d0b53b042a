//! The accounts held, found without a look at each.

use azbroker_entra::{Account, Tenant};
use std::collections::{HashMap, hash_map::Entry};

/// Every account once, the one that signed in last first. It is made anew when accounts come, go or change.
#[derive(Debug, Default)]
pub(super) struct Known {
    accounts: Vec<Account>,
    environments: HashMap<String, Environment>,
}

/// Places in the list of all accounts; of several that fit, the first comes first.
#[derive(Debug, Default)]
struct Environment {
    places: Vec<usize>,
    of_home_account_id: HashMap<String, usize>,
    of_username: HashMap<String, Vec<usize>>,
    /// By all that a tenant is called.
    member: HashMap<String, usize>,
}

impl Known {
    /// Of accounts in their order, some of them more than once.
    pub(super) fn of<'a>(accounts: impl IntoIterator<Item = &'a Account>) -> Self {
        let mut known = Self::default();
        for account in accounts {
            known.add(account);
        }
        known
    }

    fn add(&mut self, account: &Account) {
        let place = self.accounts.len();
        let environment = self
            .environments
            .entry(account.environment.clone())
            .or_default();
        let home_account_id = account.home_account_id.as_str().to_owned();
        let Entry::Vacant(vacant) = environment.of_home_account_id.entry(home_account_id) else {
            return;
        };
        vacant.insert(place);
        environment.places.push(place);
        environment
            .of_username
            .entry(account.username.to_ascii_lowercase())
            .or_default()
            .push(place);
        for name in names_of_home(account) {
            environment.member.entry(name).or_insert(place);
        }
        self.accounts.push(account.clone());
    }

    pub(super) fn all(&self) -> &[Account] {
        &self.accounts
    }

    /// The one that signed in last.
    pub(super) fn first(&self, environment: &str) -> Option<&Account> {
        let places = &self.environments.get(environment)?.places;
        self.at(places.first()?)
    }

    pub(super) fn exactly(&self, environment: &str, home_account_id: &str) -> Option<&Account> {
        let places = &self.environments.get(environment)?.of_home_account_id;
        self.at(places.get(home_account_id)?)
    }

    /// Whoever has a username; of several, the one of a tenant.
    pub(super) fn named(
        &self,
        environment: &str,
        username: &str,
        tenant: &Tenant,
    ) -> Option<&Account> {
        let named = &self.environments.get(environment)?.of_username;
        let places = named.get(&username.to_ascii_lowercase())?;
        let mut accounts = places.iter().filter_map(|place| self.at(place));
        let of_tenant =
            |account: &&Account| account.tenant_id.eq_ignore_ascii_case(tenant.as_str());
        accounts.clone().find(of_tenant).or_else(|| accounts.next())
    }

    /// Who is at home in a tenant, which may be named by one of its domains.
    pub(super) fn member(&self, environment: &str, tenant: &Tenant) -> Option<&Account> {
        let members = &self.environments.get(environment)?.member;
        self.at(members.get(&tenant.as_str().to_ascii_lowercase())?)
    }

    fn at(&self, place: &usize) -> Option<&Account> {
        self.accounts.get(*place)
    }
}

/// Whether the account is at home in a tenant, which may be named by one of its domains.
pub(super) fn is_member(account: &Account, tenant: &Tenant) -> bool {
    let tenant = tenant.as_str().to_ascii_lowercase();
    names_of_home(account).any(|name| name == tenant)
}

fn names_of_home(account: &Account) -> impl Iterator<Item = String> {
    let domain = account.username.rsplit_once('@').map(|(_, domain)| domain);
    let home = account.home_account_id.as_str().split_once('.');
    let names = [
        Some(account.tenant_id.as_str()),
        home.map(|(_, home)| home),
        domain,
    ];
    names.into_iter().flatten().map(str::to_ascii_lowercase)
}
