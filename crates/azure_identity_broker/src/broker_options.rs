use crate::ParentWindow;

/// Whether and how a credential uses the broker of the machine.
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
    /// What happens when no broker serves this machine.
    pub without_broker: WithoutBroker,
}

impl Default for BrokerOptions {
    fn default() -> Self {
        Self {
            enabled: true,
            use_default_account: false,
            parent_window: ParentWindow::default(),
            without_broker: WithoutBroker::default(),
        }
    }
}

/// What a credential does when no broker serves this machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WithoutBroker {
    /// The user signs in through the system browser, inside the application's process.
    #[default]
    UseBrowser,
    /// The request fails with [`ErrorKind::BrokerMissing`](crate::ErrorKind::BrokerMissing).
    Fail,
}
