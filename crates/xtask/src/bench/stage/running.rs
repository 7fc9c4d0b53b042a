//! Programs that the stage runs.

use crate::process::SILENCE;
use serde_json::Value;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// A process that ends with this value.
#[derive(Debug)]
pub(crate) struct Running(pub(super) Child);

impl Running {
    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }

    /// Asks it to end, and waits until it has.
    pub(crate) fn end(self) {
        let id = self.id().to_string();
        let _ = Command::new("kill").args(["-s", "TERM", &id]).status();
        self.wait();
    }

    /// Waits until it has ended by itself, but not for ever: whatever is left is killed.
    #[allow(
        clippy::disallowed_methods,
        reason = "the standard library tells nobody of an end whom it does not keep waiting"
    )]
    pub(crate) fn wait(mut self) {
        let begun = Instant::now();
        while let Ok(None) = self.0.try_wait()
            && begun.elapsed() < TIME_TO_END
        {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// More than a program takes to end that was asked to.
const TIME_TO_END: Duration = Duration::from_secs(60);

/// A process that obeys line by line.
#[derive(Debug)]
pub(super) struct Told {
    _process: Running,
    orders: ChildStdin,
    answers: Receiver<std::io::Result<String>>,
}

impl Told {
    pub(super) fn start(mut command: Command, folder: &Path) -> Result<Self, String> {
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log(folder)?)
            .spawn()
            .map_err(|error| format!("{command:?}: {error}"))?;
        let (orders, answers) = (process.stdin.take(), process.stdout.take());
        let lines = BufReader::new(answers.ok_or("no standard output")?).lines();
        let (send, answers) = channel();
        std::thread::spawn(move || lines.map(|line| send.send(line)).all(|sent| sent.is_ok()));
        Ok(Self {
            _process: Running(process),
            orders: orders.ok_or("no standard input")?,
            answers,
        })
    }

    pub(super) fn tell(&mut self, order: &str) -> std::io::Result<()> {
        writeln!(self.orders, "{order}")
    }

    pub(super) fn text(&mut self) -> Result<String, String> {
        match self.answers.recv_timeout(SILENCE) {
            Ok(Ok(line)) => Ok(line.trim_end().to_owned()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(RecvTimeoutError::Disconnected) => {
                Err("a program of the bench ended; its log says why".to_owned())
            }
            Err(RecvTimeoutError::Timeout) => {
                let minutes = SILENCE.as_secs() / 60;
                Err(format!(
                    "a program of the bench said nothing for {minutes} minutes"
                ))
            }
        }
    }

    pub(super) fn line(&mut self) -> Result<Value, String> {
        let text = self.text()?;
        serde_json::from_str(&text).map_err(|error| format!("{text}: {error}"))
    }
}

/// Runs a program to its end and gives what it printed.
pub(crate) fn output(mut command: Command, folder: &Path) -> Result<String, String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{command:?}: {error}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
        let program = Path::new(command.get_program())
            .file_name()
            .unwrap_or_default();
        return Err(format!(
            "{} {}: {}\n{log}",
            program.display(),
            output.status,
            said.trim_end()
        ));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Where what a program says is kept.
pub(super) fn log(folder: &Path) -> Result<Stdio, String> {
    let file = fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(folder.join("log"));
    file.map(Stdio::from)
        .map_err(|error| format!("{}: {error}", folder.display()))
}
