use crate::regular_file::is_program;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Where Microsoft's package `microsoft-identity-broker` puts its broker.
pub(crate) const MICROSOFTS_FOLDER: &str = "/opt/microsoft/identity-broker";

/// A program of Microsoft's broker, if it is installed. The folder alone may be left of a package that was removed.
pub(crate) fn microsofts_program() -> Option<PathBuf> {
    let programs = fs::read_dir(Path::new(MICROSOFTS_FOLDER).join("bin")).ok()?;
    let programs = programs.filter_map(|entry| Some(entry.ok()?.path()));
    programs.filter(|path| is_program(path)).min()
}
