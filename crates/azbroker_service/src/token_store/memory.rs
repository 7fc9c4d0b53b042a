use super::{StoreError, StoredGrant, TokenStore};
use async_trait::async_trait;
use azbroker_entra::{ClientId, HomeAccountId};

/// Keeps nothing beyond the life of the broker, which holds its grants in memory anyway.
#[derive(Clone, Debug)]
pub struct MemoryStore {
    description: String,
}

impl MemoryStore {
    /// Memory, because of `reason`.
    pub fn new(reason: &str) -> Self {
        Self {
            description: format!("memory, until the broker ends ({reason})"),
        }
    }
}

#[async_trait]
impl TokenStore for MemoryStore {
    fn description(&self) -> &str {
        &self.description
    }

    fn is_lasting(&self) -> bool {
        false
    }

    async fn load(&self) -> Result<Vec<StoredGrant>, StoreError> {
        Ok(Vec::new())
    }

    async fn save(&self, _grant: &StoredGrant) -> Result<(), StoreError> {
        Ok(())
    }

    async fn remove(
        &self,
        _environment: &str,
        _home_account_id: &HomeAccountId,
        _client_id: Option<&ClientId>,
    ) -> Result<(), StoreError> {
        Ok(())
    }

    async fn remove_all(&self) -> Result<(), StoreError> {
        Ok(())
    }
}
