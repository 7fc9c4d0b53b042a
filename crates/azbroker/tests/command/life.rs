//! When a broker starts and ends, on a bus that nobody here wrote.

use crate::{
    real_bus::{RealBus, Said, activation_file},
    setup::{Place, code, stderr, stdout},
    surroundings::{Surroundings, end, terminate},
};
use azbroker_emulator::{Fault, Target, default_world::ADA};
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use tokio::runtime::Runtime;

const BROKER: &str = "com.microsoft.identity.broker1";
const TOKEN: [&str; 3] = ["token", "--scope", "https://vault.azure.net/.default"];

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
}

/// Starts a broker and waits until it serves.
fn serving(mut serve: Command) -> (Child, Said) {
    let mut broker = serve.stderr(Stdio::piped()).spawn().unwrap();
    let said = Said::by(broker.stderr.take().unwrap());
    said.wait_for("the broker serves");
    (broker, said)
}

#[test]
fn a_broker_with_nothing_to_do_and_nothing_in_memory_ends() {
    let place = Place::new();
    let bus = RealBus::start(place.home.path(), |daemon| place.program(daemon));
    let mut serve = place.azbroker(&["-v", "serve", "--idle-exit", "1"]);
    serve.env("DBUS_SESSION_BUS_ADDRESS", &bus.address);
    let (mut broker, said) = serving(serve);
    assert_eq!(broker.wait().unwrap().code(), Some(0));
    said.wait_for("idle, and nothing is in memory alone: the broker ends");
}

#[test]
fn a_broker_that_is_ended_does_not_wait_for_itself() {
    let place = Place::new();
    let bus = RealBus::start(place.home.path(), |daemon| place.program(daemon));
    let with = |arguments: &[&str]| {
        let mut command = place.azbroker(arguments);
        command.env("DBUS_SESSION_BUS_ADDRESS", &bus.address);
        command
    };
    let (mut broker, said) = serving(with(&["-v", "serve"]));
    // So that it has looked at a program.
    let accounts = with(&["accounts"]).output().unwrap();
    assert_eq!(code(&accounts), 0, "{accounts:?}");
    terminate(&broker);
    assert_eq!(broker.wait().unwrap().code(), Some(0));
    let said = said.all();
    let waited = |line: &String| line.contains("some calls are left without an answer");
    assert!(!said.iter().any(waited), "{said:#?}");
}

