use std::{
    path::Path,
    process::{Child, Command, ExitStatus, Output, Stdio},
    time::{Duration, Instant},
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

    /// The same, which is asked to end when it has not in two minutes, and killed soon after: for a script below it that
    /// waits for something.
    pub(crate) fn patient_azbroker(&self, arguments: &[&str]) -> Command {
        let mut command = self.program("timeout");
        command.args(["-k", "15", "120", env!("CARGO_BIN_EXE_azbroker")]);
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
        self.patient_azbroker(&arguments)
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

/// What a wait brings, on a thread of its own; a test whose wait brings nothing fails, and does not keep the others.
pub(crate) fn within<T: Send + 'static>(
    waited_for: &str,
    wait: impl FnOnce() -> T + Send + 'static,
) -> T {
    let (send, brought) = std::sync::mpsc::channel();
    std::thread::spawn(move || send.send(wait()));
    let brought = brought.recv_timeout(Duration::from_secs(60));
    brought.unwrap_or_else(|_| panic!("a minute brought no {waited_for}"))
}

/// How a program ended that is to end by itself.
///
/// One that does not is killed, and fails the test in place of keeping it.
pub(crate) fn ends(mut program: Child) -> ExitStatus {
    let id = program.id().to_string();
    let (send, ended) = std::sync::mpsc::channel();
    std::thread::spawn(move || send.send(program.wait()));
    let Ok(status) = ended.recv_timeout(Duration::from_secs(60)) else {
        let _ = Command::new("kill").args(["-KILL", &id]).status();
        panic!("process {id} has not ended");
    };
    status.unwrap()
}

/// Processes that run this file with this word among their arguments.
fn processes_with(word: &Path) -> usize {
    let word = word.as_os_str().as_encoded_bytes();
    std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|process| std::fs::read(process.ok()?.path().join("environ")).ok())
        .filter(|environment| environment.windows(word.len()).any(|part| part == word))
        .count()
}

/// Fails if a process with this word in its environment stays. One that was killed may take a moment to be gone, as
/// may a browser's script that nobody waits for.
#[allow(
    clippy::disallowed_methods,
    reason = "nothing tells of the end of a process that is nobody's child here"
)]
pub(crate) fn no_process_stays(word: &Path) {
    let begun = Instant::now();
    while processes_with(word) > 0 {
        assert!(begun.elapsed() < Duration::from_secs(10), "one stays");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Writes a shell script of one line.
///
/// As [`copy_program`] does, by a process of its own: what another test starts at the same time has the files of this
/// process open for a moment, and a program that is open for writing is "busy" and does not start.
pub(crate) fn script(path: &Path, line: &str) {
    let write = "printf '#!/bin/sh\\n%s\\n' \"$1\" >\"$0\" && chmod 700 \"$0\"";
    let mut shell = Command::new("sh");
    let written = shell.args(["-c", write]).arg(path).arg(line).status();
    assert!(written.unwrap().success());
}

/// Puts a program at another place.
pub(crate) fn copy_program(from: impl AsRef<Path>, to: &Path) {
    let copied = Command::new("cp").arg(from.as_ref()).arg(to).status();
    assert!(copied.unwrap().success());
}
