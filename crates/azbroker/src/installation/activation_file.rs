use super::{MARKER, Systemd, UNIT};
use crate::{
    arguments::IdleExit,
    folders::{Folder, runtime, shared_data},
    regular_file,
};
use azbroker_service::BUS_NAME;
use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
};

/// A file that has the session bus start some broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ActivationFile {
    pub(crate) path: PathBuf,
    /// The program that it starts.
    pub(crate) program: String,
    pub(crate) is_ours: bool,
}

impl ActivationFile {
    /// All that a session bus may read, in its order: the user's, and those that packages bring for everybody.
    pub(crate) fn all() -> Vec<Self> {
        let folders = runtime()
            .into_iter()
            .chain(Folder::Data.path())
            .chain(shared_data())
            .chain(["/usr/local/share", "/usr/share"].map(PathBuf::from));
        let mut found: Vec<Self> = Vec::new();
        for folder in folders {
            for file in Self::in_folder(&folder.join("dbus-1/services")) {
                if !found.iter().any(|known| known.path == file.path) {
                    found.push(file);
                }
            }
        }
        found
    }

    fn in_folder(folder: &Path) -> Vec<Self> {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let mut paths: Vec<_> = entries
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|ending| ending == "service"))
            .collect();
        paths.sort();
        paths.iter().filter_map(|path| Self::at(path)).collect()
    }

    /// The one at a path, if there is any. To buses it is what stands in it that counts, however it is called.
    fn at(path: &Path) -> Option<Self> {
        let mut bytes = Vec::new();
        regular_file::open(path)
            .and_then(|file| file.take(LARGEST).read_to_end(&mut bytes))
            .ok()?;
        let text = String::from_utf8_lossy(&bytes);
        let is_named_so = path.file_stem().is_some_and(|stem| stem == BUS_NAME);
        if !is_named_so && !values(&text, "Name").any(|name| name == BUS_NAME) {
            return None;
        }
        let program = values(&text, "Exec").next().unwrap_or("no program");
        Some(Self {
            path: path.to_owned(),
            program: program.to_owned(),
            is_ours: text.starts_with(MARKER),
        })
    }
}

/// What stands behind a key in the group that buses read.
fn values<'a>(text: &'a str, key: &str) -> impl Iterator<Item = &'a str> {
    let mut is_read = false;
    text.lines().filter_map(move |line| {
        let line = line.trim();
        if line.starts_with('[') {
            is_read = line == "[D-BUS Service]";
        }
        let (name, value) = line.split_once('=')?;
        (is_read && name.trim_end() == key).then(|| value.trim_start())
    })
}

/// The file for the bus. It starts the program itself, unless it has systemd do that.
pub(super) fn text(executable: &str, idle_exit: IdleExit, systemd: Systemd) -> String {
    let unit = match systemd {
        Systemd::Runs => format!("SystemdService={UNIT}\n"),
        Systemd::Absent => String::new(),
    };
    format!(
        "{MARKER}[D-BUS Service]\nName={BUS_NAME}\nExec={} serve --idle-exit {idle_exit}\n{unit}",
        quoted(executable)
    )
}

/// A word as the bus splits its command lines: as a shell does, see the
/// [D-Bus Specification](https://dbus.freedesktop.org/doc/dbus-specification.html#message-bus-starting-services-format).
/// Only without backslashes of ours: the reader of the file takes them for its own.
fn quoted(word: &str) -> String {
    let escaped = word.replace('\\', r"\\").replace('\'', r#"'"'"'"#);
    format!("'{escaped}'")
}

/// More than any such file has.
const LARGEST: u64 = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_quoted_for_the_bus() {
        let text = text(
            "/home/o'neil/my $apps/azbroker",
            IdleExit::Never,
            Systemd::Absent,
        );
        let line = r#"Exec='/home/o'"'"'neil/my $apps/azbroker' serve --idle-exit never"#;
        assert!(text.lines().any(|found| found == line), "{text}");
        assert!(!text.contains("SystemdService"), "{text}");
    }
}
