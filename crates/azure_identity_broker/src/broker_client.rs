use crate::{
    AuthenticationRecord, BrokerStatus, Error, ErrorKind, PassedOverStore, RemovedAccounts, Result,
    backend::{Backend, BrokerManner, Bus, DbusBackend},
};
use azbroker_entra::{Account, Authority, ClientId, Tenant};
use azure_core::time::OffsetDateTime;
use std::sync::Arc;

/// Asks the broker of the machine about itself and its accounts.
///
/// Reach for this to show or end sign-ins; tokens come from credentials. It connects when it is first
/// asked.
///
/// ```no_run
/// use azure_identity_broker::BrokerClient;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> azure_core::Result<()> {
/// let broker = BrokerClient::new()?;
/// for account in broker.accounts(None).await?.accounts {
///     println!("{}", account.username());
/// }
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// All methods fail with [`ErrorKind::BrokerMissing`] when no broker serves the machine.
#[derive(Debug)]
pub struct BrokerClient {
    broker: DbusBackend,
}

/// Holds what a broker answers about its accounts.
///
/// [`BrokerClient::accounts`] gives it.
///
/// ```
/// use azure_identity_broker::BrokerAccounts;
///
/// fn show(held: &BrokerAccounts) {
///     for account in &held.accounts {
///         println!("{} (tenant {})", account.username(), account.tenant_id());
///     }
///     println!("kept in {}", held.store.as_deref().unwrap_or("an unknown place"));
/// }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BrokerAccounts {
    /// The accounts, in the broker's order.
    pub accounts: Vec<BrokerAccount>,
    /// What keeps the accounts, in the broker's words; `None` when it does not say.
    pub store: Option<String>,
}

/// Names an account that a broker holds for an application.
///
/// Reach for this to let the user choose: its record makes a credential for this account and no other.
///
/// ```
/// use azure_identity_broker::{
///     BrokerAccount, InteractiveBrowserCredential, InteractiveBrowserCredentialOptions,
/// };
/// use std::sync::Arc;
///
/// fn credential_of(account: &BrokerAccount) -> azure_core::Result<Arc<InteractiveBrowserCredential>> {
///     InteractiveBrowserCredential::new(Some(InteractiveBrowserCredentialOptions {
///         authentication_record: Some(account.authentication_record()?),
///         ..Default::default()
///     }))
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerAccount {
    client_id: ClientId,
    account: Account,
}

impl BrokerClient {
    /// Makes a client of the broker on the session bus.
    ///
    /// # Errors
    ///
    /// None that is known.
    pub fn new() -> azure_core::Result<Arc<Self>> {
        Ok(Arc::new(Self::on(Bus::Session)))
    }

    /// Lists the accounts held for an application, or for the Azure CLI's client ID.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidRequest`] when the client ID is none.
    #[doc(alias = "getAccounts")]
    pub async fn accounts(&self, client_id: Option<&str>) -> azure_core::Result<BrokerAccounts> {
        self.list(client_id)
            .await
            .map_err(|error| error.into_azure("the broker's accounts cannot be listed"))
    }

    /// Has the broker forget an account.
    ///
    /// Access tokens that were handed out stay valid until they expire.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unavailable`] when the broker goes away meanwhile, [`ErrorKind::InteractionRequired`] when its store
    /// cannot be erased: it gives no token of the account then, and its user must mend the store. An account that it
    /// holds no more is no error.
    #[doc(alias = "removeAccount")]
    pub async fn remove_account(&self, account: &BrokerAccount) -> azure_core::Result<()> {
        self.broker
            .remove_account(&account.client_id, &account.account)
            .await
            .map_err(|error| {
                let username = account.username();
                error.into_azure(format!("the broker's account {username} cannot be removed"))
            })
    }

    /// Asks for the broker's version.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Malformed`] when the broker does not know the question; some do not.
    #[doc(alias = "getLinuxBrokerVersion")]
    pub async fn version(&self) -> azure_core::Result<String> {
        self.broker
            .version()
            .await
            .map_err(|error| error.into_azure("the broker's version is not known"))
    }

