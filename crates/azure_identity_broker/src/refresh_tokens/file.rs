use super::{HeldToken, RefreshTokenStore, record::Record};
use crate::{Error, ErrorKind, Result};
use async_trait::async_trait;
use azbroker_entra::{ClientId, Clock};
use rustix::fs::OFlags;
use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
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
    /// How long it waits for its turn.
    patience: Duration,
}

impl FileStore {
    pub(crate) fn new(path: PathBuf, clock: Arc<dyn Clock>) -> Self {
        Self {
            path,
            clock,
            patience: PATIENCE,
        }
    }

    /// Changes what is kept, while no other program does.
    fn change(&self, change: impl FnOnce(&mut Vec<Record>)) -> io::Result<()> {
        let folder = self.path.parent().unwrap_or(Path::new("/"));
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
        let lock = private(&self.path.with_extension("lock"))?;
        lock_within(&lock, self.patience)?;
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
        match opened(OpenOptions::new().read(true), &self.path) {
            Ok(mut file) => {
                let length = usize::try_from(file.metadata()?.len()).unwrap_or_default();
                // Room for all of it: what grows leaves copies behind.
                let mut json = Zeroizing::new(Vec::with_capacity(length + 1));
                file.read_to_end(&mut json)?;
                Ok(serde_json::from_slice(&json)?)
            }
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
            Ok(Err(error)) if error.kind() == io::ErrorKind::TimedOut => {
                Err(held_by_another(&self.path, &error))
            }
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
    let mut options = OpenOptions::new();
    let options = options.create(true).truncate(false).write(true);
    opened(options.mode(0o600), path)
}

/// Opens a file, and waits for nobody: a pipe in its place would keep whoever opens it waiting.
fn opened(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    let at_once = OFlags::NONBLOCK.bits().cast_signed();
    let file = options.custom_flags(at_once).open(path)?;
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(io::Error::other("it is no file")),
    }
}

/// Any program of the user can hold the lock for as long as it likes, so nobody waits for it without end.
fn lock_within(lock: &File, patience: Duration) -> io::Result<()> {
    const PAUSE: Duration = Duration::from_millis(5);
    let since = Instant::now();
    loop {
        match lock.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) if since.elapsed() >= patience => {
                return Err(io::Error::new(
                    io::ErrorKind::TimedOut,
                    "another program holds its lock",
                ));
            }
            #[expect(
                clippy::disallowed_methods,
                reason = "the kernel tells nobody that a lock was given up, but who waits without end"
            )]
            Err(TryLockError::WouldBlock) => std::thread::sleep(PAUSE),
        }
    }
}

fn unusable(path: &Path, cause: &(dyn std::error::Error + 'static)) -> Error {
    cannot_keep(path, cause)
        .with_next_step("make room there, or move the file away and sign in again")
}

fn held_by_another(path: &Path, cause: &(dyn std::error::Error + 'static)) -> Error {
    let lock = path.with_extension("lock");
    cannot_keep(path, cause).with_next_step(format!(
        "try again, or end the program that holds {}",
        lock.display()
    ))
}

fn cannot_keep(path: &Path, cause: &(dyn std::error::Error + 'static)) -> Error {
    let message = format!("the file {} cannot keep the sign-in", path.display());
    Error::new(ErrorKind::Unavailable, message).with_cause(cause)
}

/// As long as the broker waits for a file of its own.
const PATIENCE: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;
    use azbroker_entra::SystemClock;

    #[tokio::test]
    async fn nobody_waits_without_end_for_a_program_that_holds_the_lock() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cache.json");
        let store = FileStore {
            patience: Duration::from_millis(20),
            ..FileStore::new(path.clone(), Arc::new(SystemClock))
        };
        let other = private(&path.with_extension("lock")).unwrap();
        other.lock().unwrap();
        let error = store.blocking(|store| store.change(|_| ())).await;
        let error = error.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        let cause = std::error::Error::source(&error).unwrap();
        assert_eq!(cause.to_string(), "another program holds its lock");
        let next_step = error.next_step().unwrap();
        assert!(
            next_step.starts_with("try again, or end the program that holds ")
                && next_step.ends_with("cache.lock"),
            "{next_step}"
        );
        drop(other);
        let done = store.blocking(|store| store.change(|_| ())).await;
        done.unwrap();
        assert!(path.exists());
    }

    #[tokio::test]
    async fn a_pipe_in_the_place_of_the_file_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("cache.json");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        let store = FileStore::new(pipe, Arc::new(SystemClock));
        let error = store.list(&ClientId::azure_cli()).await.unwrap_err();
        let cause = std::error::Error::source(&error).unwrap();
        assert_eq!(cause.to_string(), "it is no file");
    }

    #[test]
    fn a_pipe_in_the_place_of_the_lock_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("cache.lock");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        // Somebody reads from it, or the kernel would refuse it by itself.
        let mut reader = OpenOptions::new();
        let reader = reader.read(true).write(true).open(&pipe).unwrap();
        assert_eq!(private(&pipe).unwrap_err().to_string(), "it is no file");
        drop(reader);
        private(&pipe).unwrap_err();
    }
}
