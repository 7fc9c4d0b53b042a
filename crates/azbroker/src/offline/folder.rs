//! The private folder that everything here lives in.

use crate::{
    failure::{Exit, Failure},
    folders,
};
use std::{
    env,
    fs::Permissions,
    os::unix::{ffi::OsStrExt, fs::PermissionsExt},
    path::{Path, PathBuf},
};
use tempfile::{Builder, TempDir};

/// Makes a folder for the user alone, which removes itself with all that is in it.
///
/// The mode is given on making, not after it; `tempfile` alone goes by the user's umask.
///
/// # Errors
///
/// The user must make room for temporary files, or point `TMPDIR` at a place with some.
pub(crate) fn private_folder() -> Result<TempDir, Failure> {
    let place = place();
    Builder::new()
        .prefix("azbroker-")
        .permissions(Permissions::from_mode(0o700))
        .tempdir_in(&place)
        .map_err(|error| {
            Failure::new(
                Exit::UserMustAct,
                format!("nothing can be written to {}: {error}", place.display()),
            )
            .with_hint("make room there, or name another folder in TMPDIR")
        })
}

/// Where it is made: where temporary files are, if a socket can be there that every client finds.
fn place() -> PathBuf {
    let usual = env::temp_dir();
    if can_have_sockets(&usual) {
        return usual;
    }
    let place = folders::runtime()
        .filter(|folder| can_have_sockets(folder) && folder.is_dir())
        .unwrap_or_else(|| PathBuf::from("/tmp"));
    tracing::debug!(
        "no socket can be below {}, so {} is used",
        usual.display(),
        place.display()
    );
    place
}

/// Whether the address of a socket below can be told to all clients, and the system takes it.
fn can_have_sockets(folder: &Path) -> bool {
    let path = folder.as_os_str().as_bytes();
    path.len() <= LONGEST && is_plain(path)
}

/// An address can escape every character, but zbus, which our own programs connect with, reads none back.
pub(super) fn is_plain(path: &[u8]) -> bool {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_/.".contains(byte);
    path.iter().all(plain)
}

/// A socket's path has 107 bytes at most; the folder's own name and the socket's take their part of them.
const LONGEST: usize = 107 - "/azbroker-a1B2c3/pages".len();
