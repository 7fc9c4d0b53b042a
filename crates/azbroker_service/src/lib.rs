//! The authentication broker for Linux: it holds a user's accounts and refresh tokens, and gives access
//! tokens to programs that ask over the session bus.
//!
//! It speaks Microsoft's own contract, so unmodified clients work with it. It is a library: the command's
//! `serve` is a thin program around [`serve`].
//!
//! A request passes through these files, each of which converts once: `dbus` (who asks), `request` (the
//! message becomes a request), `broker` (silent or interactive), `accounts` and `token_store` (what is
//! held), `reply` (the answer becomes a message).

#![warn(missing_docs)]

mod access_tokens;
mod accounts;
mod activity;
mod approvals;
mod broker;
mod bus_connection;
mod caller;
mod configuration;
mod dbus;
mod denial;
mod gate;
mod interactive_flows;
mod keyed_locks;
mod limit;
mod log_control;
mod management;
mod picker;
mod proof_of_possession;
mod redirects;
mod reply;
mod request;
mod serve;
mod session_bus;
mod sign_in_interface;
pub mod sign_in_messages;
mod state_file;
mod state_folder;
mod token_log;
mod token_store;

pub use approvals::{
    ApprovalMode, ApprovalModeError, ApprovalPrompt, Asked, Lasting, Question, Resource,
    ResourceError, Rule, RuleAccount, RuleAccountError, RuleResource, RulesError, RulesFile,
    Verdict,
};
/// Why Entra ID gave no token, for whoever tells the same without having asked.
pub use azbroker_entra::Error as EntraError;
/// What a broker is made with.
pub use azbroker_entra::{
    AuthorityHost, AuthorityHostError, BrowserStart, Client, ClientId, Clock, Desktop, Opener,
    Prompt, RefusalKind, SystemBrowser, SystemClock, Tenant, TrustStore,
};
/// The name on the bus, and the object there.
pub use azbroker_protocol::{BUS_NAME, OBJECT_PATH};
pub use broker::Broker;
pub use caller::{RuleProgram, RuleProgramError};
pub use configuration::{Configuration, SignInWindow, StoreInPlaceOf};
pub use dbus::serve_at;
pub use log_control::LogLevel;
#[doc(hidden)]
pub use picker::{AccountPageAnswer, AccountPageInMemory};
pub use serve::{ServeError, serve};
pub use token_log::{LogEntry, Outcome, Source};
#[doc(hidden)]
pub use token_store::FileBytes;
pub use token_store::{
    KeyFit, KeySource, MemoryStore, Passphrase, StoreChoice, StoreChoiceError, StoreError,
    StoredGrant, TokenStore,
};
