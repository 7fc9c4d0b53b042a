//! `azbroker doctor`, with each hop broken for real.

mod configuration;
mod network;
mod store;

use crate::{
    real_bus::{RealBus, activation_file, services},
    setup::{Place, code, stdout},
    surroundings::Surroundings,
};
use std::{
    fs,
    process::{Command, Output},
};
use tokio::runtime::Runtime;

/// A machine on which everything works but the one thing that a test breaks.
struct Machine {
    runtime: Runtime,
    world: Surroundings,
    bus: RealBus,
}

impl Machine {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let mut world = Surroundings::new(&runtime);
        let exec = format!("{} serve", env!("CARGO_BIN_EXE_azbroker"));
        activation_file(world.place.home.path(), &exec);
        let bus = RealBus::start(world.place.home.path(), |daemon| {
            world.place.program(daemon)
        });
        world.bus = bus.address.clone();
        Self {
            runtime,
            world,
            bus,
        }
    }

    fn doctor(&self, arguments: &[&str]) -> Command {
        let mut doctor = self.world.place.azbroker(&["doctor"]);
        doctor.args(arguments);
        self.world.lead(&mut doctor);
        doctor
    }
}

/// The line of a hop, and the cure below it if there is one.
fn hop<'a>(output: &'a Output, name: &str) -> (&'a str, &'a str) {
    let mut lines = stdout(output).lines();
    let line = lines
        .find(|line| line.split_whitespace().nth(1) == name.split(' ').next())
        .unwrap_or_else(|| panic!("{output:?}"));
    let next = lines.next().unwrap_or_default();
    let cure = next.trim_start().strip_prefix("→ ").unwrap_or_default();
    (line, cure)
}

fn assert_hop(output: &Output, name: &str, found: &str, cure: &str) {
    let (line, its_cure) = hop(output, name);
    assert!(line.starts_with('✗'), "{}", stdout(output));
    assert!(line.contains(found), "{line}");
    assert!(its_cure.contains(cure), "{its_cure}");
}

fn assert_not_tried(output: &Output, names: &[&str]) {
    for name in names {
        let (line, _) = hop(output, name);
        assert!(
            line.starts_with('-') && line.ends_with("not tried"),
            "{line}"
        );
    }
}

#[test]
fn where_everything_works_every_hop_says_so() {
    let machine = Machine::new();
    let output = machine.doctor(&[]).output().unwrap();
    assert_eq!(code(&output), 0, "{output:?}");
    let text = stdout(&output);
    assert!(!text.contains('✗') && !text.contains("not tried"), "{text}");
    assert!(
        hop(&output, "name").0.contains(" serve when asked ("),
        "{text}"
    );
    assert!(hop(&output, "broker").0.contains("no account"), "{text}");
    assert!(hop(&output, "proxy").0.contains("127.0.0.1:"), "{text}");
    assert!(hop(&output, "tls").0.contains("SSL_CERT_FILE="), "{text}");

    let json = machine.doctor(&["--output", "json"]).output().unwrap();
    let json: serde_json::Value = serde_json::from_str(stdout(&json)).unwrap();
    let findings = json["findings"].as_array().unwrap();
    let hops: Vec<_> = findings
        .iter()
        .map(|found| found["hop"].as_str().unwrap())
        .collect();
    assert_eq!(
        hops,
        [
            "configuration",
            "bus address",
            "session bus",
            "name",
            "ping",
            "broker",
            "store",
            "secret service",
            "proxy",
            "dns",
            "connection",
            "tls",
            "authority",
            "clock",
            "browser",
            "other brokers",
            "device"
        ]
    );
    assert_eq!(findings[0]["outcome"], "fine");
    assert_eq!(
        [&findings[6]["outcome"], &findings[7]["outcome"]],
        ["notice", "notice"],
        "there is no keyring on this bus, and no key for a file"
    );
}

