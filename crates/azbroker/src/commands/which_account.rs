use crate::failure::{Exit, Failure};
use azbroker_service::{RuleAccount, Tenant};
use azure_identity_broker::BrokerAccount;

/// Which of the broker's accounts are meant, as it was typed.
#[derive(Debug)]
pub(super) struct WhichAccount<'a> {
    username: &'a str,
    tenant: Option<&'a str>,
    environment: Option<String>,
}

impl<'a> WhichAccount<'a> {
    /// # Errors
    ///
    /// When the authority host is none.
    pub(super) fn typed(
        username: &'a str,
        tenant: Option<&'a str>,
        authority_host: Option<&str>,
    ) -> Result<Self, Failure> {
        // A cloud has several names, as in rules.
        let environment = |host: &str| {
            RuleAccount::environment(host).map_err(|error| Failure::of(Exit::WrongUsage, &error))
        };
        Ok(Self {
            username,
            tenant,
            environment: authority_host.map(environment).transpose()?,
        })
    }

    /// Those of these that are meant.
    ///
    /// # Errors
    ///
    /// When none is.
    pub(super) fn among<'b>(
        &self,
        held: &'b [BrokerAccount],
    ) -> Result<Vec<&'b BrokerAccount>, Failure> {
        let meant: Vec<_> = held.iter().filter(|account| self.is(account)).collect();
        if !meant.is_empty() {
            return Ok(meant);
        }
        let tenant = self.tenant.map(|tenant| format!(" in tenant {tenant}"));
        let environment = self.environment.as_ref().map(|host| format!(" at {host}"));
        let others: Vec<_> = held
            .iter()
            .filter(|account| self.is_user(account))
            .map(options_of)
            .collect();
        let hint = match others.is_empty() {
            true => "see `azbroker accounts`".to_owned(),
            false => format!("name where it is: {}", others.join(", or ")),
        };
        Err(Failure::new(
            Exit::Failed,
            format!(
                "the broker holds no account '{}'{}{}",
                self.username,
                tenant.unwrap_or_default(),
                environment.unwrap_or_default()
            ),
        )
        .with_hint(hint))
    }

    fn is(&self, account: &BrokerAccount) -> bool {
        let environment = self.environment.as_deref();
        self.is_user(account)
            && self.tenant.is_none_or(|tenant| is_in(account, tenant))
            && environment.is_none_or(|host| account.environment().eq_ignore_ascii_case(host))
    }

    fn is_user(&self, account: &BrokerAccount) -> bool {
        account.username().eq_ignore_ascii_case(self.username)
    }
}

/// Whether an account is in a tenant, by its ID or, for the tenant that the account is at home in, by the domain of
/// its username. The broker knows no other domains.
fn is_in(account: &BrokerAccount, tenant: &str) -> bool {
    let id = account.tenant_id();
    let home = account.home_account_id().split_once('.');
    let is_at_home = home.is_some_and(|(_, home)| {
        // A personal account may have an address of any domain.
        let is_personal = Tenant::parse(home).is_ok_and(|home| home.is_personal());
        home.eq_ignore_ascii_case(id) && !is_personal
    });
    let domain = account.username().rsplit_once('@');
    let is_domain = domain.is_some_and(|(_, domain)| domain.eq_ignore_ascii_case(tenant));
    id.eq_ignore_ascii_case(tenant) || (is_at_home && is_domain)
}

/// The options that tell an account from others with the same username.
pub(super) fn options_of(account: &BrokerAccount) -> String {
    format!(
        "--tenant {} --authority-host {}",
        account.tenant_id(),
        account.environment()
    )
}
