use crate::{
    Broker,
    accounts::StoreReport,
    caller::{Caller, CallerName},
    denial::Denial,
    gate::{Admitted, Gate},
    reply,
    request::check_size,
};
use azbroker_entra::{Authority, HomeAccountId, Tenant};
use azbroker_protocol::{
    DefaultAccountRequest, Method, PassedOverStore, RemoveAllReply, StatusReply, StoreStatus,
};
use std::sync::Arc;
use zbus::{Connection, message::Header};

/// Our own additions to the contract, for the user's own command. Nothing of it yields a token.
pub(crate) struct Management {
    pub(crate) broker: Arc<Broker>,
    pub(crate) gate: Arc<Gate>,
}

#[zbus::interface(name = "com.github.azbroker.Broker1")]
impl Management {
    #[zbus(name = "getStatus")]
    async fn status(
        &self,
        _protocol_version: &str,
        _correlation_id: &str,
        _request: &str,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> String {
        answer(async {
            let admitted = self.admit(connection, &header).await?;
            Ok(self.broker.status(&admitted.caller).await.to_json())
        })
        .await
    }

    #[zbus(name = "setDefaultAccount")]
    async fn set_default_account(
        &self,
        _protocol_version: &str,
        correlation_id: &str,
        request: &str,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> String {
        tracing::debug!(correlation_id, "{} asked", Method::SetDefaultAccount);
        answer(async {
            let admitted = self.admit(connection, &header).await?;
            admitted.caller.check_management()?;
            self.pin(request).await?;
            Ok("{}".to_owned())
        })
        .await
    }

    #[zbus(name = "removeAllAccounts")]
    async fn remove_all_accounts(
        &self,
        _protocol_version: &str,
        correlation_id: &str,
        _request: &str,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> String {
        tracing::debug!(correlation_id, "{} asked", Method::RemoveAllAccounts);
        answer(async {
            let admitted = self.admit(connection, &header).await?;
            admitted.caller.check_management()?;
            let (removed, erased) = self.broker.remove_all_accounts().await;
            Ok(RemoveAllReply {
                removed: u32::try_from(removed).unwrap_or(u32::MAX),
                unread: erased.unread,
                left: erased.left,
            }
            .to_json())
        })
        .await
    }
}

impl Management {
    async fn admit(
        &self,
        connection: &Connection,
        header: &Header<'_>,
    ) -> Result<Admitted, Denial> {
        let caller: CallerName = header.sender().map(|name| name.to_owned().into());
        let size = header.primary().body_len();
        let admitted = self.gate.admit(connection, &caller, size).await;
        admitted.map_err(|(_, denial)| denial)
    }

    async fn pin(&self, request: &str) -> Result<(), Denial> {
        check_size(request)?;
        let Some(account) = DefaultAccountRequest::from_json(request)?.account else {
            return self.broker.pin_account(None).await;
        };
        let home_account_id = HomeAccountId::parse(&account.home_account_id)
            .ok_or_else(|| Denial::malformed("the account has no home account ID"))?;
        let environment = Authority::of_host(&account.environment, Tenant::organizations())
            .map_or(account.environment, |authority| {
                authority.environment().to_owned()
            });
        let account = (&*environment, &home_account_id);
        self.broker.pin_account(Some(account)).await
    }
}

impl Broker {
    /// What this broker says of itself. A program hears of the accounts that are in its list.
    async fn status(&self, caller: &Caller) -> StatusReply {
        let accounts = self.accounts_for(caller, None).await;
        // Whoever may not know the first is not told that the second is.
        let default = self.accounts().await.into_iter().next();
        let default = default.filter(|default| accounts.first() == Some(default));
        let config_file = self.configuration().config_file.as_ref();
        StatusReply {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            process: std::process::id(),
            started_on: Some(self.approvals().started_on().unix_timestamp()),
            memory_locked: self.configuration().memory_locked,
            store: store(self.store_report().await),
            approvals: Some(self.configuration().approvals.to_string()),
            rules_unread: self.approvals().unread_rules(),
            accounts: u32::try_from(accounts.len()).unwrap_or(u32::MAX),
            default_is_pinned: default.is_some() && self.pinned_account().await.is_some(),
            default_account: default.as_deref().map(reply::account),
            config_file: config_file.map(|path| path.display().to_string()),
        }
    }
}

async fn answer(work: impl Future<Output = Result<String, Denial>> + Send) -> String {
    work.await.unwrap_or_else(|denial| {
        tracing::debug!(status = %denial.status, "denied: {}", denial.context);
        denial.to_reply()
    })
}

fn store(report: StoreReport) -> StoreStatus {
    let passed_over = report.passed_over.into_iter();
    StoreStatus {
        in_use: report.in_use.to_owned(),
        wanted: report.wanted.to_owned(),
        description: report.description,
        fault: report.fault,
        still_kept: report.still_kept,
        passed_over: passed_over
            .map(|passed_over| PassedOverStore {
                store: passed_over.store.as_str().to_owned(),
                reason: passed_over.reason,
                is_absent: passed_over.is_absent,
            })
            .collect(),
    }
}
