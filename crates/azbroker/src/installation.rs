//! The files that make the session bus start the broker, and whose they are.

mod activation_file;
mod microsofts;
mod owner;
mod unit;

pub(crate) use activation_file::ActivationFile;
pub(crate) use microsofts::{MICROSOFTS_FOLDER, microsofts_program};
pub(crate) use owner::{NameOwner, call_bus, name_owner, owner_of, session_bus};

use crate::{
    arguments::IdleExit,
    failure::{Exit, Failure},
    folders::Folder,
    regular_file,
};
use azbroker_service::BUS_NAME;
use std::{
    fs,
    io::{self, Read},
    path::PathBuf,
};

/// One of the files that `install` writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InstalledFile {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

/// What is at the place of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Present {
    Nothing,
    /// What `install` wrote, now or earlier.
    Ours {
        same: bool,
    },
    /// What somebody else wrote.
    Anothers,
}

/// Where the files of an installation are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Installation {
    pub(crate) activation_file: PathBuf,
    pub(crate) unit: PathBuf,
}

impl Installation {
    pub(crate) fn of_user() -> Result<Self, Failure> {
        let no_home = || {
            Failure::new(
                Exit::UserMustAct,
                "there is no folder for the files: HOME is not set, or no absolute path",
            )
            .with_hint("set HOME, or XDG_DATA_HOME and XDG_CONFIG_HOME")
        };
        let data = Folder::Data.path().ok_or_else(no_home)?;
        let configuration = Folder::Configuration.path().ok_or_else(no_home)?;
        Ok(Self {
            activation_file: data
                .join("dbus-1/services")
                .join(format!("{BUS_NAME}.service")),
            unit: configuration.join("systemd/user").join(UNIT),
        })
    }

    /// The files for this executable.
    ///
    /// # Errors
    ///
    /// When its path can stand in none.
    pub(crate) fn files(
        &self,
        idle_exit: IdleExit,
        systemd: Systemd,
    ) -> Result<Vec<InstalledFile>, Failure> {
        let executable = executable()?;
        // Then the bus starts the program itself, as it does without systemd.
        let systemd = match unit::can_start(&executable) {
            true => systemd,
            false => Systemd::Absent,
        };
        let mut files = vec![InstalledFile {
            path: self.activation_file.clone(),
            text: activation_file::text(&executable, idle_exit, systemd),
        }];
        if systemd == Systemd::Runs {
            files.push(InstalledFile {
                path: self.unit.clone(),
                text: unit::text(&executable, idle_exit),
            });
        }
        Ok(files)
    }
}

/// Whether a systemd manager runs for this user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Systemd {
    Runs,
    Absent,
}

impl InstalledFile {
    pub(crate) fn present(&self) -> io::Result<Present> {
        Ok(match whose(&self.path)? {
            Present::Ours { .. } => Present::Ours {
                same: read(&self.path)? == self.text.as_bytes(),
            },
            other => other,
        })
    }

    /// Writes the file so that whoever reads it meanwhile finds the old one or the new one.
    pub(crate) fn write(&self) -> io::Result<()> {
        let folder = self.path.parent().ok_or(io::ErrorKind::InvalidInput)?;
        fs::create_dir_all(folder)?;
        let mut file = tempfile::Builder::new()
            .prefix(".azbroker-")
            .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))
            .tempfile_in(folder)?;
        io::Write::write_all(&mut file, self.text.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(&self.path)?;
        Ok(())
    }
}

/// Who wrote the file at a path.
pub(crate) fn whose(path: &std::path::Path) -> io::Result<Present> {
    match read(path) {
        Ok(bytes) if bytes.starts_with(MARKER.as_bytes()) => Ok(Present::Ours { same: false }),
        Ok(_) => Ok(Present::Anothers),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Present::Nothing),
        Err(error) => Err(error),
    }
}

fn read(path: &std::path::Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    regular_file::open(path)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// This executable's path, as text that fits in a line.
fn executable() -> Result<String, Failure> {
    let path = std::env::current_exe().map_err(|error| {
        Failure::new(
            Exit::Failed,
            format!("this program cannot be found: {error}"),
        )
    })?;
    let shown = path.display().to_string();
    match path.into_os_string().into_string() {
        Ok(path) if !path.contains(char::is_control) => Ok(path),
        _ => Err(Failure::new(
            Exit::UserMustAct,
            format!("the path of this program cannot stand in a service file: {shown:?}"),
        )
        .with_hint("put the program at a path of plain text")),
    }
}

/// The unit of systemd.
pub(crate) const UNIT: &str = "azbroker.service";

/// The first line of every file of ours.
const MARKER: &str = "# Written by `azbroker install`; `azbroker uninstall` removes it.\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipe_in_the_place_of_a_file_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("azbroker.service");
        let made = std::process::Command::new("mkfifo").arg(&path).status();
        assert!(made.unwrap().success());
        assert_eq!(whose(&path).unwrap_err().to_string(), "it is no file");
    }
}