/// How many files a broker has open, once there are no more than `usual`: what belonged to a call that was answered may
/// take a moment to be closed.
#[allow(
    clippy::disallowed_methods,
    reason = "nothing tells of a file that is closed"
)]
fn open_files(broker: &Child, usual: Option<usize>) -> usize {
    let folder = format!("/proc/{}/fd", broker.id());
    let begun = Instant::now();
    loop {
        let open = std::fs::read_dir(&folder).unwrap().count();
        if usual.is_none_or(|usual| open <= usual) || begun.elapsed() > Duration::from_secs(10) {
            return open;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_bus_that_has_gone_leaves_no_connection_behind() {
    let place = Place::new();
    let start = || RealBus::start(place.home.path(), |daemon| place.program(daemon));
    let mut bus = start();
    let address = bus.address.clone();
    let with = |arguments: &[&str]| {
        let mut command = place.azbroker(arguments);
        command.env("DBUS_SESSION_BUS_ADDRESS", &address);
        command
    };
    let (broker, said) = serving(with(&["-v", "serve"]));
    let mut open = Vec::new();
    for _ in 0..3 {
        let accounts = with(&["accounts"]).output().unwrap();
        assert_eq!(code(&accounts), 0, "{accounts:?}");
        open.push(open_files(&broker, open.get(1).copied()));
        bus.kill();
        said.wait_for("the session bus has gone");
        bus = start();
        said.wait_for("the broker serves");
    }
    assert!(open[2] <= open[1], "{open:?}");
    end(broker);
}

#[test]
fn a_broker_with_an_account_in_memory_stays_until_it_is_forgotten() {
    let runtime = runtime();
    let mut world = Surroundings::new(&runtime);
    let bus = RealBus::start(world.place.home.path(), |daemon| {
        world.place.program(daemon)
    });
    world.bus = bus.address.clone();
    let (mut broker, said) = serving(world.azbroker(&["serve", "--idle-exit", "1"]));
    let login = world.azbroker(&["login"]).output().unwrap();
    assert_eq!(code(&login), 0, "{login:?}");
    said.wait_for("idle, but accounts are in memory alone: the broker stays");
    let token = world.azbroker(&TOKEN).output().unwrap();
    assert_eq!(code(&token), 0, "{token:?}");
    let logout = world.azbroker(&["logout", "--all"]).output().unwrap();
    assert_eq!(code(&logout), 0, "{logout:?}");
    assert_eq!(broker.wait().unwrap().code(), Some(0));
}

#[test]
fn a_broker_stays_until_the_store_has_followed_a_sign_out_and_tries_that_again_by_itself() {
    let runtime = runtime();
    let mut world = Surroundings::new(&runtime);
    let home = world.home();
    let bus = RealBus::start(&home, |daemon| world.place.program(daemon));
    world.bus = bus.address.clone();
    let passphrase_file = home.join("passphrase");
    fs::write(&passphrase_file, "correct-horse").unwrap();
    fs::set_permissions(&passphrase_file, fs::Permissions::from_mode(0o600)).unwrap();
    let folder = home.join(".config/azbroker");
    fs::create_dir_all(&folder).unwrap();
    let config = format!("passphrase-file = \"{}\"\n", passphrase_file.display());
    fs::write(folder.join("config.toml"), config).unwrap();
    let state = home.join(".local/state/azbroker");
    fs::create_dir_all(&state).unwrap();
    let (mut broker, said) = serving(world.azbroker(&["serve", "--idle-exit", "4"]));
    let login = world.azbroker(&["login"]).output().unwrap();
    assert_eq!(code(&login), 0, "{login:?}");
    let kept = fs::read(state.join("accounts")).unwrap();
    // What is to take the file's place cannot be written there.
    fs::create_dir(state.join("accounts.new")).unwrap();
    let ada = ["logout", "--username", "ada@contoso.example"];
    let logout = world.azbroker(&ada).output().unwrap();
    assert_eq!(code(&logout), 3, "{logout:?}");
    said.wait_for("the broker stays");
    assert_eq!(fs::read(state.join("accounts")).unwrap(), kept);
    fs::remove_dir(state.join("accounts.new")).unwrap();
    assert_eq!(broker.wait().unwrap().code(), Some(0));
    assert_ne!(fs::read(state.join("accounts")).unwrap(), kept);
}

#[test]
fn a_call_in_the_moment_the_broker_ends_is_answered() {
    let place = Place::new();
    let exec = format!("{} -v serve --idle-exit 1", env!("CARGO_BIN_EXE_azbroker"));
    activation_file(place.home.path(), &exec);
    let bus = RealBus::start(place.home.path(), |daemon| place.program(daemon));
    let runtime = runtime();
    let client = runtime.block_on(bus.client());
    let version = || {
        runtime.block_on(async {
            let arguments = ("0.0", "", "{}");
            let interface = Some("com.microsoft.identity.Broker1");
            let path = "/com/microsoft/identity/broker1";
            let reply = client
                .call_method(Some(BROKER), path, interface, "getAccounts", &arguments)
                .await
                .unwrap();
            reply.body().deserialize::<String>().unwrap()
        })
    };
    for _ in 0..4 {
        assert!(version().contains("accounts"));
        bus.said.wait_for("the broker ends");
        // Ten at once: some may reach the old one, the others a new one.
        for _ in 0..10 {
            assert!(version().contains("accounts"));
        }
    }
}

#[test]
fn a_broker_survives_its_bus_with_the_accounts_it_has_in_memory() {
    let runtime = runtime();
    let mut world = Surroundings::new(&runtime);
    let folder = world.place.home.path().to_owned();
    let first = RealBus::start(&folder, |daemon| world.place.program(daemon));
    let address = first.address.clone();
    world.bus = address.clone();
    let (broker, said) = serving(world.azbroker(&["serve"]));
    let login = world.azbroker(&["login"]).output().unwrap();
    assert_eq!(code(&login), 0, "{login:?}");
    first.kill();
    said.wait_for("the session bus has gone; the broker waits for it to come back");

    let second = RealBus::start(&folder, |daemon| world.place.program(daemon));
    assert_eq!(second.address, address);
    said.wait_for("the broker serves");
    let accounts = world.azbroker(&["accounts"]).output().unwrap();
    assert!(stdout(&accounts).starts_with(ADA), "{accounts:?}");
    let token = world.azbroker(&TOKEN).output().unwrap();
    assert_eq!(code(&token), 0, "{}", stderr(&token));
    end(broker);
}

#[test]
fn a_broker_that_the_bus_starts_ends_with_the_bus_when_it_would_lose_nothing() {
    let place = Place::new();
    let bus = RealBus::start(place.home.path(), |daemon| place.program(daemon));
    let mut serve = place.azbroker(&["-v", "serve", "--idle-exit", "600"]);
    serve.env("DBUS_SESSION_BUS_ADDRESS", &bus.address);
    let (mut broker, said) = serving(serve);
    // Its accounts are looked up once it serves; until then it does not know what it has.
    said.wait_for("accounts rest in memory");
    bus.kill();
    assert_eq!(broker.wait().unwrap().code(), Some(0));
}

#[test]
fn a_broker_that_a_bus_started_ends_with_it_and_says_what_is_lost() {
    let runtime = runtime();
    let mut world = Surroundings::new(&runtime);
    let bus = RealBus::start(world.place.home.path(), |daemon| {
        world.place.program(daemon)
    });
    let client = runtime.block_on(bus.client());
    // As dbus-daemon hands its address to what it starts.
    let guid = client.server_guid();
    world.bus = match bus.address.contains(",guid=") {
        true => bus.address.clone(),
        false => format!("{},guid={guid}", bus.address),
    };
    let (mut broker, said) = serving(world.azbroker(&["serve", "--idle-exit", "600"]));
    let login = world.azbroker(&["login"]).output().unwrap();
    assert_eq!(code(&login), 0, "{login:?}");
    bus.kill();
    said.wait_for("accounts that are in memory alone are lost; sign in again");
    said.wait_for("the session bus has gone");
    assert_ne!(broker.wait().unwrap().code(), Some(0));
}

#[test]
fn a_broker_without_its_bus_ends_when_it_is_asked_to() {
    let place = Place::new();
    let bus = RealBus::start(place.home.path(), |daemon| place.program(daemon));
    let mut serve = place.azbroker(&["-v", "serve"]);
    serve.env("DBUS_SESSION_BUS_ADDRESS", &bus.address);
    let (mut broker, said) = serving(serve);
    bus.kill();
    said.wait_for("waits for it to come back");
    terminate(&broker);
    assert_eq!(broker.wait().unwrap().code(), Some(0));
}

#[test]
fn a_broker_that_is_asked_to_end_finishes_what_it_redeems() {
    let runtime = runtime();
    let mut world = Surroundings::new(&runtime);
    let bus = RealBus::start(world.place.home.path(), |daemon| {
        world.place.program(daemon)
    });
    world.bus = bus.address.clone();
    let (mut broker, said) = serving(world.azbroker(&["serve"]));
    let login = world.azbroker(&["login"]).output().unwrap();
    assert_eq!(code(&login), 0, "{login:?}");
    said.wait_for("redeeming a grant");

    let asked_before = world.emulator.ledger().token_requests();
    let late = Fault::Delay(Duration::from_secs(2));
    world.emulator.faults().next(1, Target::Token, late);
    let token = world
        .azbroker(&TOKEN)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The broker says so before it sends.
    said.wait_for("redeeming a grant");
    terminate(&broker);
    assert_eq!(broker.wait().unwrap().code(), Some(0));
    let token = token.wait_with_output().unwrap();
    assert_eq!(code(&token), 0, "{}", stderr(&token));
    assert_eq!(stdout(&token).trim().split('.').count(), 3);
    assert_eq!(world.emulator.ledger().token_requests(), asked_before + 1);
}

#[test]
fn the_log_level_is_read_and_changed_while_the_broker_runs() {
    let place = Place::new();
    let bus = RealBus::start(place.home.path(), |daemon| place.program(daemon));
    let mut serve = place.azbroker(&["serve", "--log", "info"]);
    serve.env("DBUS_SESSION_BUS_ADDRESS", &bus.address);
    let (broker, said) = serving(serve);
    let busctl = |arguments: &[&str]| {
        let output = place
            .program("busctl")
            .args(["--user", "--address"])
            .arg(&bus.address)
            .args(arguments)
            .env("DBUS_SESSION_BUS_ADDRESS", &bus.address)
            .output()
            .expect("busctl is needed");
        (
            code(&output),
            stdout(&output).to_owned(),
            stderr(&output).to_owned(),
        )
    };
    let control = [
        BROKER,
        "/org/freedesktop/LogControl1",
        "org.freedesktop.LogControl1",
    ];
    let get = |property: &str| {
        let call = [&["get-property"], &control[..], &[property]].concat();
        busctl(&call).1
    };
    let set = |property: &str, value: &str| {
        let call = [&["set-property"], &control[..], &[property, "s", value]].concat();
        busctl(&call)
    };
    assert_eq!(get("LogLevel"), "s \"info\"\n");
    assert_eq!(get("SyslogIdentifier"), "s \"azbroker\"\n");
    assert_eq!(get("LogTarget"), "s \"console\"\n");
    assert_eq!(set("LogLevel", "debug").0, 0);
    assert_eq!(get("LogLevel"), "s \"debug\"\n");
    let mut accounts = place.azbroker(&["accounts"]);
    accounts.env("DBUS_SESSION_BUS_ADDRESS", &bus.address);
    assert_eq!(code(&accounts.output().unwrap()), 0);
    said.wait_for("getAccounts asked");
    let (refused, _, why) = set("LogLevel", "loud");
    assert_ne!(refused, 0);
    assert!(
        why.contains("there is no log level 'loud'; say err, warning, info or debug"),
        "{why}"
    );
    assert_ne!(set("LogTarget", "journal").0, 0);
    end(broker);
}

#[test]
fn no_core_dump_keeps_the_memory_of_the_broker() {
    let place = Place::new();
    let bus = RealBus::start(place.home.path(), |daemon| place.program(daemon));
    let mut serve = place.azbroker(&["-v", "serve"]);
    serve.env("DBUS_SESSION_BUS_ADDRESS", &bus.address);
    let (broker, _said) = serving(serve);
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", broker.id())).unwrap();
    let cores = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"))
        .unwrap();
    assert_eq!(cores.split_whitespace().nth(4), Some("0"), "{cores}");
    end(broker);
}

#[test]
fn wrong_words_for_the_end_and_the_logs_are_answered_with_the_right_ones() {
    let place = Place::new();
    for (option, word, right) in [
        ("--idle-exit", "0", "say how many seconds, or `never`"),
        ("--idle-exit", "soon", "say how many seconds, or `never`"),
        ("--log", "loud", "error, warning, info, debug, trace"),
    ] {
        let output = place.azbroker(&["serve", option, word]).output().unwrap();
        assert_eq!(code(&output), 2, "{output:?}");
        let said = stderr(&output);
        assert!(
            said.contains(&format!("invalid value '{word}' for '{option}")),
            "{said}"
        );
        assert!(said.contains(right), "{said}");
    }
}
