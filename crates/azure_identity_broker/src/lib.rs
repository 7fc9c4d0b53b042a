//! Azure credentials for programs that a person runs: the machine's broker first, the system browser second.
//!
//! A program that holds no secret of its own asks a credential for an access token. The credential asks the
//! authentication broker on the machine, which keeps the user's accounts and answers silently when it can;
//! where no broker serves the machine, the user signs in through the system browser. Every client of the
//! Azure SDK takes such a credential.
//!
//! ```no_run
#![doc = include_str!("../examples/key_vault_secret.rs")]
//! ```
//!
//! | Credential | Who answers |
//! | --- | --- |
//! | [`InteractiveBrowserCredential`] | the broker, or the user in a browser |
//! | [`BrokerCredential`] | the broker's default account, or nobody |
//! | [`DeviceCodeCredential`] | the user, in a browser at another device |
//! | [`VisualStudioCodeCredential`] | the account of the editor, through the broker |
//! | [`DeveloperCredential`] | whatever the developer is signed in with |
//!
//! Each takes its options, has `authenticate` for a sign-in at a moment of the program's choice, and
//! `acquire_token` for a request with more to it than scopes ([`AcquireOptions`]: claims, another tenant,
//! continuous access evaluation, proof of possession). [`ClaimsChallengePolicy`] answers the claims challenges
//! of Azure services by itself. [`BrokerOptions`] says how the broker is used, [`AuthenticationRecord`] finds
//! the account of an earlier sign-in again, in any language. [`BrokerClient`] lists and removes the broker's
//! accounts. What fails does so with an [`Error`], which [`Error::find`] gets out of whatever
//! wraps it: its [`kind`](Error::kind) tells who must act, its [`next_step`](Error::next_step) how.
//!
//! Who comes from JavaScript, Python or .NET finds the names of there beside ours in `docs/parity.md`.
//!
//! Nothing here prints. Logs go through `tracing`, one span a request with its correlation ID; the names of
//! people are logged at debug, secrets never.

#![deny(missing_docs, clippy::print_stdout, clippy::print_stderr)]

mod acquire_options;
mod allowed_tenants;
mod authentication_record;
mod backend;
mod broker_client;
mod broker_credential;
mod broker_options;
mod broker_status;
mod browser_customization;
mod claims_challenge_policy;
mod developer_credential;
mod device_code_credential;
mod device_code_credential_options;
mod device_code_prompt;
mod entra_failure;
mod environment;
mod error;
mod error_kind;
mod interactive_browser_credential;
mod interactive_browser_credential_options;
mod own_tokens;
mod parent_window;
mod prompt_behavior;
mod proof_of_possession;
mod refresh_tokens;
mod shortcut;
#[cfg(test)]
mod test_broker;
#[cfg(test)]
mod test_cloud;
mod token_cache;
#[cfg(feature = "persistence")]
mod token_cache_persistence;
mod token_request;
mod transport;
mod user_credential;
mod user_flow;
mod visual_studio_code_credential;

pub use acquire_options::AcquireOptions;
pub use authentication_record::AuthenticationRecord;
pub use broker_client::{BrokerAccount, BrokerAccounts, BrokerClient};
pub use broker_credential::{BrokerCredential, BrokerCredentialOptions};
pub use broker_options::{BrokerOptions, WithoutBroker};
pub use broker_status::{BrokerStatus, PassedOverStore, RemovedAccounts};
pub use browser_customization::BrowserCustomization;
pub use claims_challenge_policy::ClaimsChallengePolicy;
pub use developer_credential::{DeveloperCredential, DeveloperCredentialOptions, DeveloperSource};
pub use device_code_credential::DeviceCodeCredential;
pub use device_code_credential_options::DeviceCodeCredentialOptions;
pub use device_code_prompt::DeviceCodePrompt;
pub use error::Error;
pub use error_kind::ErrorKind;
pub use interactive_browser_credential::InteractiveBrowserCredential;
pub use interactive_browser_credential_options::InteractiveBrowserCredentialOptions;
pub use parent_window::ParentWindow;
pub use prompt_behavior::PromptBehavior;
pub use proof_of_possession::ProofOfPossession;
#[cfg(feature = "persistence")]
pub use token_cache_persistence::TokenCachePersistence;
pub use visual_studio_code_credential::{
    VisualStudioCodeCredential, VisualStudioCodeCredentialOptions,
};

pub(crate) type Result<T> = std::result::Result<T, Error>;

/// The examples of the README compile.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
