//! An Entra ID tenant and a Key Vault on this machine, under their real URLs.
//!
//! An [`Emulator`] is an HTTP proxy that ends TLS itself with certificates of an authority it makes on start.
//! A program that uses the proxy and trusts the authority reaches `https://login.microsoftonline.com` and
//! `https://demo.vault.azure.net` without knowing that nothing leaves the machine. A host that is not emulated
//! is refused by name; nothing is ever forwarded.
//!
//! ```
//! use azbroker_emulator::{Emulator, World};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let emulator = Emulator::start(World::default()).await?;
//! let answer = emulator
//!     .http_client()
//!     .get("https://demo.vault.azure.net/secrets/MySecret?api-version=7.4")
//!     .send()
//!     .await?;
//! // The vault wants a token before anything else.
//! assert_eq!(answer.status(), 401);
//! assert_eq!(emulator.ledger().entries().len(), 1);
//! # Ok(())
//! # }
//! ```
//!
//! [`World`] says who and what exists, [`Ledger`] tells what was asked and issued, [`Faults`] makes things go
//! wrong on purpose, and [`Visitor`] is a user who signs in on the real pages.
//!
//! This package shares no code with the packages it tests, so that two mistakes cannot agree.

#![warn(missing_docs)]

mod certificates;
mod clock;
mod cloud;
mod emulator;
mod entra;
mod exchange;
mod faults;
mod kept;
mod ledger;
mod metadata;
mod proxy;
mod random;
mod timestamp;
mod vault;
mod visitor;
mod world;

pub use emulator::{Emulator, StartError};
pub use faults::{Fault, Faults, Target};
pub use ledger::{Entry, KnownSecret, Ledger, Outcome, SecretKind};
pub use visitor::{Behavior, End, SignIn, VisitError, Visited, Visitor};
pub use world::{
    Application, Consent, Role, Tenant, User, Vault, World, WorldError, default_world,
};
