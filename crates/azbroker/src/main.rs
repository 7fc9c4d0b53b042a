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
            one_thread()?.block_on(commands::emulate::run(arguments, verbose))
        }
        #[cfg(feature = "emulator")]
        Command::Try(arguments) => {
            one_thread()?.block_on(commands::try_it::run(&arguments, verbose))
        }
        Command::Serve(arguments) => {
            let served = commands::serve::run(arguments, Arc::new(logs));
            to_the_end(one_thread()?, served, SHUTDOWN)
        }
        Command::Run(arguments) => one_thread()?.block_on(commands::run::run(arguments, verbose)),
        Command::Install(arguments) => one_thread()?.block_on(commands::install::run(&arguments)),
        Command::Uninstall(arguments) => {
            one_thread()?.block_on(commands::uninstall::run(&arguments))
        }
        Command::Doctor(arguments) => one_thread()?.block_on(commands::doctor::run(&arguments)),
        Command::Login(arguments) => one_thread()?.block_on(commands::login::run(arguments)),
        Command::Accounts(arguments) => one_thread()?.block_on(commands::accounts::run(&arguments)),
        Command::Account(AccountCommand::Default(arguments)) => {
            one_thread()?.block_on(commands::account::default(&arguments))
        }
        Command::Status(arguments) => one_thread()?.block_on(commands::status::run(&arguments)),
        Command::Token(arguments) => one_thread()?.block_on(commands::token::run(arguments)),
        Command::Logout(arguments) => one_thread()?.block_on(commands::logout::run(&arguments)),
        Command::Rules(arguments) => one_thread()?.block_on(commands::rules::run(&arguments)),
        Command::Log(arguments) => commands::log::run(&arguments),
        #[cfg(feature = "emulator")]
        Command::HandOver { socket, url } => commands::hand_over::run(&socket, &url),
    }
}

/// Runs this to its end, and waits only so long for threads that wait for something: a process that the broker
/// looks at can keep one of them for ever.
fn to_the_end<T>(runtime: LocalRuntime, work: impl Future<Output = T>, patience: Duration) -> T {
    let done = runtime.block_on(work);
    runtime.shutdown_timeout(patience);
    done
}

const SHUTDOWN: Duration = Duration::from_secs(5);

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
        };
        to_the_end(one_thread().unwrap(), served, Duration::ZERO);
    }
}
