use super::{HeldToken, RefreshTokenStore, record::Record};
use crate::{Error, ErrorKind, Result};
use async_trait::async_trait;
use azbroker_entra::{ClientId, Clock};
use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::Arc,
};
use zeroize::Zeroizing;

/// Keeps refresh tokens in a file that only its owner reads, in clear text.
///
/// Programs at the same time take turns by a lock beside it; a program that is killed leaves the old file or
/// the new one.
#[derive(Clone, Debug)]
pub(crate) struct FileStore {
    path: PathBuf,
    clock: Arc<dyn Clock>,
}

impl FileStore {
    pub(crate) fn new(path: PathBuf, clock: Arc<dyn Clock>) -> Self {
        Self { path, clock }
    }

    /// Changes what is kept, while no other program does.
    fn change(&self, change: impl FnOnce(&mut Vec<Record>)) -> io::Result<()> {
        let folder = self.path.parent().unwrap_or(Path::new("/"));
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
        let lock = private(&self.path.with_extension("lock"))?;
        lock.lock()?;
        let mut records = self.read()?;
        change(&mut records);
        let new = self.path.with_extension("new");
        let json = Zeroizing::new(serde_json::to_vec(&records)?);
        let _ = fs::remove_file(&new);
        let mut file = private(&new)?;
        file.write_all(&json)?;
        file.sync_all()?;
        fs::rename(&new, &self.path)?;
        File::open(folder)?.sync_all()
    }

    fn read(&self) -> io::Result<Vec<Record>> {
        match fs::read(&self.path) {
            Ok(json) => Ok(serde_json::from_slice(&Zeroizing::new(json))?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> io::Result<T> + Send + 'static,
    ) -> Result<T> {
        let store = self.clone();
        let done = tokio::task::spawn_blocking(move || work(&store)).await;
        match done {
            Ok(Ok(result)) => Ok(result),
            Ok(Err(error)) => Err(unusable(&self.path, &error)),
            Err(error) => Err(unusable(&self.path, &error)),
        }
    }
}

#[async_trait]
impl RefreshTokenStore for FileStore {
    async fn list(&self, client_id: &ClientId) -> Result<Vec<HeldToken>> {
        let records = self.blocking(Self::read).await?;
        let held = records.into_iter().filter_map(Record::into_held);
        Ok(held.filter(|held| held.client_id == *client_id).collect())
    }

    async fn keep(&self, token: &HeldToken) -> Result<()> {
        let record = Record::of(token, self.clock.now().unix_timestamp());
        let token = token.clone();
        self.blocking(move |store| {
            store.change(|records| {
                records.retain(|record| !record.is_of_same(&token));
                records.push(record);
            })
        })
        .await
    }

    async fn forget(&self, token: &HeldToken) -> Result<()> {
        let token = token.clone();
        self.blocking(move |store| {
            store.change(|records| {
                records.retain(|record| !(record.is_of_same(&token) && record.holds(&token)));
            })
        })
        .await
    }
}

/// A file that only its owner reads and writes.
fn private(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(path)
}

fn unusable(path: &Path, cause: &(dyn std::error::Error + 'static)) -> Error {
    let message = format!("the file {} cannot keep the sign-in", path.display());
    Error::new(ErrorKind::Unavailable, message)
        .with_cause(cause)
        .with_next_step("make room there, or move the file away and sign in again")
}
