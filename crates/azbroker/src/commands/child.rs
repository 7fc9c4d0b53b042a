//! The programs that `emulate` and `run` start.

use super::stop::{Stop, Stops};
use crate::failure::{Exit, Failure};
use rustix::{
    io::Errno,
    process::{Pid, Signal, getpgrp, kill_process},
    termios::tcgetpgrp,
};
use std::{
    ffi::OsStr,
    fs::File,
    io,
    os::unix::process::ExitStatusExt,
    process::{ExitCode, ExitStatus},
    time::Duration,
};
use tokio::process::Child;

/// Waits for the program, hands on the signals that come meanwhile, and passes its end through.
pub(crate) async fn wait(mut child: Child, stops: &mut Stops) -> ExitCode {
    let stop = loop {
        let stop = tokio::select! {
            ended = child.wait() => return ended.map_or(ExitCode::FAILURE, exit_code),
            stop = stops.asked() => stop,
        };
        match stop {
            // Ctrl-C of a terminal has reached the program too; `kill` has not.
            Stop::Interrupt => break stop,
            Stop::Terminate => {
                send(&child, Signal::TERM);
                break stop;
            }
            // So has what else is typed there.
            Stop::Quit if is_in_foreground() => {}
            // What it does about them is the program's own affair: one that goes on is waited for.
            Stop::Hangup | Stop::Quit | Stop::User1 | Stop::User2 => send(&child, stop.signal()),
        }
    };
    // One that goes on regardless is ended.
    match tokio::time::timeout(PATIENCE, child.wait()).await {
        Ok(Ok(status)) => exit_code(status),
        _ => {
            let _ = child.kill().await;
            ExitCode::from(stop.exit_code())
        }
    }
}

/// Whether what is typed at a terminal reaches this process and what it started.
fn is_in_foreground() -> bool {
    let Ok(terminal) = File::open("/dev/tty") else {
        return false;
    };
    tcgetpgrp(terminal).is_ok_and(|group| group == getpgrp())
}

/// Ends a broker whose accounts nobody will ask for again.
pub(crate) async fn end(mut broker: Child) {
    // Its refresh tokens are in the secret service already.
    let _ = broker.kill().await;
}

/// Asks a broker to end, so that it finishes what it has under way.
pub(crate) async fn end_politely(mut broker: Child) {
    send(&broker, Signal::TERM);
    if tokio::time::timeout(PATIENCE * 2, broker.wait())
        .await
        .is_err()
    {
        end(broker).await;
    }
}

/// How a command ends whose program does not start.
pub(crate) fn cannot_run(program: &OsStr, error: &io::Error) -> Failure {
    let (exit, hint) = match error.kind() {
        io::ErrorKind::NotFound => (
            Exit::NoSuchProgram,
            "check its name and PATH; of a script, also the program that its first line names",
        ),
        io::ErrorKind::PermissionDenied => (
            Exit::NotExecutable,
            "name a file that can be executed, as `chmod +x` makes one",
        ),
        _ if error.raw_os_error() == Some(Errno::NOEXEC.raw_os_error()) => (
            Exit::NotExecutable,
            "name a program for this machine; a script says in its first line what runs it, as `#!/bin/sh` does",
        ),
        io::ErrorKind::ArgumentListTooLong => (
            Exit::NotExecutable,
            "give it less at a time: its arguments and the environment are longer than the system allows",
        ),
        _ => (Exit::NotExecutable, "mend that, then try again"),
    };
    let message = format!("'{}' cannot be run: {error}", program.display());
    Failure::new(exit, message).with_hint(hint)
}

fn send(child: &Child, signal: Signal) {
    if let Some(process) = child.id().and_then(|id| Pid::from_raw(id.cast_signed())) {
        let _ = kill_process(process, signal);
    }
}

/// The code of a program; 128 and the signal for one that a signal ended, as shells have it.
fn exit_code(status: ExitStatus) -> ExitCode {
    let code = status
        .code()
        .or(status.signal().map(|signal| 128 + signal))
        .and_then(|code| u8::try_from(code).ok());
    ExitCode::from(code.unwrap_or(1))
}

/// How long a program may take to end that was asked to.
const PATIENCE: Duration = Duration::from_secs(5);
