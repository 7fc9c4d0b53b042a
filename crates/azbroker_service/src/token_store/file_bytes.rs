use super::{
    StoredGrant, content,
    key_source::{KeySecret, Material},
    sealed::{SealError, StoreKey},
};

/// The encrypted file as bytes, without a disk. Only its fuzz target has use for it: what the encryption vouches
/// for cannot be reached from outside.
#[doc(hidden)]
#[derive(Debug)]
pub struct FileBytes {
    secret: KeySecret,
    key: StoreKey,
}

impl FileBytes {
    /// Files under a key of this material.
    pub fn under(material: &[u8]) -> Option<Self> {
        let secret = KeySecret::Material(Material::new(material));
        let key = StoreKey::new(&secret).ok()?;
        Some(Self { secret, key })
    }

    /// The grants of a file; else its fault, as the user is told.
    pub fn read(&self, file: &[u8]) -> Result<Vec<StoredGrant>, String> {
        content::open(file, &self.secret, &mut None).map_err(told)
    }

    /// A file of grants.
    pub fn write(&self, grants: &[StoredGrant]) -> Result<Vec<u8>, String> {
        content::seal(grants, &self.key).map_err(told)
    }

    /// A file of whatever the holder of the key encrypts.
    pub fn hide(&self, content: &[u8]) -> Result<Vec<u8>, String> {
        self.key.seal(content).map_err(told)
    }
}

fn told(error: SealError) -> String {
    error.to_string()
}
