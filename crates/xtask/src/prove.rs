//! `cargo xtask prove`: what `cargo xtask test` has no time for, and the figures.

use crate::requirements::{self, Need};
use crate::workspace::Workspace;
use std::process::ExitCode;

pub(crate) fn run() -> ExitCode {
    let workspace = match Workspace::find() {
        Ok(workspace) => workspace,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    let missing = requirements::provide(&workspace, &[Need::Bus, Need::Keyring]);
    if let Some(reason) = missing.into_values().flatten().next() {
        eprintln!("{reason}");
        return ExitCode::FAILURE;
    }
    let mut command = workspace.cargo([
        "test",
        "--package",
        "azbroker",
        "--test",
        "proof",
        "--locked",
    ]);
    for (name, value) in [("PROOF_ROUNDS", "500"), ("PROOF_CALLS", "100000")] {
        if std::env::var_os(name).is_none() {
            command.env(name, value);
        }
    }
    match command.status() {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{command:?}: {error}");
            ExitCode::FAILURE
        }
    }
}
