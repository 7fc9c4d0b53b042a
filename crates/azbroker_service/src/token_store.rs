//! Where refresh tokens rest.

mod choice;
mod key_source;
mod memory;
mod secret_service;

use async_trait::async_trait;
use azbroker_entra::{Account, ClientId, HomeAccountId, RefreshToken};
use azure_core::time::OffsetDateTime;
use std::fmt::Debug;

pub use choice::{StoreChoice, StoreChoiceError};
pub use key_source::KeySource;
pub use memory::MemoryStore;
pub(crate) use secret_service::SecretServiceStore;

/// One thing to keep: the refresh token of an account for an application.
#[derive(Clone, Debug)]
pub struct StoredGrant {
    /// Whose it is.
    pub account: Account,
    /// The application it was given to.
    pub client_id: ClientId,
    /// The refresh token.
    pub refresh_token: RefreshToken,
    /// When its user signed in, which no renewal changes.
    pub signed_in_on: OffsetDateTime,
}

/// A place that keeps refresh tokens while the broker does not run, or at least while it does.
#[async_trait]
pub trait TokenStore: Send + Sync + Debug {
    /// What it is and, where it is not the best there could be, why.
    fn description(&self) -> &str;

    /// Everything that is kept.
    ///
    /// # Errors
    ///
    /// When the place does not answer.
    async fn load(&self) -> Result<Vec<StoredGrant>, StoreError>;

    /// Keeps a grant in the place of the one before it of the same account and application.
    ///
    /// # Errors
    ///
    /// When it is not kept; then what was there before still is.
    async fn save(&self, grant: &StoredGrant) -> Result<(), StoreError>;

    /// Forgets an account, or only what one application has of it.
    ///
    /// # Errors
    ///
    /// When the place does not answer.
    async fn remove(
        &self,
        environment: &str,
        home_account_id: &HomeAccountId,
        client_id: Option<&ClientId>,
    ) -> Result<(), StoreError>;
}

/// A store that did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct StoreError(String);

impl StoreError {
    /// Says what is wrong.
    pub fn new(fault: impl Into<String>) -> Self {
        Self(fault.into())
    }
}
