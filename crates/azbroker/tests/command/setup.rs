use std::{
    path::Path,
    process::{Command, Output, Stdio},
};
use tempfile::TempDir;

/// A place to run commands in: nothing in the environment but a search path, a home and a folder for
/// temporary files.
pub(crate) struct Place {
    pub(crate) home: TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        let home = tempfile::Builder::new().prefix("home-").tempdir().unwrap();
        std::fs::create_dir(home.path().join("tmp")).unwrap();
        Self { home }
    }

    /// `azbroker` with these arguments.
    pub(crate) fn azbroker(&self, arguments: &[&str]) -> Command {
        let mut command = self.program(env!("CARGO_BIN_EXE_azbroker"));
        command.args(arguments);
        command
    }

    pub(crate) fn program(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.home.path())
            .env("TMPDIR", self.tmp())
            .stdin(Stdio::null());
        command
    }

    /// Runs a shell script below `azbroker emulate`; `$AZBROKER` is the command.
    pub(crate) fn emulate(&self, options: &[&str], script: &str) -> Output {
        let mut arguments = vec!["emulate"];
        arguments.extend(options);
        arguments.extend(["--", "sh", "-c", script]);
        self.azbroker(&arguments)
            .env("AZBROKER", env!("CARGO_BIN_EXE_azbroker"))
            .output()
            .unwrap()
    }

    pub(crate) fn tmp(&self) -> std::path::PathBuf {
        self.home.path().join("tmp")
    }

    /// Fails if anything was left in the folder for temporary files.
    pub(crate) fn assert_clean(&self) {
        let left: Vec<_> = std::fs::read_dir(self.tmp()).unwrap().collect();
        assert!(left.is_empty(), "left behind: {left:?}");
    }
}

pub(crate) fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

pub(crate) fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

pub(crate) fn code(output: &Output) -> i32 {
    output.status.code().unwrap_or_else(|| panic!("{output:?}"))
}

/// Processes that run this file with this word among their arguments.
pub(crate) fn processes_with(word: &Path) -> usize {
    let word = word.as_os_str().as_encoded_bytes();
    std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|process| std::fs::read(process.ok()?.path().join("environ")).ok())
        .filter(|environment| environment.windows(word.len()).any(|part| part == word))
        .count()
}

/// Writes a shell script of one line.
pub(crate) fn script(path: &Path, line: &str) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::write(path, format!("#!/bin/sh\n{line}\n")).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700)).unwrap();
}
