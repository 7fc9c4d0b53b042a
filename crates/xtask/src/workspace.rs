//! Where things are.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

#[derive(Debug)]
pub(crate) struct Workspace {
    /// The folder of the repository.
    pub(crate) root: PathBuf,
    /// Where cargo builds; all that the suite installs or writes down is below it.
    pub(crate) target: PathBuf,
    cargo: OsString,
}

impl Workspace {
    pub(crate) fn find() -> Result<Self, String> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let output = Command::new(&cargo)
            .args(["metadata", "--format-version=1", "--no-deps", "--locked"])
            .stderr(std::process::Stdio::inherit())
            .output()
            .map_err(|error| format!("cannot run cargo metadata: {error}"))?;
        let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)
            .map_err(|error| format!("cargo metadata makes no sense: {error}"))?;
        let path = |field: &str| match metadata[field].as_str() {
            Some(path) => Ok(PathBuf::from(path)),
            None => Err(format!("cargo metadata has no {field}")),
        };
        Ok(Self {
            root: path("workspace_root")?,
            target: path("target_directory")?,
            cargo,
        })
    }

    /// Cargo, in the root of the repository.
    pub(crate) fn cargo<const N: usize>(&self, arguments: [&str; N]) -> Command {
        let mut command = Command::new(&self.cargo);
        command.args(arguments).current_dir(&self.root);
        command
    }

    /// The programs and their pinned packages, as they lie in the repository.
    pub(crate) fn interop_sources(&self) -> PathBuf {
        self.root.join("tests/interop")
    }

    /// What is installed and written down for them.
    pub(crate) fn interop(&self) -> PathBuf {
        self.target.join("interop")
    }

    /// The folder of the command under test.
    pub(crate) fn built(&self) -> PathBuf {
        self.target.join("debug")
    }
}
