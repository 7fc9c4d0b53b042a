use crate::{Error, ErrorKind, Result};
use std::path::{Path, PathBuf};

/// Has a credential keep its sign-ins for the next run of the program, and for other programs of the user.
///
/// Reach for this where there is no broker to keep them: a broker keeps what is signed in through it by
/// itself. The refresh tokens rest in the desktop's keyring, under a name that programs share when they say
/// the same one. Those of programs that answer claims challenges are kept apart from the others.
///
/// It is of the crate's feature `persistence`.
///
/// ```
/// use azure_identity_broker::{InteractiveBrowserCredentialOptions, TokenCachePersistence};
///
/// let options = InteractiveBrowserCredentialOptions {
///     token_cache_persistence: Some(TokenCachePersistence {
///         name: "my-tool".into(),
///         ..Default::default()
///     }),
///     ..Default::default()
/// };
/// ```
///
/// Where there is no keyring, or it is locked, the sign-in fails with
/// [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable); nothing is written in clear text unless
/// [`unsafe_allow_unencrypted_storage`](Self::unsafe_allow_unencrypted_storage) says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenCachePersistence {
    /// The name of the cache: letters, digits, `-`, `_` and `.`. By default `azure-identity-broker`.
    pub name: String,
    /// Whether a file in clear text, readable by its owner alone, takes the keyring's place where there is
    /// none. Whoever reads the file can sign in as the user. Off by default.
    pub unsafe_allow_unencrypted_storage: bool,
}

impl Default for TokenCachePersistence {
    fn default() -> Self {
        Self {
            name: "azure-identity-broker".to_owned(),
            unsafe_allow_unencrypted_storage: false,
        }
    }
}

impl TokenCachePersistence {
    pub(crate) fn check(&self) -> Result<()> {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let plain = !self.name.starts_with('.') && self.name.chars().all(fits);
        if self.name.is_empty() || self.name.len() > 64 || !plain {
            return Err(Error::new(
                ErrorKind::InvalidRequest,
                "the name of the token cache may have letters, digits, '-', '_' and '.', up to 64 of them",
            ));
        }
        Ok(())
    }

    /// The file in clear text, where it is allowed.
    pub(crate) fn file(&self, cache_folder: Option<&Path>) -> Result<Option<PathBuf>> {
        if !self.unsafe_allow_unencrypted_storage {
            return Ok(None);
        }
        let folder = cache_folder.ok_or_else(|| {
            Error::new(
                ErrorKind::InvalidRequest,
                "there is no folder for the token cache",
            )
            .with_next_step("set HOME or XDG_CACHE_HOME")
        })?;
        let name = format!("{}.json", self.name);
        Ok(Some(folder.join("azure-identity-broker").join(name)))
    }
}
