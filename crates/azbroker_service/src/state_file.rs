//! A file of the state folder that is always the old one or the new one, whatever happens in between.

use rustix::fs::OFlags;
use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// A file that several brokers of one user may read and replace.
#[derive(Clone, Debug)]
pub(crate) struct StateFile {
    folder: PathBuf,
    path: PathBuf,
}

/// The right to replace it. Nobody else, of this process or another one, has it at the same time.
#[derive(Debug)]
pub(crate) struct StateFileLock<'a> {
    file: &'a StateFile,
    /// Closing it gives the lock up, and so does the kernel when the process is killed.
    _lock: File,
}

impl StateFile {
    /// Names a file of the folder. Nothing is made yet.
    pub(crate) fn new(folder: &Path, name: &str) -> Self {
        Self {
            folder: folder.to_owned(),
            path: folder.join(name),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What is in it; `None` where there is no such file.
    pub(crate) fn read(&self) -> io::Result<Option<Vec<u8>>> {
        self.open()?.map(|file| read_all(file, LARGEST)).transpose()
    }

    /// The file itself, to be read; `None` where there is none.
    pub(crate) fn open(&self) -> io::Result<Option<File>> {
        let opened = OpenOptions::new()
            .read(true)
            .custom_flags(AT_ONCE)
            .open(&self.path);
        let file = match opened {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        check(&file)?;
        Ok(Some(file))
    }

    /// Waits for the right to replace it, for so long at most, and makes the folder where it is missing.
    pub(crate) fn lock(&self, patience: Duration) -> io::Result<StateFileLock<'_>> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.folder)?;
        // The file itself is replaced, so a lock on it would be one on its predecessor.
        let lock = private(&self.beside("lock"))?;
        lock_within(&lock, patience)?;
        Ok(StateFileLock {
            file: self,
            _lock: lock,
        })
    }

    fn beside(&self, suffix: &str) -> PathBuf {
        let mut path = self.path.clone().into_os_string();
        path.push(".");
        path.push(suffix);
        path.into()
    }
}

impl StateFileLock<'_> {
    /// Puts `bytes` in the place of what was there. When it returns, they outlive a power cut.
    pub(crate) fn replace(&self, bytes: &[u8]) -> io::Result<()> {
        let new = self.file.beside("new");
        let written = self.write(&new, bytes);
        if written.is_err() {
            // On a full disk what was written of it is in everybody's way.
            let _ = fs::remove_file(&new);
        }
        written
    }

    fn write(&self, new: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut file = private(new)?;
        // What a broker that was killed left is not part of it.
        file.set_len(0)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(new, &self.file.path)?;
        File::open(&self.file.folder)?.sync_all()
    }

    /// Removes the file, where there is one. Tells whether there was.
    pub(crate) fn remove(&self) -> io::Result<bool> {
        let mut removed = false;
        for path in [&self.file.path, &self.file.beside("new")] {
            match fs::remove_file(path) {
                Ok(()) => removed = true,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        File::open(&self.file.folder)?.sync_all()?;
        Ok(removed)
    }
}

/// Reads a file to its end, unless it is larger than this.
pub(crate) fn read_all(file: File, largest: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(largest + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > largest {
        return Err(io::Error::other("it is larger than it could be"));
    }
    Ok(bytes)
}

/// Opens a file, and waits for nobody: what is none is refused.
pub(crate) fn open_at_once(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    let file = options.custom_flags(AT_ONCE).open(path)?;
    check(&file)?;
    Ok(file)
}

fn private(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(AT_ONCE)
        .open(path)?;
    check(&file)?;
    Ok(file)
}

/// A pipe in the file's place would keep whoever opens it waiting.
const AT_ONCE: i32 = OFlags::NONBLOCK.bits().cast_signed();

fn check(file: &File) -> io::Result<()> {
    match file.metadata()?.is_file() {
        true => Ok(()),
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

/// For what is done on a thread of its own.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// Some hundred thousand grants.
const LARGEST: u64 = 512 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_waits_without_end_for_what_another_program_holds_or_has_put_there() {
        let folder = tempfile::tempdir().unwrap();
        let file = StateFile::new(folder.path(), "rules.json");
        let held = file.lock(Duration::ZERO).unwrap();
        held.replace(b"one").unwrap();
        let error = file.lock(Duration::from_millis(20)).unwrap_err();
        assert_eq!(error.to_string(), "another program holds its lock");
        drop(held);
        // What another test starts just now may hold it a moment longer.
        file.lock(PATIENCE).unwrap().replace(b"two").unwrap();
        assert_eq!(file.read().unwrap().unwrap(), b"two");

        for (name, suffix) in [("pipe", ""), ("locked", ".lock")] {
            let file = StateFile::new(folder.path(), name);
            let made = std::process::Command::new("mkfifo")
                .arg(folder.path().join(format!("{name}{suffix}")))
                .status();
            assert!(made.unwrap().success());
            match suffix {
                "" => assert_eq!(file.read().unwrap_err().to_string(), "it is no file"),
                _ => drop(file.lock(Duration::ZERO).unwrap_err()),
            }
        }
    }
}
