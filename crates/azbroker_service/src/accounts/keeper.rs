use crate::token_store::{MemoryStore, SecretServiceStore, StoreError, StoredGrant, TokenStore};
use std::sync::Arc;

/// The store in use, and what is wrong with it.
#[derive(Debug)]
pub(super) struct Keeper {
    /// The store to use; without one the Secret Service is looked for.
    given: Option<Arc<dyn TokenStore>>,
    /// The store, once it could be opened. Until then there is only memory.
    open: Option<Arc<dyn TokenStore>>,
    /// Why it could not be opened, or did not take the last change.
    pub(super) fault: Option<StoreError>,
}

impl Keeper {
    pub(super) fn new(given: Option<Arc<dyn TokenStore>>) -> Self {
        Self {
            given,
            open: None,
            fault: None,
        }
    }

    /// The store, where it could be opened.
    pub(super) fn store(&self) -> Option<Arc<dyn TokenStore>> {
        self.open.clone()
    }

    /// Opens the store and returns what it keeps.
    ///
    /// # Errors
    ///
    /// When it cannot be opened; then it may be tried again.
    pub(super) async fn open(&mut self) -> Result<Vec<StoredGrant>, StoreError> {
        let store = match &self.given {
            Some(store) => store.clone(),
            None => Arc::new(SecretServiceStore::open().await?),
        };
        let grants = store.load().await?;
        tracing::debug!(
            grants = grants.len(),
            "accounts rest in: {}",
            store.description()
        );
        self.open = Some(store);
        Ok(grants)
    }

    pub(super) fn description(&self) -> String {
        match (&self.open, &self.fault) {
            (Some(store), None) => store.description().to_owned(),
            (Some(store), Some(fault)) => format!(
                "{}; the last change is in memory only ({fault})",
                store.description()
            ),
            (None, fault) => {
                let reason = fault.as_ref().map(StoreError::to_string);
                MemoryStore::new(&reason.unwrap_or_default())
                    .description()
                    .to_owned()
            }
        }
    }
}
