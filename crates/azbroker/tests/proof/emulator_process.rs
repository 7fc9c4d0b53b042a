//! The emulator as a process of its own, so that it can be killed: this program again.

use azbroker_emulator::{Emulator, World};
use std::{
    io::{Read, Write},
    path::Path,
    process::{Command, Stdio},
};

const FOLDER: &str = "PROOF_EMULATOR_FOLDER";
const PORT: &str = "PROOF_EMULATOR_PORT";
const LIFETIME: &str = "PROOF_EMULATOR_LIFETIME";

pub(crate) fn is_asked_for() -> bool {
    std::env::var_os(FOLDER).is_some()
}

/// An emulator on a port, or on a free one, that says its port when it listens. Its access tokens live this
/// many seconds.
pub(crate) fn command(folder: &Path, port: u16, lifetime: u32) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .env(FOLDER, folder)
        .env(PORT, port.to_string())
        .env(LIFETIME, lifetime.to_string())
        // It ends with us.
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    command
}

/// Serves until standard input ends.
pub(crate) fn run() {
    let given = |name: &str| std::env::var(name).unwrap();
    let world = World {
        access_token_lifetime_seconds: given(LIFETIME).parse().unwrap(),
        ..World::default()
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let started = Emulator::resume(world, given(PORT).parse().unwrap(), given(FOLDER));
    let emulator = runtime.block_on(started).unwrap();
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{}", emulator.proxy_address().port()).unwrap();
    stdout.flush().unwrap();
    let _ = std::io::stdin().read(&mut [0]);
}
