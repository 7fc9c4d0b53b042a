//! The private folder that everything here lives in.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt;

use tempfile::{Builder, TempDir};

/// Makes a folder for the user alone, which removes itself with all that is in it.
///
/// The mode is given on making, not after it; `tempfile` alone goes by the user's umask.
///
/// # Errors
///
/// The user must make room for temporary files, or point `TMPDIR` at a place with some.
pub(crate) fn private_folder() -> io::Result<TempDir> {
    Builder::new()
        .prefix("azbroker-")
        .permissions(Permissions::from_mode(0o700))
        .tempdir()
}
