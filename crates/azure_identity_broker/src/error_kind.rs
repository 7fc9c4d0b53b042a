/// Tells who must act on an [`Error`](crate::Error).
///
/// Reach for this to decide in code: ask the user, try again, or give up. The kinds that are not known yet
/// are to be treated as [`Malformed`](Self::Malformed) is.
///
/// ```
/// use azure_identity_broker::{Error, ErrorKind};
///
/// enum Then { SignIn, TryAgain, GiveUp }
///
/// fn then(error: &azure_core::Error) -> Then {
///     match Error::find(error).map(Error::kind) {
///         Some(ErrorKind::InteractionRequired) => Then::SignIn,
///         Some(ErrorKind::Unavailable) => Then::TryAgain,
///         _ => Then::GiveUp,
///     }
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The user must act: sign in, consent, or complete a second factor.
    InteractionRequired,
    /// The user closed the sign-in, declined, or did not finish it in time.
    Canceled,
    /// The application asked for something that can never work; the message says what to change.
    InvalidRequest,
    /// Entra ID refused. [`Error::server_codes`](crate::Error::server_codes) has its AADSTS numbers.
    Refused,
    /// Nobody answered, or only for now not. Trying again may help.
    Unavailable,
    /// No broker on this machine can serve the request.
    BrokerMissing,
    /// An answer made no sense. Please report it.
    Malformed,
}

impl ErrorKind {
    /// Names the kind's paragraph in the page `docs/troubleshooting.md`: the fragment of its URL, without
    /// the `#`.
    ///
    /// Reach for this to lead a user from an error to its explanation.
    ///
    /// ```
    /// use azure_identity_broker::ErrorKind;
    ///
    /// let link = format!("docs/troubleshooting.md#{}", ErrorKind::BrokerMissing.anchor());
    /// assert_eq!(link, "docs/troubleshooting.md#broker-missing");
    /// ```
    pub fn anchor(self) -> &'static str {
        match self {
            Self::InteractionRequired => "interaction-required",
            Self::Canceled => "canceled",
            Self::InvalidRequest => "invalid-request",
            Self::Refused => "refused",
            Self::Unavailable => "unavailable",
            Self::BrokerMissing => "broker-missing",
            Self::Malformed => "malformed",
        }
    }

    /// What to do about an error of which nothing nearer is known.
    pub(crate) fn next_step(self) -> Option<&'static str> {
        match self {
            Self::InteractionRequired => Some("sign in again"),
            Self::Canceled => Some("sign in again and finish it"),
            // The message names what is wrong, and how to write it.
            Self::InvalidRequest => None,
            Self::Refused => Some("ask an administrator of the tenant, or use another account"),
            Self::Unavailable => Some("try again"),
            Self::BrokerMissing => Some(
                "start a broker, as with `azbroker serve`, or let the credential use the system browser",
            ),
            Self::Malformed => Some("report it to whoever provides the broker"),
        }
    }

    #[cfg(test)]
    pub(crate) const ALL: [Self; 7] = [
        Self::InteractionRequired,
        Self::Canceled,
        Self::InvalidRequest,
        Self::Refused,
        Self::Unavailable,
        Self::BrokerMissing,
        Self::Malformed,
    ];
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = include_str!("../../../docs/troubleshooting.md");

    /// The fragment that a Markdown heading gets.
    fn anchor_of(heading: &str) -> String {
        heading.trim().to_lowercase().replace(' ', "-")
    }

    #[test]
    fn every_kind_has_its_own_paragraph_in_the_page() {
        let anchors: Vec<_> = PAGE
            .lines()
            .filter_map(|line| line.strip_prefix("## "))
            .map(anchor_of)
            .collect();
        for kind in ErrorKind::ALL {
            let found = anchors.iter().filter(|anchor| *anchor == kind.anchor());
            assert_eq!(found.count(), 1, "{kind:?} in {anchors:?}");
        }
    }

    #[test]
    fn every_paragraph_of_a_kind_says_who_acts_what_to_try_and_the_exit_code() {
        for kind in ErrorKind::ALL {
            let paragraph = PAGE
                .split("\n## ")
                .find(|part| anchor_of(part.lines().next().unwrap_or_default()) == kind.anchor())
                .unwrap();
            for part in ["**Who acts**", "**Try**", "**Exit code**"] {
                assert!(paragraph.contains(part), "{kind:?} lacks {part}");
            }
        }
    }

    #[test]
    fn only_a_wrong_request_is_without_a_next_step_of_its_kind() {
        let without: Vec<_> = ErrorKind::ALL
            .into_iter()
            .filter(|kind| kind.next_step().is_none())
            .collect();
        assert_eq!(without, [ErrorKind::InvalidRequest]);
    }
}
