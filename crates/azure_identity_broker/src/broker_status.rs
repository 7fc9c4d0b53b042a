use crate::BrokerAccount;
use azure_core::time::OffsetDateTime;

/// Says what a broker says of itself.
///
/// [`BrokerClient::status`](crate::BrokerClient::status) gives it.
///
/// ```
/// use azure_identity_broker::BrokerStatus;
///
/// fn show(status: &BrokerStatus) {
///     println!("version {}, process {}", status.version, status.process);
///     for store in &status.passed_over {
///         println!("{} is not in use: {}", store.store, store.reason);
///     }
/// }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BrokerStatus {
    /// The broker's version.
    pub version: String,
    /// The broker's process.
    pub process: u32,
    /// When the broker started, where it says so.
    pub started_on: Option<OffsetDateTime>,
    /// Whether the broker's memory is kept out of the swap space, where the broker says so.
    pub memory_locked: Option<bool>,
    /// The store in use: `secret-service`, `file` or `memory`.
    pub store: String,
    /// The store that the broker was told to use, or `auto`.
    pub store_wanted: String,
    /// What the store in use is, for a person.
    pub store_description: String,
    /// Why the store did not take the last change, which is in memory only.
    pub store_fault: Option<String>,
    /// Why a store may still have an account that was signed out, and what helps.
    pub store_still_keeps: Option<String>,
    /// The better stores, and why each is not in use.
    pub passed_over: Vec<PassedOverStore>,
    /// How it is decided which programs may have a token, where the broker says so.
    pub approvals: Option<String>,
    /// Why the rules that are kept are not followed, where they are not.
    pub rules_unread: Option<String>,
    /// How many accounts are held.
    pub accounts: u32,
    /// Whose token it is where a request names no account and no tenant.
    pub default_account: Option<BrokerAccount>,
    /// Whether the user chose that account.
    pub default_is_pinned: bool,
    /// The configuration file that the broker read.
    pub config_file: Option<String>,
}

/// Names a store that is better than the one in use.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PassedOverStore {
    /// The store: `secret-service` or `file`.
    pub store: String,
    /// Why it is not in use.
    pub reason: String,
    /// Whether it is not there at all, rather than of no use.
    pub is_absent: bool,
}

/// Tells what became of the accounts when all were to be removed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RemovedAccounts {
    /// How many were held.
    pub removed: u32,
    /// Whether accounts that the broker could not read were erased with them.
    pub unread: bool,
    /// What may still keep some, and why.
    pub left: Vec<String>,
}
