//! The contract between an identity broker on Linux and its clients, as it travels on the session bus.
//!
//! Every method takes three strings (protocol version, correlation ID, request as JSON) and answers with
//! one (response as JSON). This package knows the JSON and nothing else: no bus, no policy, no network.
//! Requests are read leniently, because clients differ in what they leave out; responses are written with
//! every field that some client insists on.
//!
//! No type here can hold a refresh token: refresh tokens never cross the bus.
//!
//! ```
//! use azbroker_protocol::{TokenRequest, Status, ErrorReply};
//!
//! let request = TokenRequest::from_json(r#"{"authParameters":{
//!     "clientId":"04b07795-8ddb-461a-bbee-02f9e1bf7b46",
//!     "authority":"https://login.microsoftonline.com/organizations",
//!     "requestedScopes":["https://vault.azure.net/.default"]}}"#)?;
//! assert!(request.account().is_none());
//!
//! let reply = ErrorReply::new(Status::InteractionRequired, "no account is signed in").to_json();
//! assert!(reply.contains(r#""status":2"#));
//! # Ok::<(), azbroker_protocol::MalformedMessage>(())
//! ```

#![warn(missing_docs)]

mod account;
mod auth_parameters;
mod error_reply;
mod lenient;
mod malformed;
mod management;
mod method;
mod pop_parameters;
mod requests;
mod responses;
mod status;
mod token_reply;
mod wire_secret;

pub use account::Account;
pub use auth_parameters::{AuthParameters, AuthorizationType, ParentWindow};
pub use error_reply::{BrokerError, ErrorReply};
pub use malformed::MalformedMessage;
pub use management::{
    DefaultAccountRequest, MANAGEMENT_INTERFACE, PassedOverStore, RemoveAllReply, StatusReply,
    StoreStatus,
};
pub use method::{BUS_NAME, INTERFACE, Method, OBJECT_PATH, PROTOCOL_VERSION};
pub use pop_parameters::{PopParameters, SignedHttpRequestReply, SignedHttpRequestRequest};
pub use requests::{
    AccountsRequest, CookieRequest, RemoveAccountRequest, TokenRequest, VersionRequest,
};
pub use responses::{AccountsReply, RemoveAccountReply, VersionReply};
pub use status::Status;
pub use token_reply::{AccessTokenType, TokenReply, TokenResponse};
pub use wire_secret::WireSecret;
