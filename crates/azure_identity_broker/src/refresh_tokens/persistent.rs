use super::{HeldToken, RefreshTokenStore, file::FileStore, keyring::KeyringStore};
use crate::{Result, environment::Keyring};
use async_trait::async_trait;
use azbroker_entra::{ClientId, Clock};
use std::{path::PathBuf, sync::Arc};
use tokio::sync::OnceCell;

/// The keyring, or a file in clear text where there is no keyring and the program said that it may be one.
#[derive(Debug)]
pub(crate) struct PersistentStore {
    keyring: KeyringStore,
    file: Option<FileStore>,
    chosen: OnceCell<Chosen>,
}

#[derive(Clone, Copy, Debug)]
enum Chosen {
    Keyring,
    File,
}

impl PersistentStore {
    /// The cache of this name; the file is used only where it is given and there is no keyring.
    pub(crate) fn new(
        name: &str,
        keyring: Keyring,
        file: Option<PathBuf>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            keyring: KeyringStore::new(name, keyring, clock.clone()),
            file: file.map(|path| FileStore::new(path, clock)),
            chosen: OnceCell::new(),
        }
    }

    async fn chosen(&self) -> Result<&dyn RefreshTokenStore> {
        let chosen = self.chosen.get_or_try_init(|| self.choose()).await?;
        Ok(match (chosen, &self.file) {
            (Chosen::File, Some(file)) => file,
            _ => &self.keyring,
        })
    }

    async fn choose(&self) -> Result<Chosen> {
        match (self.keyring.is_usable().await, &self.file) {
            (Ok(()), _) => Ok(Chosen::Keyring),
            (Err(error), Some(_)) => {
                tracing::warn!(reason = %error, "the sign-in is kept in a file, in clear text");
                Ok(Chosen::File)
            }
            (Err(error), None) => Err(error),
        }
    }
}

#[async_trait]
impl RefreshTokenStore for PersistentStore {
    async fn list(&self, client_id: &ClientId) -> Result<Vec<HeldToken>> {
        self.chosen().await?.list(client_id).await
    }

    async fn keep(&self, token: &HeldToken) -> Result<()> {
        self.chosen().await?.keep(token).await
    }

    async fn forget(&self, token: &HeldToken) -> Result<()> {
        self.chosen().await?.forget(token).await
    }
}
