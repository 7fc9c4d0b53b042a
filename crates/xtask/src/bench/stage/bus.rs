//! The session bus of a stage.

use super::running::{Running, log};
use super::write;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

/// A real bus; ends when dropped.
pub(super) fn start(folder: &Path) -> Result<(Running, String), String> {
    let mut bus = Command::new("dbus-daemon");
    // One that starts nothing on demand, so that no keyring appears on it.
    let configuration = folder.join("bus.conf");
    write(&configuration, CONFIGURATION)?;
    bus.args(["--nofork", "--print-address=1"]);
    bus.arg(format!("--config-file={}", configuration.display()));
    bus.arg(format!(
        "--address=unix:path={}",
        folder.join("bus").display()
    ));
    let mut bus = bus
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log(folder)?)
        .spawn()
        .map_err(|error| format!("dbus-daemon: {error}"))?;
    let output = bus.stdout.take().ok_or("no standard output")?;
    let mut address = String::new();
    BufReader::new(output)
        .read_line(&mut address)
        .map_err(|error| error.to_string())?;
    Ok((Running(bus), address.trim_end().to_owned()))
}

const CONFIGURATION: &str = include_str!("../../../../../tests/interop/bus/no-services.conf");
