use super::{MARKER, Present, Systemd, UNIT, whose};
use crate::{arguments::IdleExit, folders::shared_data};
use azbroker_service::BUS_NAME;
use std::{
    fs,
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
    /// Those that all users of the machine share; packages bring them.
    pub(crate) fn shared() -> Vec<Self> {
        let folders = shared_data()
            .into_iter()
            .chain(["/usr/local/share", "/usr/share"].map(PathBuf::from));
        let mut found: Vec<Self> = Vec::new();
        for folder in folders {
            let path = folder
                .join("dbus-1/services")
                .join(format!("{BUS_NAME}.service"));
            if !found.iter().any(|file| file.path == path) {
                found.extend(Self::at(&path));
            }
        }
        found
    }

    /// The one at a path, if there is any.
    pub(crate) fn at(path: &Path) -> Option<Self> {
        let text = fs::read_to_string(path).ok()?;
        let program = text.lines().find_map(|line| line.strip_prefix("Exec="));
        Some(Self {
            path: path.to_owned(),
            program: program.unwrap_or("no program").to_owned(),
            is_ours: matches!(whose(path), Ok(Present::Ours { .. })),
        })
    }
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