#[test]
fn a_bus_address_that_nobody_listens_at() {
    let machine = Machine::new();
    let mut doctor = machine.doctor(&[]);
    let output = doctor
        .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent")
        .output()
        .unwrap();
    assert_eq!(code(&output), 3, "{output:?}");
    assert_hop(
        &output,
        "session bus",
        "nobody answers at its address",
        "azbroker run --",
    );
    assert_not_tried(&output, &["name", "ping", "broker", "secret"]);
    assert!(
        hop(&output, "authority").0.starts_with('✓'),
        "the network is tried all the same"
    );
}

#[test]
fn a_session_without_a_bus() {
    let machine = Machine::new();
    let runtime_folder = machine.world.place.tmp();
    let mut doctor = machine.doctor(&[]);
    let output = doctor
        .env_remove("DBUS_SESSION_BUS_ADDRESS")
        .env("XDG_RUNTIME_DIR", &runtime_folder)
        .output()
        .unwrap();
    assert_eq!(code(&output), 3, "{output:?}");
    let found = format!(
        "this session has no bus: DBUS_SESSION_BUS_ADDRESS is not set, and there is no {}/bus",
        runtime_folder.display()
    );
    assert_hop(&output, "bus address", &found, "azbroker run --");
}

#[test]
fn a_bus_that_no_variable_names_is_found_as_all_commands_find_it() {
    let machine = Machine::new();
    let runtime_folder = machine.world.place.tmp();
    let socket = runtime_folder.join("bus");
    let address = machine.bus.address.strip_prefix("unix:path=").unwrap();
    std::os::unix::fs::symlink(address, &socket).unwrap();
    let mut doctor = machine.doctor(&[]);
    let output = doctor
        .env_remove("DBUS_SESSION_BUS_ADDRESS")
        .env("XDG_RUNTIME_DIR", &runtime_folder)
        .output()
        .unwrap();
    assert_eq!(code(&output), 0, "{output:?}");
    let (line, _) = hop(&output, "bus address");
    let found = format!(
        "unix:path={}, as DBUS_SESSION_BUS_ADDRESS is not set",
        socket.display()
    );
    assert!(line.ends_with(&found), "{line}");
}

#[test]
fn a_bus_address_that_is_none() {
    let machine = Machine::new();
    for (address, found) in [
        ("", "DBUS_SESSION_BUS_ADDRESS is empty, so it names no bus"),
        (
            "/run/bus",
            "DBUS_SESSION_BUS_ADDRESS is '/run/bus', which is no address of a bus",
        ),
    ] {
        let mut doctor = machine.doctor(&[]);
        let output = doctor
            .env("DBUS_SESSION_BUS_ADDRESS", address)
            .output()
            .unwrap();
        assert_eq!(code(&output), 3, "{output:?}");
        assert_hop(&output, "bus address", found, "unset it");
        assert_not_tried(&output, &["session", "name", "broker", "secret"]);
    }
}

#[test]
fn a_bus_without_a_broker() {
    let machine = Machine::new();
    let file =
        services(machine.world.place.home.path()).join("com.microsoft.identity.broker1.service");
    fs::remove_file(file).unwrap();
    let bus = &machine.bus.address;
    let reload = [
        "call",
        "--address",
        bus,
        "--dest",
        "org.freedesktop.DBus",
        "--object-path",
        "/org/freedesktop/DBus",
        "--method",
        "org.freedesktop.DBus.ReloadConfig",
    ];
    assert!(
        machine
            .world
            .place
            .program("gdbus")
            .args(reload)
            .output()
            .unwrap()
            .status
            .success()
    );
    let output = machine.doctor(&[]).output().unwrap();
    assert_eq!(code(&output), 3, "{output:?}");
    assert_hop(
        &output,
        "name",
        "there is no broker",
        "run `azbroker install`",
    );
    assert_not_tried(&output, &["ping", "broker"]);
}

