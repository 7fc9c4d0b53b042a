//! Runs a program to its end, or to the end of its time.

use crate::descendants::Descendant;
use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    With(ExitStatus),
    /// It did not, and was ended with all it had started.
    OutOfTime,
}

/// Longer than any test takes, than cargo needs for a package, and than a slow connection brings nothing.
pub(crate) const SILENCE: Duration = Duration::from_mins(10);

impl Ended {
    pub(crate) fn is_success(self) -> bool {
        matches!(self, Self::With(status) if status.success())
    }
}

/// Runs a program that ends by itself; its output goes to one file. Where it says nothing for [`SILENCE`] it is killed,
/// and what ran is the end of its output.
pub(crate) fn run(command: &mut Command, output: &Path) -> io::Result<Ended> {
    run_within(SILENCE, command, output)
}

fn run_within(patience: Duration, command: &mut Command, output: &Path) -> io::Result<Ended> {
    let mut running = String::new();
    let ended = run_unless_silent(patience, command, output, |processes| {
        for one in processes {
            running.push_str(&format!("\n  {}", one.describe()));
        }
    })?;
    if ended == Ended::OutOfTime {
        let mut file = File::options().append(true).open(output)?;
        let seconds = patience.as_secs();
        writeln!(
            file,
            "\nnothing was said for {seconds} s. What ran:{running}"
        )?;
    }
    Ok(ended)
}

/// Runs a program as long as its output, which goes to one file, grows within each `patience`. When it does not, the
/// program is killed with all it has started, and `stuck` is told which these are before that.
pub(crate) fn run_unless_silent(
    patience: Duration,
    command: &mut Command,
    output: &Path,
    stuck: impl FnOnce(&[Descendant]),
) -> io::Result<Ended> {
    let file = File::create(output)?;
    let mut child = command
        .stdin(Stdio::null())
        .stdout(file.try_clone()?)
        .stderr(file.try_clone()?)
        .spawn()?;
    let process = child.id();
    let (sender, receiver) = mpsc::channel();
    let waiter = std::thread::spawn(move || {
        // The receiver is there until this thread has been joined.
        let _ = sender.send(child.wait());
    });
    let mut said = 0;
    let ended = loop {
        match receiver.recv_timeout(patience) {
            Ok(status) => break status.map(Ended::With),
            Err(_) => {
                let now = file.metadata()?.len();
                if now == said {
                    let descendants = Descendant::of(process);
                    stuck(&descendants);
                    for one in &descendants {
                        kill(one.process);
                    }
                    break Ok(Ended::OutOfTime);
                }
                said = now;
            }
        }
    };
    let _ = waiter.join();
    ended
}

/// Runs a program in a process group of its own. When `limit` has passed the program is asked to end, so that it can
/// clean up; the group is killed when it has, or has not in [`TIME_TO_CLEAN_UP`].
///
/// Output goes to files, not pipes: a daemon left behind would hold a pipe open for ever.
pub(crate) fn run_at_most(
    limit: Duration,
    command: &mut Command,
    stdout: &Path,
    stderr: &Path,
) -> io::Result<Ended> {
    let child = command
        .stdin(Stdio::null())
        .stdout(File::create(stdout)?)
        .stderr(File::create(stderr)?)
        .process_group(0)
        .spawn()?;
    let group = child.id();
    let ended = wait(child, limit, group);
    // Whatever the program left running belongs to nobody now.
    kill_group(group);
    ended
}

/// Whether a program of this name is on the search path.
pub(crate) fn is_command(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(name).is_file())
}

