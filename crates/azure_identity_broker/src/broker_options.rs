use crate::ParentWindow;

/// Says whether and how a credential uses the broker of the machine.
///
/// Reach for this to sign in silently with the account that the broker holds already, or to be sure that no
/// browser comes up in the application's own process.
///
/// ```
/// use azure_identity_broker::{BrokerOptions, WithoutBroker};
///
/// let options = BrokerOptions {
///     use_default_account: true,
///     without_broker: WithoutBroker::Fail,
///     ..Default::default()
/// };
/// assert!(options.enabled);
/// ```
///
/// See Microsoft's
/// [page on brokered authentication](https://learn.microsoft.com/dotnet/azure/sdk/authentication/local-development-broker).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerOptions {
    /// Whether the broker is asked at all; if not, users sign in through the system browser. On by default.
    pub enabled: bool,
    /// Whether the broker's default account is used without asking the user. Off by default.
    ///
    /// When that does not work, the user is asked as if this were off.
    pub use_default_account: bool,
    /// The window that a sign-in dialog belongs to.
    pub parent_window: ParentWindow,
    /// Whether personal accounts pass through to an application that is for work accounts. Off by default.
    ///
    /// Only some of Microsoft's own old applications need it.
    pub legacy_msa_passthrough: bool,
    /// What happens when no broker serves this machine.
    pub without_broker: WithoutBroker,
}

impl Default for BrokerOptions {
    fn default() -> Self {
        Self {
            enabled: true,
            use_default_account: false,
            parent_window: ParentWindow::default(),
            legacy_msa_passthrough: false,
            without_broker: WithoutBroker::default(),
        }
    }
}

/// Says what a credential does when no broker serves this machine.
///
/// Reach for [`Fail`](Self::Fail) where the refresh tokens must not be in the application's process, or where
/// another credential comes next.
///
/// ```
/// use azure_identity_broker::{BrokerOptions, WithoutBroker};
///
/// let options = BrokerOptions { without_broker: WithoutBroker::Fail, ..Default::default() };
/// assert_eq!(BrokerOptions::default().without_broker, WithoutBroker::UseBrowser);
/// # let _ = options;
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WithoutBroker {
    /// The user signs in through the system browser, inside the application's process.
    #[default]
    UseBrowser,
    /// The request fails with [`ErrorKind::BrokerMissing`](crate::ErrorKind::BrokerMissing).
    Fail,
}
