//! The folders of a user, by the
//! [XDG Base Directory Specification](https://specifications.freedesktop.org/basedir-spec/latest/).

use std::{
    env,
    path::{Path, PathBuf},
};

/// A folder of the user, for all programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Folder {
    /// For data, such as services of the session bus.
    Data,
    /// For configuration, such as units of systemd.
    Configuration,
    /// For what outlives a program and is neither.
    State,
}

impl Folder {
    /// Where it is. There is none without a home.
    pub(crate) fn path(self) -> Option<PathBuf> {
        let (variable, below_home) = match self {
            Self::Data => ("XDG_DATA_HOME", ".local/share"),
            Self::Configuration => ("XDG_CONFIG_HOME", ".config"),
            Self::State => ("XDG_STATE_HOME", ".local/state"),
        };
        let home = || Some(absolute("HOME")?.join(below_home));
        absolute(variable).or_else(home)
    }
}

/// Where settings of ours are, `$XDG_CONFIG_HOME/azbroker`.
pub(crate) fn config() -> Option<PathBuf> {
    Some(Folder::Configuration.path()?.join("azbroker"))
}

/// Where what outlives a broker is, `$XDG_STATE_HOME/azbroker`; on the bus of an emulation, what ends with that.
pub(crate) fn state() -> Option<PathBuf> {
    let home = emulation().map(|folder| folder.join("state"));
    Some(home.or_else(|| Folder::State.path())?.join("azbroker"))
}

/// Names the folder of the emulation that a program runs below. Programs have it, and so has the broker, instead of
/// another `XDG_STATE_HOME`, which would be every program's.
pub(crate) const EMULATION: &str = "AZBROKER_EMULATION";

/// Whether the session is one of an emulation.
pub(crate) fn is_emulated() -> bool {
    emulation().is_some()
}

/// The folder of the emulation whose bus is the session bus. Who has gone on to another bus has another broker.
fn emulation() -> Option<PathBuf> {
    let folder = absolute(EMULATION)?;
    let address = env::var("DBUS_SESSION_BUS_ADDRESS").ok()?;
    let socket = address.strip_prefix("unix:path=")?.split(',').next()?;
    Path::new(socket).starts_with(&folder).then_some(folder)
}

/// The folders for data that all users share, the most important first.
pub(crate) fn shared_data() -> Vec<PathBuf> {
    let given = env::var_os("XDG_DATA_DIRS").filter(|folders| !folders.is_empty());
    let folders = given.unwrap_or_else(|| "/usr/local/share:/usr/share".into());
    env::split_paths(&folders)
        .filter(|folder| folder.is_absolute())
        .collect()
}

/// The folder for what ends with the user's session, if there is one.
pub(crate) fn runtime() -> Option<PathBuf> {
    absolute("XDG_RUNTIME_DIR")
}

/// The specification has relative paths ignored.
fn absolute(variable: &str) -> Option<PathBuf> {
    env::var_os(variable)
        .map(PathBuf::from)
        .filter(|path| Path::is_absolute(path))
}
