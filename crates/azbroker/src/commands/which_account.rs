use crate::failure::{Exit, Failure};
use azbroker_service::RuleAccount;
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
        let environment = |host: &str| {
            // A cloud has several names, as in rules.
            let account = RuleAccount::typed(username, Some(host));
            let wrong =
                format!("'{host}' is no authority host: give one such as login.microsoftonline.us");
            account
                .map(|account| account.environment)
                .ok_or_else(|| Failure::new(Exit::WrongUsage, wrong))
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
        Err(Failure::new(
            Exit::Failed,
            format!(
                "the broker holds no account '{}'{}{}",
                self.username,
                tenant.unwrap_or_default(),
                environment.unwrap_or_default()
            ),
        )
        .with_hint("see `azbroker accounts`"))
    }

    fn is(&self, account: &BrokerAccount) -> bool {
        let tenant = self.tenant;
        let environment = self.environment.as_deref();
        account.username().eq_ignore_ascii_case(self.username)
            && tenant.is_none_or(|tenant| account.tenant_id().eq_ignore_ascii_case(tenant))
            && environment.is_none_or(|host| account.environment().eq_ignore_ascii_case(host))
    }
}

/// The options that tell an account from others with the same username.
pub(super) fn options_of(account: &BrokerAccount) -> String {
    format!(
        "--tenant {} --authority-host {}",
        account.tenant_id(),
        account.environment()
    )
}
