//! A configuration file with a fault, and what hangs on it.

use super::{Machine, assert_hop, assert_not_tried, hop};
use crate::setup::{code, stdout};
use std::fs;

#[test]
fn a_broken_configuration_file_is_the_cause_and_is_told_once() {
    let machine = Machine::new();
    let folder = machine.world.place.home.path().join(".config/azbroker");
    fs::create_dir_all(&folder).unwrap();
    let config = folder.join("config.toml");
    fs::write(&config, "\nstore = file\n").unwrap();
    let output = machine.doctor(&[]).output().unwrap();
    assert_eq!(code(&output), 3, "{output:?}");
    let found = format!(
        "{}: line 2: a value in letters stands in quotes",
        config.display()
    );
    assert_hop(&output, "configuration", &found, "mend the file");
    assert_eq!(stdout(&output).matches('✗').count(), 1, "{output:?}");
    let hang_on_it = ["name", "ping", "broker", "store", "browser"];
    assert_not_tried(&output, &hang_on_it);
    let (authority, _) = hop(&output, "authority");
    assert!(authority.starts_with('✓'), "{authority}");

    fs::write(&config, "store = \"memory\"\n").unwrap();
    let output = machine.doctor(&[]).output().unwrap();
    assert_eq!(code(&output), 0, "{output:?}");
    let (line, _) = hop(&output, "configuration");
    assert!(line.starts_with('✓'), "{line}");
    let found = format!("{} can be read", config.display());
    assert!(line.ends_with(&found), "{line}");

    // The broker that the bus started goes on with the settings that it read.
    fs::write(&config, "store = file\n").unwrap();
    let output = machine.doctor(&[]).output().unwrap();
    assert_eq!(code(&output), 3, "{output:?}");
    let (ping, _) = hop(&output, "ping");
    assert!(ping.starts_with('✓'), "{ping}");
}
