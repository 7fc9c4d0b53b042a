//! Where refresh tokens rest.

mod choice;
mod content;
mod file;
mod file_bytes;
mod key_fit;
mod key_source;
mod memory;
mod record;
mod sealed;
mod secret_service;

use async_trait::async_trait;
use azbroker_entra::{Account, ClientId, HomeAccountId, RefreshToken};
use azure_core::time::OffsetDateTime;
use std::{fmt::Debug, sync::Arc};

pub use choice::{StoreChoice, StoreChoiceError};
pub(crate) use file::FileStore;
#[doc(hidden)]
pub use file_bytes::FileBytes;
pub use key_fit::KeyFit;
pub use key_source::{KeySource, Passphrase};
pub use memory::MemoryStore;
pub(crate) use secret_service::SecretServiceStore;

/// One thing to keep: the refresh token of an account for an application.
#[derive(Clone, Debug)]
pub struct StoredGrant {
    /// Whose it is.
    pub account: Arc<Account>,
    /// The application it was given to.
    pub client_id: ClientId,
    /// The refresh token; none where Entra ID refused the one there was. The account stays known then, so that
    /// nobody else's takes its place unasked.
    pub refresh_token: Option<RefreshToken>,
    /// When its user signed in, which no renewal changes.
    pub signed_in_on: OffsetDateTime,
}

impl StoredGrant {
    /// Whether it is of the same account and application as another one.
    pub(crate) fn is_of(&self, other: &Self) -> bool {
        self.client_id == other.client_id
            && self.account.environment == other.account.environment
            && self.account.home_account_id == other.account.home_account_id
    }
}

/// A place that keeps refresh tokens while the broker does not run, or at least while it does.
#[async_trait]
pub trait TokenStore: Send + Sync + Debug {
    /// What it is and, where it is not the best there could be, why.
    fn description(&self) -> &str;

    /// Whether it keeps them when the broker has ended.
    fn is_lasting(&self) -> bool {
        true
    }

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

    /// Keeps a renewed grant in the place of the one before it, if there still is one. Tells whether there was: another
    /// broker may have signed the account out, which a renewal must not undo.
    ///
    /// # Errors
    ///
    /// When it is not kept; then what was there before still is.
    async fn save_renewed(&self, grant: &StoredGrant) -> Result<bool, StoreError> {
        self.save(grant).await.map(|()| true)
    }

    /// Keeps a grant, but only in the place of one with the refresh token that was refused: another broker may
    /// have a newer one there.
    ///
    /// # Errors
    ///
    /// When the place does not answer.
    async fn save_in_place_of(
        &self,
        grant: &StoredGrant,
        refused: &RefreshToken,
    ) -> Result<(), StoreError> {
        let _ = refused;
        self.save(grant).await
    }

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

    /// Forgets everything, also what it cannot read.
    ///
    /// # Errors
    ///
    /// When something is left.
    async fn remove_all(&self) -> Result<(), StoreError>;
}

/// A store that did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct StoreError {
    what: String,
    absent: bool,
    cure: Option<&'static str>,
}

impl StoreError {
    /// Says what is wrong.
    pub fn new(fault: impl Into<String>) -> Self {
        Self {
            what: fault.into(),
            absent: false,
            cure: None,
        }
    }

    /// Says that there is no such store, so that there is nothing in it either.
    pub(crate) fn absent(fault: impl Into<String>) -> Self {
        Self {
            what: fault.into(),
            absent: true,
            cure: None,
        }
    }

    /// The same, with what helps where the text does not say it.
    pub(crate) fn with_cure(self, cure: &'static str) -> Self {
        Self {
            cure: Some(cure),
            ..self
        }
    }

    /// What is wrong, without what helps.
    pub(crate) fn what(&self) -> &str {
        self.what
            .rsplit_once("; ")
            .map_or(&*self.what, |(what, _)| what)
    }

    /// What helps.
    pub(crate) fn cure(&self) -> &str {
        let said = self.what.rsplit_once("; ").map(|(_, cure)| cure);
        self.cure.or(said).unwrap_or("mend that")
    }

    pub(crate) fn is_absent(&self) -> bool {
        self.absent
    }
}
