use azbroker_entra::{Account, Error, RefusalKind};
use azbroker_protocol::{ErrorReply, MalformedMessage, Status};

/// Why a request got no token: what becomes the error of a reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Denial {
    pub(crate) status: Status,
    /// One sentence for the user: what is wrong and, after a semicolon, what to do.
    pub(crate) context: String,
    /// The AADSTS number, or 0.
    code: i64,
    /// Whose token it was about, for the user's log: who was denied need not know.
    account: Option<Box<str>>,
}

impl Denial {
    pub(crate) fn new(status: Status, context: impl Into<String>) -> Self {
        Self {
            status,
            context: context.into(),
            code: 0,
            account: None,
        }
    }

    /// The same, noting whose token it was about, where that is known. No reply says it.
    pub(crate) fn about(self, account: Option<&Account>) -> Self {
        Self {
            account: account.map(|account| account.username.as_str().into()),
            ..self
        }
    }

    /// Whose token it was about, as far as anybody noted.
    pub(crate) fn account(&self) -> Option<&str> {
        self.account.as_deref()
    }

    /// The user must act: clients go on to an interactive call by themselves.
    pub(crate) fn interaction_required(context: impl Into<String>) -> Self {
        Self::new(Status::InteractionRequired, context)
    }

    /// The request can never work as it is.
    pub(crate) fn malformed(fault: impl Into<String>) -> Self {
        Self::new(Status::ApiContractViolation, fault)
    }

    /// Nobody waits any more.
    pub(crate) fn given_up() -> Self {
        Self::new(Status::ApplicationCanceled, "the sign-in was given up")
    }

    pub(crate) fn to_reply(&self) -> String {
        ErrorReply::with_code(self.status, self.context.as_str(), self.code).to_json()
    }

    /// What a failed silent request is answered with: whatever a sign-in may cure asks for one.
    pub(crate) fn of_silent(error: &Error) -> Self {
        let denial = Self::of(error);
        match error.refusal().map(azbroker_entra::Refusal::kind) {
            Some(RefusalKind::Policy | RefusalKind::Declined) => Self {
                status: Status::InteractionRequired,
                ..denial
            },
            _ => denial,
        }
    }

    /// What a failed sign-in is answered with.
    pub(crate) fn of_interactive(error: &Error) -> Self {
        Self::of(error)
    }

    fn of(error: &Error) -> Self {
        let status = match error {
            Error::Refused(refusal) => match refusal.kind() {
                RefusalKind::InteractionRequired => Status::InteractionRequired,
                RefusalKind::Declined => Status::UserCanceled,
                RefusalKind::Policy => Status::AccountUnusable,
                RefusalKind::Configuration => Status::IncorrectConfiguration,
                RefusalKind::Transient => Status::ServerTemporarilyUnavailable,
                _ => Status::Unexpected,
            },
            Error::Unreachable { .. } => Status::NetworkTemporarilyUnavailable,
            Error::Unavailable { .. } | Error::Busy { .. } | Error::TimedOut { .. } => {
                Status::ServerTemporarilyUnavailable
            }
            Error::NoPrompt(_) | Error::NothingTrusted { .. } => Status::InteractionRequired,
            Error::NotFinished { .. } | Error::WindowClosed => Status::UserCanceled,
            Error::NotRegistered => Status::IncorrectConfiguration,
            _ => Status::Unexpected,
        };
        let code = error
            .refusal()
            .and_then(|refusal| refusal.codes().first())
            .map_or(0, |code| i64::from(*code));
        Self {
            status,
            context: error.to_sentence(),
            code,
            account: None,
        }
    }
}

impl From<MalformedMessage> for Denial {
    fn from(fault: MalformedMessage) -> Self {
        Self::malformed(fault.to_string())
    }
}
