use crate::MANAGEMENT_INTERFACE;
use std::fmt;

/// The name that a broker owns on the session bus.
pub const BUS_NAME: &str = "com.microsoft.identity.broker1";

/// The path of the broker's one object.
pub const OBJECT_PATH: &str = "/com/microsoft/identity/broker1";

/// The interface of that object.
pub const INTERFACE: &str = "com.microsoft.identity.Broker1";

/// The protocol version that every known client sends as first argument.
pub const PROTOCOL_VERSION: &str = "0.0";

/// A method of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Method {
    /// Lists the accounts the broker holds for an application.
    #[doc(alias = "getAccounts")]
    Accounts,
    /// Acquires a token without showing anything.
    #[doc(alias = "acquireTokenSilently")]
    AcquireTokenSilently,
    /// Acquires a token with the user.
    #[doc(alias = "acquireTokenInteractively")]
    AcquireTokenInteractively,
    /// Ends the interactive flow of the calling connection.
    #[doc(alias = "cancelInteractiveFlow")]
    CancelInteractiveFlow,
    /// Forgets an account.
    #[doc(alias = "removeAccount")]
    RemoveAccount,
    /// Tells the version of the broker.
    #[doc(alias = "getLinuxBrokerVersion")]
    Version,
    /// Signs an HTTP request with the broker's own key.
    #[doc(alias = "generateSignedHttpRequest")]
    GenerateSignedHttpRequest,
    /// Gives a browser a cookie made from a primary refresh token, on a registered device.
    #[doc(alias = "acquirePrtSsoCookie")]
    AcquirePrtSsoCookie,
    /// Tells what the broker says of itself; an addition of ours.
    #[doc(alias = "getStatus")]
    Status,
    /// Pins the default account; an addition of ours.
    #[doc(alias = "setDefaultAccount")]
    SetDefaultAccount,
    /// Forgets every account; an addition of ours.
    #[doc(alias = "removeAllAccounts")]
    RemoveAllAccounts,
}

impl Method {
    /// The member name on the bus.
    pub fn name(self) -> &'static str {
        match self {
            Self::Accounts => "getAccounts",
            Self::AcquireTokenSilently => "acquireTokenSilently",
            Self::AcquireTokenInteractively => "acquireTokenInteractively",
            Self::CancelInteractiveFlow => "cancelInteractiveFlow",
            Self::RemoveAccount => "removeAccount",
            Self::Version => "getLinuxBrokerVersion",
            Self::GenerateSignedHttpRequest => "generateSignedHttpRequest",
            Self::AcquirePrtSsoCookie => "acquirePrtSsoCookie",
            Self::Status => "getStatus",
            Self::SetDefaultAccount => "setDefaultAccount",
            Self::RemoveAllAccounts => "removeAllAccounts",
        }
    }

    /// The interface that has the method.
    pub fn interface(self) -> &'static str {
        match self {
            Self::Status | Self::SetDefaultAccount | Self::RemoveAllAccounts => {
                MANAGEMENT_INTERFACE
            }
            _ => INTERFACE,
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
