//! The broker under attack, under faults and under load: real processes, `dbus-daemon` and GNOME Keyring.
//!
//! `cargo xtask test` runs what a minute or two allow; `cargo xtask prove` runs all of it and shows the
//! figures. `PROOF_SEED` and `PROOF_ROUNDS` run the same faults again, or more of them.

#![allow(clippy::print_stdout, reason = "the figures are for people")]

mod caller;
mod caller_process;
mod crowd;
mod emulator_process;
mod faults;
mod figures;
mod hostile;
mod ledger;
mod load;
mod machine;
mod random;
mod raw_caller;

use libtest_mimic::{Arguments, Failed, Trial};
use std::process::{Command, ExitCode, Stdio};

fn main() -> ExitCode {
    if emulator_process::is_asked_for() {
        emulator_process::run();
        return ExitCode::SUCCESS;
    }
    if caller_process::is_asked_for() {
        caller_process::run();
        return ExitCode::SUCCESS;
    }
    if crowd::is_asked_for() {
        crowd::run();
        return ExitCode::SUCCESS;
    }
    let mut arguments = Arguments::from_args();
    arguments.test_threads = Some(1);
    let trials = vec![
        trial(
            "a_good_caller_is_served_while_hostile_ones_call",
            hostile::a_good_caller_is_served,
        ),
        trial(
            "no_account_is_lost_and_nothing_redeemed_twice_whatever_is_killed",
            faults::nothing_is_lost,
        ),
        trial(
            "a_thousand_callers_for_one_expired_token_make_one_request",
            load::one_request,
        ),
    ];
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn trial(name: &str, proof: fn()) -> Trial {
    Trial::test(name, move || {
        for program in ["dbus-daemon", "gnome-keyring-daemon"] {
            if !is_there(program) {
                return Err(Failed::from(format!(
                    "install {program}: this is proved with it"
                )));
            }
        }
        proof();
        Ok(())
    })
}

fn is_there(program: &str) -> bool {
    let mut command = Command::new(program);
    command.arg("--version").stdout(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