#[test]
fn a_service_file_whose_program_is_gone() {
    let machine = Machine::new();
    activation_file(
        machine.world.place.home.path(),
        "/nonexistent/azbroker serve",
    );
    let bus = &machine.bus.address;
    let reload = [
        "call",
        "--address",
        bus,
        "--dest",
        "org.freedesktop.DBus",
        "--object-path",
        "/org/freedesktop/DBus",
        "--method",
        "org.freedesktop.DBus.ReloadConfig",
    ];
    assert!(
        machine
            .world
            .place
            .program("gdbus")
            .args(reload)
            .output()
            .unwrap()
            .status
            .success()
    );
    let output = machine.doctor(&[]).output().unwrap();
    assert_eq!(code(&output), 3, "{output:?}");
    assert_hop(
        &output,
        "ping",
        "the broker does not start",
        "`azbroker install` renews",
    );
}

#[test]
fn a_broker_that_never_answers() {
    let machine = Machine::new();
    let _silent = machine.runtime.block_on(async {
        let client = machine.bus.client().await;
        client
            .request_name("com.microsoft.identity.broker1")
            .await
            .unwrap();
        client
    });
    let output = machine.doctor(&[]).output().unwrap();
    assert_eq!(code(&output), 3, "{output:?}");
    let (name, _) = hop(&output, "name");
    assert!(
        name.contains(&format!(
            "(process {}) is the broker, which is another",
            std::process::id()
        )),
        "{name}"
    );
    assert_hop(
        &output,
        "ping",
        "the broker hangs: no answer within 5 s",
        "end its process",
    );
    assert_not_tried(&output, &["broker"]);
}

#[test]
fn a_browser_that_is_not_there() {
    let machine = Machine::new();
    let mut doctor = machine.doctor(&[]);
    let output = doctor
        .env("BROWSER", "/nonexistent/browser")
        .output()
        .unwrap();
    assert_eq!(code(&output), 3, "{output:?}");
    assert_hop(
        &output,
        "browser",
        "BROWSER names '/nonexistent/browser'",
        "name a browser that is",
    );
}

#[test]
fn the_browser_of_the_configuration_file_goes_before_the_one_of_the_environment() {
    let machine = Machine::new();
    let folder = machine.world.place.home.path().join(".config/azbroker");
    fs::create_dir_all(&folder).unwrap();
    let config = folder.join("config.toml");
    fs::write(&config, "browser = \"/nonexistent/browser\"\n").unwrap();
    let output = machine.doctor(&[]).output().unwrap();
    assert_eq!(code(&output), 3, "{output:?}");
    assert_hop(
        &output,
        "browser",
        "browser in config.toml names '/nonexistent/browser'",
        "name a browser that is, or unset browser in config.toml",
    );
    fs::write(&config, "browser = \"sh\"\n").unwrap();
    let mut doctor = machine.doctor(&[]);
    let output = doctor
        .env("BROWSER", "/nonexistent/browser")
        .output()
        .unwrap();
    assert_eq!(code(&output), 0, "{output:?}");
    let (found, _) = hop(&output, "browser");
    assert!(
        found.ends_with("browser in config.toml names sh"),
        "{found}"
    );
}

#[test]
fn an_authority_host_that_is_none() {
    let output = Place::new()
        .azbroker(&["doctor", "--authority-host", "no host"])
        .output()
        .unwrap();
    assert_eq!(code(&output), 2, "{output:?}");
}

#[test]
fn another_broker_is_named_however_its_file_is_called() {
    let machine = Machine::new();
    let shared = machine.world.place.home.path().join("share");
    let file = shared.join("dbus-1/services/other.service");
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    let text = "[D-BUS Service]\nName=com.microsoft.identity.broker1\nExec=/opt/other/broker\n";
    fs::write(&file, text).unwrap();
    let mut doctor = machine.doctor(&[]);
    let output = doctor.env("XDG_DATA_DIRS", &shared).output().unwrap();
    let (line, _) = hop(&output, "other brokers");
    let found = format!("of another broker there is {}", file.display());
    assert!(line.starts_with('!') && line.ends_with(&found), "{line}");
}
