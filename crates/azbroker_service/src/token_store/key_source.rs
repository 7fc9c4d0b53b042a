use super::StoreError;
use crate::state_file::open_at_once;
use std::{
    fmt,
    fs::OpenOptions,
    io::{self, Read},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};
use zeroize::Zeroizing;

/// Where the key of the encrypted file comes from.
///
/// An environment variable is none: every program that the broker starts, such as the browser, would inherit
/// it, and `/proc/<pid>/environ` shows it to the user's other programs.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum KeySource {
    /// A file of key material that systemd hands over, as `LoadCredentialEncrypted=azbroker-key` does.
    Credential(PathBuf),
    /// A file with a passphrase, which nobody else may read.
    PassphraseFile(PathBuf),
    /// A passphrase, as typed on a terminal or read from a file descriptor.
    Passphrase(Passphrase),
}

/// Words that a key is derived from; wiped when dropped, and never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Passphrase(Zeroizing<String>);

/// What a key is derived from.
#[derive(Debug)]
pub(super) enum KeySecret {
    /// As good as a key.
    Material(Material),
    /// As good as a person makes it.
    Passphrase(Passphrase),
}

pub(super) struct Material(Zeroizing<Vec<u8>>);

impl KeySource {
    /// Reads what the key is derived from.
    pub(super) fn secret(&self) -> Result<KeySecret, StoreError> {
        match self {
            Self::Passphrase(passphrase) => Ok(KeySecret::Passphrase(passphrase.clone())),
            Self::Credential(path) => {
                let material = read(path, "systemd credential")?;
                if material.len() < LEAST {
                    return Err(StoreError::new(format!(
                        "the systemd credential '{}' has {} bytes of key material; give it {LEAST} or more",
                        path.display(),
                        material.len()
                    )));
                }
                Ok(KeySecret::Material(Material(material)))
            }
            Self::PassphraseFile(path) => {
                let shown = path.display();
                let bytes = read(path, "passphrase file")?;
                let words = std::str::from_utf8(&bytes).map_err(|_| {
                    StoreError::new(format!("the passphrase file '{shown}' is no text"))
                })?;
                Passphrase::new(Zeroizing::new(words.to_owned()))
                    .map(KeySecret::Passphrase)
                    .ok_or_else(|| {
                        StoreError::new(format!("the passphrase file '{shown}' is empty"))
                    })
            }
        }
    }
}

impl Passphrase {
    /// Takes the words in. A line break at the end is not part of them.
    ///
    /// `None` when nothing is left.
    pub fn new(words: Zeroizing<String>) -> Option<Self> {
        let bare = words.trim_end_matches(['\r', '\n']);
        if bare.is_empty() {
            return None;
        }
        Some(Self(Zeroizing::new(bare.to_owned())))
    }

    /// The words, for whoever hands them on to a broker.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase")
    }
}

impl Material {
    pub(super) fn new(bytes: &[u8]) -> Self {
        Self(Zeroizing::new(bytes.to_vec()))
    }

    pub(super) fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Material {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Material")
    }
}

/// Reads a secret from a file that only its owner may read.
fn read(path: &Path, what: &str) -> Result<Zeroizing<Vec<u8>>, StoreError> {
    let shown = path.display();
    let unreadable =
        |error: io::Error| StoreError::new(format!("the {what} '{shown}' cannot be read: {error}"));
    let file = open_at_once(OpenOptions::new().read(true), path).map_err(unreadable)?;
    let mode = file.metadata().map_err(unreadable)?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(StoreError::new(format!(
            "others may read the {what} '{shown}'; run `chmod 600 '{shown}'`"
        )));
    }
    // With its whole room at once, so that no copy stays behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(MOST));
    file.take(MOST as u64)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    Ok(bytes)
}

/// 128 bits, where they are random.
const LEAST: usize = 16;

/// More than a key or a passphrase has.
const MOST: usize = 4096;
