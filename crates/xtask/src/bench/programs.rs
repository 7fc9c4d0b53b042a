//! The programs that are measured and those that measure, as they are released.

use crate::bench::proc;
use crate::process::{self, output_of};
use crate::report::Line;
use crate::workspace::Workspace;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

#[derive(Debug)]
pub(crate) struct Programs {
    folder: PathBuf,
    /// Nobody waits for it but whoever signs in, so a build for tests will do.
    cloud: PathBuf,
    /// What `serve` needs so that it asks nobody whether a caller may have a token.
    pub(crate) serve_options: Vec<String>,
}

impl Programs {
    /// Builds them as they are released.
    pub(crate) fn released(workspace: &Workspace) -> Result<Self, String> {
        build(workspace, "released programs", RELEASED)?;
        build(workspace, "the emulated cloud", CLOUD)?;
        Self::in_folder(workspace, workspace.target.join("release"))
    }

    /// The same, with the names of their functions, in the compiler's order.
    pub(crate) fn released_with_symbols(workspace: &Workspace) -> Result<Self, String> {
        let mut cargo = workspace.cargo(["build", "--locked"]);
        cargo.env("AZBROKER_UNORDERED", "1");
        build_by(
            cargo,
            workspace,
            "released programs, with symbols",
            RELEASED,
        )?;
        build(workspace, "the emulated cloud", CLOUD)?;
        Self::in_folder(workspace, workspace.target.join("release"))
    }

    /// Builds them as the tests do.
    pub(crate) fn of_tests(workspace: &Workspace) -> Result<Self, String> {
        build(workspace, "programs to count", &["--workspace", "--bins"])?;
        Self::in_folder(workspace, workspace.built())
    }

    fn in_folder(workspace: &Workspace, folder: PathBuf) -> Result<Self, String> {
        let azbroker = folder.join("azbroker").display().to_string();
        let help = output_of(&azbroker, &["serve", "--help"]).ok_or("azbroker cannot be run")?;
        let asks = help.contains("--approvals");
        let options: &[&str] = if asks {
            &["--approvals", "same-user"]
        } else {
            &[]
        };
        Ok(Self {
            folder,
            cloud: workspace.built().join("bench-cloud"),
            serve_options: options.iter().map(|&text| text.to_owned()).collect(),
        })
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    pub(crate) fn command(&self, name: &str) -> Command {
        Command::new(self.path(name))
    }

    pub(crate) fn cloud(&self) -> Command {
        Command::new(&self.cloud)
    }
}

/// The size of the command without its emulator, in bytes.
///
/// It is built in the place of the released one, so that both share what was built before, and the released
/// one is put back.
pub(crate) fn size_without_emulator(workspace: &Workspace) -> Result<f64, String> {
    build(workspace, "azbroker without the emulator", WITHOUT_EMULATOR)?;
    let size = proc::size(&workspace.target.join("release/azbroker"));
    build(workspace, "released programs again", RELEASED)?;
    size
}

fn build(workspace: &Workspace, what: &str, arguments: &[&str]) -> Result<(), String> {
    let cargo = workspace.cargo(["build", "--locked"]);
    build_by(cargo, workspace, what, arguments)
}

fn build_by(
    mut cargo: Command,
    workspace: &Workspace,
    what: &str,
    arguments: &[&str],
) -> Result<(), String> {
    let folder = workspace.target.join("bench");
    let _ = fs::create_dir_all(&folder);
    let log: &Path = &folder.join("build.log");
    let line = Line::begin(&format!("building {what}"));
    let ended = process::run(cargo.args(arguments), log);
    match ended {
        Ok(ended) if ended.is_success() => {
            line.end("ok");
            Ok(())
        }
        _ => {
            line.end("FAILED");
            Err(fs::read_to_string(log).unwrap_or_default())
        }
    }
}

/// Together, so that all are built of the same dependencies.
const RELEASED: &[&str] = &[
    "--release",
    "--package=azbroker",
    "--package=azbroker_bench",
    "--bin=azbroker",
    "--bin=bench-service",
    "--bin=bench-caller",
    "--bin=bench-library",
    "--bin=bench-browser",
    "--bin=bench-broker",
];
const CLOUD: &[&str] = &["--workspace", "--bins"];
const WITHOUT_EMULATOR: &[&str] = &[
    "--release",
    "--package",
    "azbroker",
    "--no-default-features",
];
