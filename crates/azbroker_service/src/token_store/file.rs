use super::{
    KeySource, StoreError, StoredGrant, TokenStore, content,
    sealed::{SealError, StoreKey},
};
use crate::state_file::{PATIENCE, StateFile};
use async_trait::async_trait;
use azbroker_entra::{ClientId, HomeAccountId, RefreshToken};
use std::{
    fmt::Display,
    io::ErrorKind,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// An encrypted file with every grant, rewritten with each change.
///
/// Each change reads it anew under a lock, so that several brokers of one user lose nothing of each other's.
#[derive(Debug)]
pub(crate) struct FileStore {
    description: String,
    place: Arc<Place>,
}

#[derive(Debug)]
struct Place {
    file: StateFile,
    source: KeySource,
    /// Deriving it from a passphrase is slow on purpose.
    key: Mutex<Option<StoreKey>>,
}

impl FileStore {
    /// The file of a state folder. Nothing is read or made yet.
    pub(crate) fn new(folder: &Path, source: KeySource) -> Self {
        let file = StateFile::new(folder, "accounts");
        Self {
            description: format!("encrypted file {}", file.path().display()),
            place: Arc::new(Place {
                file,
                source,
                key: Mutex::new(None),
            }),
        }
    }

    /// Removes the file of a state folder, whoever wrote it and under whichever key. Tells whether there was one.
    pub(crate) async fn erase(folder: &Path) -> Result<bool, StoreError> {
        let file = StateFile::new(folder, "accounts");
        refuse_link(file.path())?;
        if !file.path().exists() {
            return Ok(false);
        }
        let shown = file.path().display().to_string();
        within(move |still| {
            let lock = file
                .lock(PATIENCE)
                .map_err(|error| not_written(&file, &error))?;
            still.wanted()?;
            lock.remove().map_err(|error| {
                StoreError::new(format!("{shown} cannot be removed: {error}; remove it"))
            })
        })
        .await
    }

    /// Changes what is in the file; `change` tells whether it did, and so does this.
    async fn change<F>(&self, change: F) -> Result<bool, StoreError>
    where
        F: FnOnce(&mut Vec<StoredGrant>) -> bool + Send + 'static,
    {
        let place = self.place.clone();
        within(move |still| {
            let lock = place
                .file
                .lock(PATIENCE)
                .map_err(|error| not_written(&place.file, &error))?;
            still.wanted()?;
            let mut grants = place.grants()?;
            if !change(&mut grants) {
                return Ok(false);
            }
            let sealed = place.seal(&grants)?;
            lock.replace(&sealed)
                .map(|()| true)
                .map_err(|error| not_written(&place.file, &error))
        })
        .await
    }
}

#[async_trait]
impl TokenStore for FileStore {
    fn description(&self) -> &str {
        &self.description
    }

    async fn load(&self) -> Result<Vec<StoredGrant>, StoreError> {
        let place = self.place.clone();
        within(move |_| place.grants()).await
    }

    async fn save(&self, grant: &StoredGrant) -> Result<(), StoreError> {
        let grant = grant.clone();
        self.change(move |grants| {
            grants.retain(|kept| !kept.is_of(&grant));
            grants.push(grant);
            true
        })
        .await
        .map(drop)
    }

    async fn save_renewed(&self, grant: &StoredGrant) -> Result<bool, StoreError> {
        let grant = grant.clone();
        self.change(move |grants| {
            let kept = grants.iter_mut().find(|kept| kept.is_of(&grant));
            let Some(kept) = kept else {
                return false;
            };
            *kept = grant;
            true
        })
        .await
    }

    async fn save_in_place_of(
        &self,
        grant: &StoredGrant,
        refused: &RefreshToken,
    ) -> Result<(), StoreError> {
        let (grant, refused) = (grant.clone(), refused.clone());
        self.change(move |grants| {
            let kept = grants.iter_mut().find(|kept| kept.is_of(&grant));
            let Some(kept) = kept.filter(|kept| kept.refresh_token.as_ref() == Some(&refused))
            else {
                return false;
            };
            *kept = grant;
            true
        })
        .await
        .map(drop)
    }

    async fn remove(
        &self,
        environment: &str,
        home_account_id: &HomeAccountId,
        client_id: Option<&ClientId>,
    ) -> Result<(), StoreError> {
        let environment = environment.to_owned();
        let (home_account_id, client_id) = (home_account_id.clone(), client_id.cloned());
        self.change(move |grants| {
            let before = grants.len();
            grants.retain(|kept| {
                kept.account.environment != environment
                    || kept.account.home_account_id != home_account_id
                    || client_id.as_ref().is_some_and(|id| kept.client_id != *id)
            });
            grants.len() < before
        })
        .await
        .map(drop)
    }

    async fn remove_all(&self) -> Result<(), StoreError> {
        let folder = self.place.file.path().parent();
        Self::erase(folder.unwrap_or(Path::new("/")))
            .await
            .map(drop)
    }
}

impl Place {
    /// What the file has, which is nothing where there is none.
    fn grants(&self) -> Result<Vec<StoredGrant>, StoreError> {
        let path = self.file.path().display();
        let fault = |what: &dyn Display| StoreError::new(format!("{path} {what}"));
        // Also where there is no file yet: a key that is missing is not found out by the first sign-in.
        let secret = self.source.secret()?;
        refuse_link(self.file.path())?;
        let sealed = self
            .file
            .read()
            .map_err(|error| fault(&format_args!("cannot be read: {error}")))?;
        let Some(sealed) = sealed else {
            return Ok(Vec::new());
        };
        let mut key = self.key.lock().unwrap_or_else(PoisonError::into_inner);
        content::open(&sealed, &secret, &mut key).map_err(|error| fault(&error))
    }

    fn seal(&self, grants: &[StoredGrant]) -> Result<Vec<u8>, StoreError> {
        let fault =
            |error: SealError| StoreError::new(format!("{} {error}", self.file.path().display()));
        let mut key = self.key.lock().unwrap_or_else(PoisonError::into_inner);
        let key = match &mut *key {
            Some(key) => key,
            none => none.insert(StoreKey::new(&self.source.secret()?).map_err(fault)?),
        };
        content::seal(grants, key).map_err(fault)
    }
}

/// What replaces or removes a link leaves the file that it names as it is, with all its refresh tokens.
fn refuse_link(path: &Path) -> Result<(), StoreError> {
    match path.is_symlink() {
        true => Err(StoreError::new(format!(
            "{} is a link; put the file itself in its place",
            path.display()
        ))),
        false => Ok(()),
    }
}

fn not_written(file: &StateFile, error: &std::io::Error) -> StoreError {
    let fault = StoreError::new(format!(
        "{} cannot be written: {error}",
        file.path().display()
    ));
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => fault.with_cure("make room"),
        ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied => {
            fault.with_cure("let its folder be written again")
        }
        _ => fault,
    }
}

/// Whether somebody waits for the outcome. Who has given up may have something newer to write by then.
struct Still(std::sync::Weak<()>);

impl Still {
    fn wanted(&self) -> Result<(), StoreError> {
        match self.0.upgrade() {
            Some(_) => Ok(()),
            None => Err(StoreError::new("nobody waits for it any more")),
        }
    }
}

/// Works on a thread that may wait for a disk and for another broker's lock, but not for ever.
async fn within<T: Send + 'static>(
    work: impl FnOnce(Still) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let waiting = Arc::new(());
    let still = Still(Arc::downgrade(&waiting));
    let done = tokio::task::spawn_blocking(move || work(still));
    match tokio::time::timeout(LONGEST, done).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_)) => Err(StoreError::new("the broker failed at its file; report it")),
        Err(_) => Err(StoreError::new(format!(
            "the file was not to be had within {} s",
            LONGEST.as_secs()
        ))),
    }
}

/// A disk that takes longer hangs, or another broker has stopped with the lock in its hand.
const LONGEST: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests;
