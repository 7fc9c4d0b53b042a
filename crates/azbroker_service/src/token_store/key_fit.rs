use super::{KeySource, StoreError, sealed};
use crate::state_file::StateFile;
use std::path::Path;

/// What a key is to the encrypted file that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyFit {
    /// There is no file yet.
    NewFile,
    /// It is the file's.
    Fits,
    /// The file has another one.
    AnotherKey,
}

impl KeySource {
    /// Tries the key on the encrypted file of a state folder, for whoever can still ask for another one.
    ///
    /// # Errors
    ///
    /// When key or file cannot be read, or no key would help: then says why.
    pub fn fit(&self, state_folder: &Path) -> Result<KeyFit, StoreError> {
        let file = StateFile::new(state_folder, "accounts");
        let shown = file.path().display();
        let secret = self.secret()?;
        let read = file.read();
        let sealed =
            read.map_err(|error| StoreError::new(format!("{shown} cannot be read: {error}")))?;
        let Some(sealed) = sealed else {
            return Ok(KeyFit::NewFile);
        };
        match sealed::open(&sealed, &secret, &mut None) {
            Ok(_) => Ok(KeyFit::Fits),
            Err(sealed::SealError::WrongKey) => Ok(KeyFit::AnotherKey),
            Err(error) => Err(StoreError::new(format!("{shown} {error}"))),
        }
    }
}
