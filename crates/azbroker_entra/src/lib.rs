//! A client for Entra ID, as a broker or a credential needs it.
//!
//! It parses what a caller hands in ([`Authority`], [`ClientId`], [`Scopes`], [`Claims`]), redeems grants
//! ([`Client`]), signs a user in through a browser with a redirect to this machine's loopback
//! ([`SignIn`]), and tells refusals apart ([`Refusal`]). Wrong values cannot be made, secrets have their
//! own types, and nothing here reads the environment or a bus.
//!
//! ```
//! use azbroker_entra::{Authority, Scopes};
//!
//! let authority = Authority::parse("https://login.microsoftonline.com/contoso.example")?;
//! assert!(authority.is_known());
//! assert!(Authority::parse("http://login.microsoftonline.com/contoso.example").is_err());
//! assert!(Scopes::parse(["two words"]).is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![warn(missing_docs)]

mod account;
mod authority;
mod authority_host;
mod authorization_request;
mod browser_start;
mod busy;
mod claims;
mod client;
mod client_id;
mod clock;
mod cloud;
mod desktop;
mod device_sign_in;
#[cfg(unix)]
mod devtools_pipe;
mod error;
mod explanation;
mod form;
mod further_parameters;
mod grant;
mod http_client;
mod id_token;
mod instance_discovery;
mod key_id;
mod last_page;
mod loopback_listener;
mod loopback_peer;
mod loopback_redirect;
mod own_pages;
mod page;
mod pasted;
mod pkce;
mod private_browser;
#[cfg(unix)]
mod private_window;
mod prompt;
mod redirect_connections;
mod redirect_end;
mod redirect_in_memory;
mod redirect_listener;
mod redirect_parameters;
mod redirect_probe;
mod redirect_uri;
mod refusal;
mod scopes;
mod secrets;
mod sign_in;
mod system_browser;
mod tenant;
mod token_response;
mod transport_failure;
mod trust_store;
mod written_account;

pub use account::{Account, HomeAccountId};
pub use authority::{Authority, AuthorityError};
pub use authority_host::{AuthorityHost, AuthorityHostError};
pub use authorization_request::PromptBehavior;
pub use browser_start::BrowserStart;
pub use claims::{Claims, ClaimsError};
pub use client::{Client, TokenRequest};
pub use client_id::{ClientId, ClientIdError};
pub use clock::{Clock, ManualClock, SystemClock};
pub use desktop::{Desktop, Opener};
pub use device_sign_in::DeviceSignIn;
pub use error::Error;
pub use further_parameters::FurtherParameters;
pub use grant::Grant;
pub use id_token::IdToken;
pub use key_id::{KeyId, KeyIdError};
pub use loopback_listener::{LoopbackListener, LoopbackPeer, is_loopback_host};
pub use loopback_redirect::{LoopbackRedirect, LoopbackRedirectError};
pub use own_pages::OwnPages;
pub use page::{Mark, Page};
pub use pasted::{Paste, PasteError};
pub use private_browser::PrivateBrowser;
pub use prompt::{NoPrompt, Prompt, PromptError};
#[doc(hidden)]
pub use redirect_in_memory::RedirectInMemory;
pub use redirect_probe::Registered;
pub use redirect_uri::RedirectUri;
pub use refusal::{Refusal, RefusalKind};
pub use scopes::{Scopes, ScopesError};
pub use secrets::{AuthorizationCode, CodeVerifier, DeviceCode, PastedText, RefreshToken};
pub use sign_in::{RedirectWay, Redirected, SignIn};
pub use system_browser::SystemBrowser;
pub use tenant::{Tenant, TenantError};
pub use token_response::Tokens;
pub use transport_failure::TransportFailure;
pub use trust_store::TrustStore;
pub use written_account::WrittenAccount;

/// The result of everything here that can fail.
pub type Result<T> = std::result::Result<T, Error>;

/// Made once per request and carried on every hop, log line and error.
pub type CorrelationId = azure_core::Uuid;