/// What a short program prints, if it succeeds.
pub(crate) fn output_of(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn wait(mut child: Child, limit: Duration, group: u32) -> io::Result<Ended> {
    let (sender, receiver) = mpsc::channel();
    let waiter = std::thread::spawn(move || {
        // The receiver is there until this thread has been joined.
        let _ = sender.send(child.wait());
    });
    let ended = match receiver.recv_timeout(limit) {
        Ok(status) => status.map(Ended::With),
        Err(_) => {
            // Not to the group: who passes the signal on does so in its own order.
            signal("TERM", &group.to_string());
            let _ = receiver.recv_timeout(TIME_TO_CLEAN_UP);
            kill_group(group);
            Ok(Ended::OutOfTime)
        }
    };
    let _ = waiter.join();
    ended
}

/// Ends a process, whatever it does.
pub(crate) fn kill(process: u32) {
    signal("KILL", &process.to_string());
}

fn kill_group(group: u32) {
    signal("KILL", &format!("-{group}"));
}

/// The standard library cannot do this, the shell can.
fn signal(name: &str, process: &str) {
    let _ = Command::new("sh")
        .args(["-c", &format!("kill -s {name} -- {process}")])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
}

/// Longer than `azbroker emulate` is patient with its own command.
const TIME_TO_CLEAN_UP: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::{Ended, run_at_most, run_unless_silent, run_within};
    use std::path::Path;
    use std::process::Command;
    use std::time::Duration;

    #[test]
    fn a_program_that_does_not_end_is_killed() {
        let mut command = Command::new("sh");
        command.args(["-c", "exec tail -f /dev/null"]);
        let nowhere = Path::new("/dev/null");
        let ended = run_at_most(Duration::from_millis(50), &mut command, nowhere, nowhere);
        assert_eq!(ended.unwrap(), Ended::OutOfTime);
    }

    #[test]
    fn a_program_that_does_not_end_may_clean_up() {
        let folder = std::env::temp_dir().join(format!("xtask-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let (output, nowhere) = (folder.join("output"), Path::new("/dev/null"));
        let mut command = Command::new("sh");
        command.args([
            "-c",
            "trap 'echo clean; exit' TERM; while :; do sleep 0.01; done",
        ]);
        let ended = run_at_most(Duration::from_millis(300), &mut command, &output, nowhere);
        let said = std::fs::read_to_string(&output);
        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!(ended.unwrap(), Ended::OutOfTime);
        assert_eq!(said.unwrap(), "clean\n");
    }

    #[test]
    fn a_program_that_falls_silent_is_killed_with_its_children_and_one_that_speaks_is_not() {
        let folder = std::env::temp_dir().join(format!("xtask-silent-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let output = folder.join("output");
        let run = |script: &str| {
            let mut stuck = 0;
            let mut command = Command::new("sh");
            let ended = run_unless_silent(
                Duration::from_secs(2),
                command.args(["-c", script]),
                &output,
                |descendants| stuck = descendants.len(),
            );
            (ended.unwrap(), stuck)
        };
        let (ended, stuck) = run("for one in 1 2 3 4 5 6 7 8; do echo; sleep 0.4; done; exit 3");
        assert!(matches!(ended, Ended::With(status) if status.code() == Some(3)));
        assert_eq!(stuck, 0);
        let silent = run("echo first; tail -f /dev/null; echo last");
        let said = std::fs::read_to_string(&output);
        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!(silent, (Ended::OutOfTime, 2));
        assert_eq!(said.unwrap(), "first\n");
    }

    #[test]
    fn what_ran_when_a_program_fell_silent_is_the_end_of_its_output() {
        let folder = std::env::temp_dir().join(format!("xtask-ran-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let output = folder.join("output");
        let mut command = Command::new("sh");
        command.args(["-c", "exec tail -f /dev/null"]);
        let ended = run_within(Duration::from_millis(200), &mut command, &output);
        let said = std::fs::read_to_string(&output);
        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!(ended.unwrap(), Ended::OutOfTime);
        let said = said.unwrap();
        assert!(
            said.starts_with("\nnothing was said for 0 s. What ran:\n  "),
            "{said}"
        );
        assert!(said.ends_with("\n    threads: tail\n"), "{said}");
    }

    #[test]
    fn a_program_that_ends_keeps_its_exit_code() {
        let nowhere = Path::new("/dev/null");
        let ended = run_at_most(
            Duration::from_secs(30),
            Command::new("sh").args(["-c", "exit 3"]),
            nowhere,
            nowhere,
        );
        assert!(matches!(ended.unwrap(), Ended::With(status) if status.code() == Some(3)));
    }
}