    /// Asks for what the broker says of itself.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Malformed`] when the broker is not azbroker, which alone knows the question.
    pub async fn status(&self) -> azure_core::Result<BrokerStatus> {
        let status = self
            .broker
            .status()
            .await
            .map_err(|error| error.into_azure("the broker's status is not known"))?;
        let store = status.store;
        let default_account = status.default_account.as_ref();
        let default_account = default_account.and_then(DbusBackend::read_account);
        Ok(BrokerStatus {
            version: status.version,
            process: status.process,
            started_on: status
                .started_on
                .and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok()),
            memory_locked: status.memory_locked,
            rules_unread: status.rules_unread,
            store: store.in_use,
            store_wanted: store.wanted,
            store_description: store.description,
            store_fault: store.fault,
            store_still_keeps: store.still_kept,
            passed_over: store
                .passed_over
                .into_iter()
                .map(|passed_over| PassedOverStore {
                    store: passed_over.store,
                    reason: passed_over.reason,
                    is_absent: passed_over.is_absent,
                })
                .collect(),
            approvals: status.approvals,
            accounts: status.accounts,
            default_account: default_account.map(|account| BrokerAccount {
                client_id: ClientId::azure_cli(),
                account,
            }),
            default_is_pinned: status.default_is_pinned,
            config_file: status.config_file,
        })
    }

    /// Pins the account that is the default where a request names none, or pins none.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InteractionRequired`] when the broker does not hold the account, [`ErrorKind::Malformed`] when
    /// the broker is not azbroker.
    pub async fn set_default_account(
        &self,
        account: Option<&BrokerAccount>,
    ) -> azure_core::Result<()> {
        self.broker
            .set_default_account(account.map(|account| &account.account))
            .await
            .map_err(|error| error.into_azure("the default account is not changed"))
    }

    /// Has the broker forget every account, also those that it could not read.
    ///
    /// Access tokens that were handed out stay valid until they expire.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Malformed`] when the broker is not azbroker.
    pub async fn remove_all_accounts(&self) -> azure_core::Result<RemovedAccounts> {
        let reply = self
            .broker
            .remove_all_accounts()
            .await
            .map_err(|error| error.into_azure("the broker's accounts cannot be removed"))?;
        Ok(RemovedAccounts {
            removed: reply.removed,
            unread: reply.unread,
            left: reply.left,
        })
    }

    pub(crate) fn on(bus: Bus) -> Self {
        Self {
            broker: DbusBackend::new(bus, BrokerManner::default()),
        }
    }

    async fn list(&self, client_id: Option<&str>) -> Result<BrokerAccounts> {
        let client_id = match client_id {
            Some(text) => ClientId::parse(text)
                .map_err(|error| Error::new(ErrorKind::InvalidRequest, error.to_string()))?,
            None => ClientId::azure_cli(),
        };
        let held = self.broker.accounts(&client_id).await?;
        let account = |account| BrokerAccount {
            client_id: client_id.clone(),
            account,
        };
        Ok(BrokerAccounts {
            accounts: held.accounts.into_iter().map(account).collect(),
            store: held.store,
        })
    }
}

impl BrokerAccount {
    /// Gives the user principal name.
    pub fn username(&self) -> &str {
        &self.account.username
    }

    /// Gives the display name, or nothing.
    pub fn name(&self) -> &str {
        &self.account.name
    }

    /// Gives the stable key of the account: `<object ID in the home tenant>.<home tenant ID>`.
    pub fn home_account_id(&self) -> &str {
        self.account.home_account_id.as_str()
    }

    /// Gives the tenant that the account is signed in to.
    pub fn tenant_id(&self) -> &str {
        &self.account.tenant_id
    }

    /// Gives the host of the account's cloud, such as `login.microsoftonline.com`.
    pub fn environment(&self) -> &str {
        &self.account.environment
    }

    /// Gives the application (client) ID that the account is held for.
    pub fn client_id(&self) -> &str {
        self.client_id.as_str()
    }

    /// Makes the record by which a credential finds this account and no other.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Malformed`] when the broker named a host or a tenant that cannot be one.
    pub fn authentication_record(&self) -> azure_core::Result<AuthenticationRecord> {
        let malformed =
            |error: &dyn std::error::Error| Error::new(ErrorKind::Malformed, error.to_string());
        Tenant::parse(&self.account.tenant_id)
            .map_err(|error| malformed(&error))
            .and_then(|tenant| {
                Authority::of_host(&self.account.environment, tenant)
                    .map_err(|error| malformed(&error))
            })
            .and_then(|authority| {
                AuthenticationRecord::new(&self.account, &authority, &self.client_id)
            })
            .map_err(|error| error.into_azure("the account has no authentication record"))
    }
}

#[cfg(test)]
mod tests;
