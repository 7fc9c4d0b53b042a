//! Brokered sign-in for Azure during local development: the command.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "only the command prints"
)]
#![cfg_attr(
    not(feature = "emulator"),
    allow(
        dead_code,
        unused_imports,
        unused_variables,
        reason = "the emulator's commands use more"
    )
)]

mod arguments;
mod commands;
mod config_file;
mod desktop;
mod doctor;
mod failure;
mod folders;
mod hardening;
mod installation;
mod logs;
mod offline;
mod one_thread;
mod output;
mod regular_file;

use arguments::{AccountCommand, Arguments, Command};
use clap::Parser;
use failure::{Exit, Failure};
use logs::Logs;
use std::{process::ExitCode, sync::Arc, time::Duration};
use tokio::runtime::LocalRuntime;

fn main() -> ExitCode {
    // Ends with code 2 by itself when what was typed makes no sense.
    let arguments = Arguments::parse();
    let logs = Logs::show(arguments.verbose);
    match run(arguments, logs) {
        Ok(code) => code,
        Err(failure) => {
            if !failure.is_quiet() {
                output::tell(&failure);
            }
            failure.code()
        }
    }
}

fn run(arguments: Arguments, logs: Logs) -> Result<ExitCode, Failure> {
    let verbose = arguments.verbose;
    match arguments.command {
        #[cfg(feature = "emulator")]
        Command::KeyVaultSecret => commands::key_vault_secret::run(),
        #[cfg(feature = "emulator")]
        Command::Emulate(arguments) => {
            to_the_end(commands::emulate::run(arguments, verbose), MOMENT)
        }
        #[cfg(feature = "emulator")]
        Command::Try(arguments) => to_the_end(commands::try_it::run(&arguments, verbose), MOMENT),
        Command::Serve(arguments) => {
            to_the_end(commands::serve::run(arguments, Arc::new(logs)), SHUTDOWN)
        }
        Command::Run(arguments) => to_the_end(commands::run::run(arguments, verbose), MOMENT),
        Command::Install(arguments) => to_the_end(commands::install::run(&arguments), MOMENT),
        Command::Uninstall(arguments) => to_the_end(commands::uninstall::run(&arguments), MOMENT),
        Command::Doctor(arguments) => to_the_end(commands::doctor::run(&arguments), MOMENT),
        Command::Login(arguments) => to_the_end(commands::login::run(arguments), MOMENT),
        Command::Accounts(arguments) => to_the_end(commands::accounts::run(&arguments), MOMENT),
        Command::Account(AccountCommand::Default(arguments)) => {
            to_the_end(commands::account::default(&arguments), MOMENT)
        }
        Command::Status(arguments) => to_the_end(commands::status::run(&arguments), MOMENT),
        Command::Token(arguments) => to_the_end(commands::token::run(arguments), MOMENT),
        Command::Logout(arguments) => to_the_end(commands::logout::run(&arguments), MOMENT),
        Command::Rules(arguments) => to_the_end(commands::rules::run(&arguments), MOMENT),
        Command::Log(arguments) => commands::log::run(&arguments),
        #[cfg(feature = "emulator")]
        Command::HandOver { socket, url } => commands::hand_over::run(&socket, &url),
    }
}

/// Runs this to its end, and waits only so long for threads that wait for something: a process that the broker
/// looks at can keep one of them for ever, and a name server that does not answer for most of a minute.
fn to_the_end<T>(
    work: impl Future<Output = Result<T, Failure>>,
    patience: Duration,
) -> Result<T, Failure> {
    let runtime = one_thread()?;
    let done = runtime.block_on(work);
    runtime.shutdown_timeout(patience);
    done
}

/// Of the broker, which may be writing what it was given.
const SHUTDOWN: Duration = Duration::from_secs(5);

/// Of a command that has said all it had to say.
const MOMENT: Duration = Duration::from_millis(500);

fn one_thread() -> Result<LocalRuntime, Failure> {
    one_thread::runtime().map_err(|error| {
        Failure::new(
            Exit::TryAgainLater,
            format!("the system has no resources left: {error}"),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_waits_for_ever_does_not_keep_the_broker_from_ending() {
        let (_never, end) = std::sync::mpsc::channel::<()>();
        let served = async {
            let (begins, begun) = tokio::sync::oneshot::channel();
            tokio::task::spawn_blocking(move || {
                begins.send(()).unwrap();
                let _ = end.recv();
            });
            begun.await.unwrap();
            Ok(())
        };
        to_the_end(served, Duration::ZERO).unwrap();
    }
}
