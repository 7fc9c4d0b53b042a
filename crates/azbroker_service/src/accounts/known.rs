//! The accounts held, found without a look at each.

use azbroker_entra::{Account, Tenant};
use std::{cmp::Ordering, collections::HashMap, sync::Arc};

/// Every account once, the one that signed in last first. It is made anew when accounts come, go or change.
///
/// Thousands may be held, so what finds them are places in the list: of several that fit, the first comes first.
#[derive(Debug, Default)]
pub(super) struct Known {
    accounts: Vec<Arc<Account>>,
    /// Sorted by environment and home account ID.
    by_home_account_id: Vec<usize>,
    /// Sorted by environment, username whatever its case, and place.
    by_username: Vec<usize>,
    environments: HashMap<String, Environment>,
}

#[derive(Debug, Default)]
struct Environment {
    first: usize,
    /// By all that a tenant is called.
    member: HashMap<String, usize>,
}

impl Known {
    /// Of accounts in their order, some of them more than once.
    pub(super) fn of<'a>(accounts: impl IntoIterator<Item = &'a Arc<Account>>) -> Self {
        let mut accounts: Vec<_> = accounts.into_iter().cloned().enumerate().collect();
        accounts.sort_by(|(_, one), (_, other)| by_id(one, id(other)));
        accounts.dedup_by(|(_, one), (_, other)| by_id(one, id(other)).is_eq());
        accounts.sort_unstable_by_key(|(place, _)| *place);
        let accounts: Vec<_> = accounts.into_iter().map(|(_, account)| account).collect();
        let places = |by: &dyn Fn(&Account, &Account) -> Ordering| {
            let mut places: Vec<_> = (0..accounts.len()).collect();
            places.sort_by(|one, other| by(&accounts[*one], &accounts[*other]));
            places
        };
        let mut environments = HashMap::<_, Environment>::new();
        for (place, account) in accounts.iter().enumerate() {
            let environment = match environments.get_mut(&account.environment) {
                Some(environment) => environment,
                None => environments
                    .entry(account.environment.clone())
                    .insert_entry(Environment {
                        first: place,
                        ..Environment::default()
                    })
                    .into_mut(),
            };
            for name in names_of_home(account) {
                environment.member.entry(name).or_insert(place);
            }
        }
        Self {
            by_home_account_id: places(&|one, other| by_id(one, id(other))),
            by_username: places(&|one, other| by_username(one, username(other))),
            accounts,
            environments,
        }
    }

    pub(super) fn all(&self) -> &[Arc<Account>] {
        &self.accounts
    }

    /// The one that signed in last.
    pub(super) fn first(&self, environment: &str) -> Option<&Arc<Account>> {
        self.accounts.get(self.environments.get(environment)?.first)
    }

    pub(super) fn exactly(
        &self,
        environment: &str,
        home_account_id: &str,
    ) -> Option<&Arc<Account>> {
        let places = &self.by_home_account_id;
        let wanted = (environment, home_account_id);
        let found = places.binary_search_by(|place| by_id(&self.accounts[*place], wanted));
        Some(&self.accounts[places[found.ok()?]])
    }

    /// Whoever has a username; of several, the one of a tenant.
    pub(super) fn named(
        &self,
        environment: &str,
        username: &str,
        tenant: &Tenant,
    ) -> Option<&Arc<Account>> {
        let wanted = (environment, username);
        let order = |place: &usize| by_username(&self.accounts[*place], wanted);
        let from = self
            .by_username
            .partition_point(|place| order(place).is_lt());
        let named = self.by_username[from..].iter();
        let mut accounts = named
            .take_while(|place| order(place).is_eq())
            .map(|place| &self.accounts[*place]);
        let of_tenant = |account: &&Arc<Account>| match tenant.is_multi_tenant() {
            true => means(tenant, account),
            false => account.tenant_id.eq_ignore_ascii_case(tenant.as_str()),
        };
        accounts.clone().find(of_tenant).or_else(|| accounts.next())
    }

    /// The one that signed in last of those that a word for many tenants means, or else stands for.
    pub(super) fn first_of(&self, environment: &str, tenants: &Tenant) -> Option<&Arc<Account>> {
        let first = self.first(environment)?;
        if means(tenants, first) {
            return Some(first);
        }
        let here = |account: &&Arc<Account>| account.environment == environment;
        let mut accounts = self.accounts.iter().filter(here);
        accounts
            .clone()
            .find(|account| means(tenants, account))
            .or_else(|| accounts.find(|account| may_have(tenants, account)))
    }

    /// The ID of a tenant whose domain a member's username has, else what it was named by.
    pub(super) fn id_of<'a>(&'a self, environment: &str, tenant: &'a Tenant) -> &'a str {
        match self.member(environment, tenant) {
            Some(member)
                if domain(member).is_some_and(|its| its.eq_ignore_ascii_case(tenant.as_str())) =>
            {
                member.home_account_id.tenant_id()
            }
            _ => tenant.as_str(),
        }
    }

    /// Who is at home in a tenant, which may be named by one of its domains.
    pub(super) fn member(&self, environment: &str, tenant: &Tenant) -> Option<&Arc<Account>> {
        let members = &self.environments.get(environment)?.member;
        let place = members.get(tenant.as_str())?;
        self.accounts.get(*place)
    }
}

