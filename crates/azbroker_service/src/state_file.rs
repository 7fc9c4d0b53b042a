//! A file of the state folder that is always the old one or the new one, whatever happens in between.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
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
        let file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut bytes = Vec::new();
        file.take(LARGEST + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > LARGEST {
            return Err(io::Error::other("it is larger than it could be"));
        }
        Ok(Some(bytes))
    }

    /// Waits for the right to replace it, and makes the folder where it is missing.
    pub(crate) fn lock(&self) -> io::Result<StateFileLock<'_>> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.folder)?;
        // The file itself is replaced, so a lock on it would be one on its predecessor.
        let lock = private(&self.beside("lock"))?;
        lock.lock()?;
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

fn private(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
}

/// Some hundred thousand grants.
const LARGEST: u64 = 512 * 1024 * 1024;
