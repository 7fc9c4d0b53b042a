//! What `azbroker login` and the broker say to each other, on an interface of their own: sign-ins that need no
//! browser on this machine.
//!
//! Each method takes and gives JSON, as the methods of Microsoft's contract do, and failures have the contract's form.

use azbroker_entra::{ClientId, PastedText};
use azbroker_protocol::{BrokerError, Status};
use serde::{Deserialize, Serialize};

/// The interface, on the object of the contract.
pub const SIGN_IN_INTERFACE: &str = "com.github.azbroker.SignIn1";

/// The application that signs in where none is named: the Azure CLI.
pub const USUAL_CLIENT_ID: &str = ClientId::AZURE_CLI;

/// How the user signs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum SignInWay {
    /// In a browser here where there is one, else by hand.
    Auto,
    /// In the user's browser, with a redirect to `http://localhost`.
    Loopback,
    /// In a private window, with a redirect to Entra ID's own empty page.
    NativeClient,
    /// In any browser anywhere; the user pastes the address that it ends on.
    Paste,
    /// At another device, with a code that is entered there.
    DeviceCode,
}

/// What the user must be told, if anything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "way", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum BeginReply {
    /// Nothing: an ordinary interactive request does it.
    Browser {},
    /// The page to open, and how long it is waited for.
    Paste {
        /// Why there is no browser, where that is the reason.
        #[serde(default)]
        reason: Option<String>,
        /// The page.
        url: String,
        /// What the address begins with that is to be pasted.
        redirect_uri: String,
        /// In seconds.
        lasts: i64,
    },
    /// The code to enter.
    DeviceCode {
        /// Where.
        verification_uri: String,
        /// The code.
        user_code: String,
        /// In seconds.
        lasts: i64,
    },
}

/// What a paste was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PasteReply {
    /// What was wrong with it; the sign-in still waits then.
    #[serde(default)]
    pub fault: Option<String>,
}

/// Who has signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SignedIn {
    /// The account's stable key.
    pub home_account_id: String,
    /// What the user typed.
    pub username: String,
}

/// Why there is no answer.
#[derive(Clone, Debug, Deserialize)]
pub struct SignInFailure {
    /// The contract's own form of it.
    pub error: BrokerError,
}

/// Whose turn it is after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Turn {
    /// The user must sign in, finish what they began, or sign in elsewhere.
    User,
    /// Whoever asked: it can never work as it was asked.
    Asker,
    /// Nobody's: it may work later.
    Later,
    /// Whoever the message names.
    Somebody,
}

impl SignInFailure {
    /// Whose turn it is.
    pub fn turn(&self) -> Turn {
        match self.error.status() {
            Status::InteractionRequired
            | Status::UserCanceled
            | Status::ApplicationCanceled
            | Status::UserSwitch => Turn::User,
            Status::ApiContractViolation | Status::AuthorityUntrusted => Turn::Asker,
            Status::NetworkTemporarilyUnavailable
            | Status::NoNetwork
            | Status::ServerTemporarilyUnavailable
            | Status::TransientError => Turn::Later,
            _ => Turn::Somebody,
        }
    }

    /// What is wrong.
    pub fn message(&self) -> &str {
        let context = &self.error.context;
        context.split_once("; ").map_or(context, |(what, _)| what)
    }

    /// What to do about it.
    pub fn next_step(&self) -> Option<&str> {
        self.error.context.split_once("; ").map(|(_, step)| step)
    }
}

/// What a paste carries: it is wiped, and never shown.
pub(crate) fn pasted(text: &str) -> PastedText {
    PastedText::new(text.to_owned())
}