fn id(account: &Account) -> (&str, &str) {
    (&account.environment, account.home_account_id.as_str())
}

fn by_id(account: &Account, wanted: (&str, &str)) -> Ordering {
    id(account).cmp(&wanted)
}

fn username(account: &Account) -> (&str, &str) {
    (&account.environment, &account.username)
}

fn by_username(account: &Account, (environment, username): (&str, &str)) -> Ordering {
    let by_environment = account.environment.as_str().cmp(environment);
    by_environment.then_with(|| lowercase(&account.username).cmp(lowercase(username)))
}

fn lowercase(text: &str) -> impl Iterator<Item = u8> {
    text.bytes().map(|byte| byte.to_ascii_lowercase())
}

/// Whether the account is at home in a tenant, which may be named by one of its domains.
pub(super) fn is_member(account: &Account, tenant: &Tenant) -> bool {
    names_of_home(account).any(|name| name == tenant.as_str())
}

/// Whether the account may be in a tenant, or be one that a word for many tenants stands for.
pub(super) fn may_have(tenant: &Tenant, account: &Account) -> bool {
    tenant.may_have(account.home_account_id.tenant_id())
}

/// Whether the account is rather meant by it than another one.
fn means(tenant: &Tenant, account: &Account) -> bool {
    tenant.means(account.home_account_id.tenant_id())
}

/// The domain of the account's home. A personal account may have an address of any, and is at home in none.
fn domain(account: &Account) -> Option<&str> {
    let home = Tenant::parse(account.home_account_id.tenant_id());
    if home.is_ok_and(|home| home.is_personal()) {
        return None;
    }
    account.username.rsplit_once('@').map(|(_, domain)| domain)
}

fn names_of_home(account: &Account) -> impl Iterator<Item = String> {
    let names = [
        Some(account.tenant_id.as_str()),
        Some(account.home_account_id.tenant_id()).filter(|home| !home.is_empty()),
        domain(account),
    ];
    names.into_iter().flatten().map(str::to_ascii_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;
    use azbroker_entra::HomeAccountId;

    const PUBLIC: &str = "login.microsoftonline.com";
    const CHINA: &str = "login.partner.microsoftonline.cn";

    fn account(environment: &str, object_id: &str, username: &str, tenant: &str) -> Arc<Account> {
        Arc::new(Account {
            environment: environment.to_owned(),
            home_account_id: HomeAccountId::new(object_id, tenant),
            local_account_id: object_id.to_owned(),
            tenant_id: tenant.to_owned(),
            username: username.to_owned(),
            name: String::new(),
            given_name: String::new(),
            family_name: String::new(),
        })
    }

    #[test]
    fn each_is_there_once_in_its_order_and_found_in_its_cloud() {
        let held = [
            account(PUBLIC, "z", "Zoe@contoso.example", "t1"),
            account(CHINA, "z", "zoe@contoso.example", "t1"),
            account(PUBLIC, "a", "ada@contoso.example", "t1"),
            account(PUBLIC, "z", "renamed@contoso.example", "t1"),
            account(PUBLIC, "y", "zoe@CONTOSO.example", "t2"),
        ];
        let known = Known::of(&held);
        let [zoe, in_china, ada, _, zoe_of_t2] = &held;
        assert!(known.all().iter().eq([zoe, in_china, ada, zoe_of_t2]));
        assert_eq!(known.first(PUBLIC), Some(zoe));
        assert_eq!(known.first(CHINA), Some(in_china));
        assert_eq!(known.first("login.microsoftonline.us"), None);
        assert_eq!(known.exactly(PUBLIC, "a.t1"), Some(ada));
        assert_eq!(known.exactly(PUBLIC, "z.t1"), Some(zoe));
        assert_eq!(known.exactly(CHINA, "z.t1"), Some(in_china));
        assert_eq!(known.exactly(CHINA, "a.t1"), None);
    }

    #[test]
    fn a_username_is_found_whatever_its_case_and_means_the_one_of_the_tenant() {
        let held = [
            account(PUBLIC, "z", "Zoe@contoso.example", "t1"),
            account(PUBLIC, "y", "zoe@CONTOSO.example", "t2"),
            account(PUBLIC, "b", "zoe@contoso.example.org", "t2"),
            account(CHINA, "c", "zoe@contoso.example", "t3"),
        ];
        let known = Known::of(&held);
        let named = |username: &str, tenant: &str| {
            let tenant = Tenant::parse(tenant).unwrap();
            known.named(PUBLIC, username, &tenant)
        };
        assert_eq!(named("ZOE@contoso.EXAMPLE", "t1"), Some(&held[0]));
        assert_eq!(named("zoe@contoso.example", "t2"), Some(&held[1]));
        let last = named("zoe@contoso.example", "organizations");
        assert_eq!(last, Some(&held[0]), "who signed in last");
        assert_eq!(named("zoe@contoso.exampl", "t1"), None);
        assert_eq!(named("", "t1"), None);
    }
}
