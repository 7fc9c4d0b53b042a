use super::{HeldToken, RefreshTokenStore};
use crate::Result;
use async_trait::async_trait;
use azbroker_entra::ClientId;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Keeps refresh tokens as long as the credential lives.
#[derive(Debug, Default)]
pub(crate) struct MemoryStore(Mutex<Vec<HeldToken>>);

impl MemoryStore {
    fn lock(&self) -> MutexGuard<'_, Vec<HeldToken>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl RefreshTokenStore for MemoryStore {
    async fn list(&self, client_id: &ClientId) -> Result<Vec<HeldToken>> {
        let held = self.lock();
        let own = held.iter().filter(|held| held.client_id == *client_id);
        Ok(own.cloned().collect())
    }

    async fn keep(&self, token: &HeldToken) -> Result<()> {
        let mut held = self.lock();
        held.retain(|held| !held.is_of_same(token));
        held.push(token.clone());
        Ok(())
    }

    async fn forget(&self, token: &HeldToken) -> Result<()> {
        self.lock()
            .retain(|held| !held.is_of_same(token) || held.refresh_token != token.refresh_token);
        Ok(())
    }
}
