use std::fmt;

/// What went wrong, as a number on the wire.
///
/// From 15 on these are *not* the numbers of the Python and Node bindings' enumerations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Status {
    /// Anything that has no status of its own, and every number unknown here.
    Unexpected,
    /// Not in use.
    Reserved,
    /// The user must act; clients fall back to an interactive call.
    InteractionRequired,
    /// There is no network.
    NoNetwork,
    /// The network failed for now.
    NetworkTemporarilyUnavailable,
    /// The authority failed for now.
    ServerTemporarilyUnavailable,
    /// The request is not of the contract.
    ApiContractViolation,
    /// The user closed the sign-in or declined.
    UserCanceled,
    /// The application ended the sign-in.
    ApplicationCanceled,
    /// The application's registration or request can never work.
    IncorrectConfiguration,
    /// Not in use.
    InsufficientBuffer,
    /// The authority is not one the broker trusts.
    AuthorityUntrusted,
    /// Another user signed in than the one asked for.
    UserSwitch,
    /// The account cannot be used any more; clients fall back to an interactive call.
    AccountUnusable,
    /// The account's data must be removed.
    UserDataRemovalRequired,
    /// Trying again may help.
    TransientError,
    /// Another account answered.
    AccountSwitch,
    /// A registered device would be needed.
    DeviceNotRegistered,
    /// A key is missing.
    KeyNotFound,
    /// The account is not held.
    AccountNotFound,
    /// The broker needs another one that is missing.
    RequiredBrokerMissing,
    /// The client should do it without a broker.
    FallbackToNativeMsal,
}

/// Every status in the order of its number.
const IN_ORDER: [Status; 22] = [
    Status::Unexpected,
    Status::Reserved,
    Status::InteractionRequired,
    Status::NoNetwork,
    Status::NetworkTemporarilyUnavailable,
    Status::ServerTemporarilyUnavailable,
    Status::ApiContractViolation,
    Status::UserCanceled,
    Status::ApplicationCanceled,
    Status::IncorrectConfiguration,
    Status::InsufficientBuffer,
    Status::AuthorityUntrusted,
    Status::UserSwitch,
    Status::AccountUnusable,
    Status::UserDataRemovalRequired,
    Status::TransientError,
    Status::AccountSwitch,
    Status::DeviceNotRegistered,
    Status::KeyNotFound,
    Status::AccountNotFound,
    Status::RequiredBrokerMissing,
    Status::FallbackToNativeMsal,
];

impl Status {
    /// The number on the wire.
    pub fn number(self) -> i64 {
        self as i64
    }

    /// The status of a number; unknown ones are [`Status::Unexpected`], as clients report them.
    pub fn from_number(number: i64) -> Self {
        usize::try_from(number)
            .ok()
            .and_then(|index| IN_ORDER.get(index).copied())
            .unwrap_or(Self::Unexpected)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_statuses_go_both_ways() {
        for (index, status) in IN_ORDER.into_iter().enumerate() {
            assert_eq!(status.number(), i64::try_from(index).unwrap());
            assert_eq!(Status::from_number(status.number()), status);
        }
        for unknown in [-1, 22, i64::MAX] {
            assert_eq!(Status::from_number(unknown), Status::Unexpected);
        }
    }

    #[test]
    fn the_numbers_are_the_recorded_ones() {
        for (number, status) in [
            (2, Status::InteractionRequired),
            (7, Status::UserCanceled),
            (13, Status::AccountUnusable),
            (15, Status::TransientError),
            (17, Status::DeviceNotRegistered),
            (19, Status::AccountNotFound),
        ] {
            assert_eq!(Status::from_number(number), status);
        }
    }
}
