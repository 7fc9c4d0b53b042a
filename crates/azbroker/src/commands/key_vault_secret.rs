use crate::failure::{Exit, Failure};
use std::process::ExitCode;

/// Runs the program that a Rust developer would write, letter by letter that of the library's example.
pub(crate) fn run() -> Result<ExitCode, Failure> {
    match program::run() {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(error) => Err(Failure::of(Exit::Failed, error.as_ref())),
    }
}

mod program {
    include!("../../../azure_identity_broker/examples/key_vault_secret.rs");

    pub(super) fn run() -> Result<(), Box<dyn std::error::Error>> {
        main()
    }
}
