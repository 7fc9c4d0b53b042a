//! Folders of the
//! [XDG Base Directory Specification](https://specifications.freedesktop.org/basedir-spec/latest/).

use std::{env, path::PathBuf};

/// Where settings are, `$XDG_CONFIG_HOME/azbroker`.
pub(crate) fn config() -> Option<PathBuf> {
    ours("XDG_CONFIG_HOME", ".config")
}

/// Where what outlives a broker is, `$XDG_STATE_HOME/azbroker`.
pub(crate) fn state() -> Option<PathBuf> {
    ours("XDG_STATE_HOME", ".local/state")
}

fn ours(variable: &str, below_home: &str) -> Option<PathBuf> {
    let absolute = |path: PathBuf| path.is_absolute().then_some(path);
    let given = env::var_os(variable).map(PathBuf::from);
    let home = || env::var_os("HOME").map(|home| PathBuf::from(home).join(below_home));
    let folder = given.and_then(absolute).or_else(|| absolute(home()?))?;
    Some(folder.join("azbroker"))
}
