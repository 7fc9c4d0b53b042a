//! What one emulator leaves to the next: Entra ID does not forget, whatever becomes of its machines.

use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    time::SystemTime,
};

use crate::{
    certificates::CertificateAuthority,
    emulator::StartError,
    entra::{SealingKey, SigningKey},
};

/// The keys of an emulator. Refresh tokens are sealed with one of them and hold all that is to know of them.
#[derive(Debug)]
pub(crate) struct Keys {
    pub(crate) signing: SigningKey,
    pub(crate) sealing: SealingKey,
    pub(crate) certificates: CertificateAuthority,
}

impl Keys {
    /// New keys; this takes long.
    pub(crate) fn generate(now: SystemTime) -> Result<Self, StartError> {
        Ok(Self {
            signing: SigningKey::generate()?,
            sealing: SealingKey::generate(),
            certificates: CertificateAuthority::new(now)?,
        })
    }

    /// The keys that are kept in a folder, or new ones that are kept there from now on.
    pub(crate) fn kept_in(folder: &Path, now: SystemTime) -> Result<Self, StartError> {
        let failed = |source| StartError::State {
            folder: folder.to_path_buf(),
            source,
        };
        match Self::read(folder, now) {
            Err(StartError::State { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
            read => return read,
        }
        let keys = Self::generate(now)?;
        let signing = keys.signing.to_pkcs8()?;
        DirBuilder::new()
            .mode(0o700)
            .recursive(true)
            .create(folder)
            .and_then(|()| write(folder, SIGNING, &signing))
            .and_then(|()| write(folder, SEALING, keys.sealing.bytes()))
            .and_then(|()| {
                write(
                    folder,
                    AUTHORITY_KEY,
                    keys.certificates.key_pem().as_bytes(),
                )
            })
            // Last: a folder without it is begun anew.
            .and_then(|()| write(folder, AUTHORITY, keys.certificates.pem().as_bytes()))
            .map_err(failed)?;
        Ok(keys)
    }

    fn read(folder: &Path, now: SystemTime) -> Result<Self, StartError> {
        let read = |name: &str| {
            fs::read(folder.join(name)).map_err(|source| StartError::State {
                folder: folder.to_path_buf(),
                source,
            })
        };
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        let authority = text(read(AUTHORITY)?);
        let authority_key = text(read(AUTHORITY_KEY)?);
        Ok(Self {
            signing: SigningKey::from_pkcs8(&read(SIGNING)?)?,
            sealing: SealingKey::read(&read(SEALING)?)?,
            certificates: CertificateAuthority::again(now, &authority_key, authority)?,
        })
    }
}

/// Writes a file for the user alone, whole or not at all.
fn write(folder: &Path, name: &str, content: &[u8]) -> io::Result<()> {
    let unfinished: PathBuf = folder.join(format!("{name}.new"));
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&unfinished)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(unfinished, folder.join(name))
}

/// Where the ledger's lines go.
pub(crate) const LEDGER: &str = "ledger.jsonl";

const SIGNING: &str = "signing-key.der";
const SEALING: &str = "sealing-key";
const AUTHORITY_KEY: &str = "authority-key.pem";
const AUTHORITY: &str = "authority.pem";
