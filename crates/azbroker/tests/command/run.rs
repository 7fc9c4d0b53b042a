//! `azbroker run`: a program with a broker in reach, with a session bus and without.

use crate::{
    approvals::programs::{self, Broker, Machine, Terminal, context, status},
    real_bus::{RealBus, activation_file},
    setup::{Place, code, no_process_stays, stderr, stdout},
    surroundings::Surroundings,
};
use azbroker_emulator::default_world::SECRET_VALUE;
use std::{
    io::{BufRead, BufReader},
    os::unix::fs::PermissionsExt,
    process::{Command, Output, Stdio},
};

const WHO: &str = "gdbus call --session --dest org.freedesktop.DBus --object-path /org/freedesktop/DBus \
                   --method org.freedesktop.DBus.GetConnectionUnixProcessID com.microsoft.identity.broker1";

fn run(place: &Place, bus: Option<&str>, script: &str) -> Output {
    let mut run = place.azbroker(&["run", "--", "sh", "-c", script]);
    run.env("AZBROKER", env!("CARGO_BIN_EXE_azbroker"));
    if let Some(bus) = bus {
        run.env("DBUS_SESSION_BUS_ADDRESS", bus);
    }
    run.output().unwrap()
}

#[test]
fn without_a_session_bus_the_program_gets_one_of_its_own_and_the_rest_stays() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let mut world = Surroundings::new(&runtime);
    world.bus = "unix:path=/nonexistent".to_owned();
    let mut run = world.place.azbroker(&["run", "--", "sh", "-c"]);
    run.arg(
        "\"$AZBROKER\" login && \"$AZBROKER\" key-vault-secret && echo \"$BROWSER $HTTPS_PROXY\" && exit 7",
    );
    world.lead(&mut run);
    run.env("AZBROKER", env!("CARGO_BIN_EXE_azbroker"));
    let output = run.output().unwrap();
    assert_eq!(code(&output), 7, "{output:?}");
    let lines: Vec<_> = stdout(&output).lines().collect();
    assert_eq!(lines[0], format!("MySecret = {SECRET_VALUE}"));
    assert!(lines[1].ends_with(&world.emulator.proxy_url()), "{lines:?}");
    let told = "azbroker: this machine has no session bus, so the program gets its own; \
                accounts rest in memory until it ends";
    assert_eq!(stderr(&output).matches(told).count(), 1, "{output:?}");
    world.place.assert_clean();
    no_process_stays(world.place.home.path());
}

/// What `status` and `doctor` say below `run` on a machine without a session bus.
fn told_below_run(place: &Place, command: &str) -> String {
    // Nothing outside this machine is asked.
    let script = format!("HTTPS_PROXY=http://127.0.0.1:9 \"$AZBROKER\" {command}");
    let output = run(place, Some("unix:path=/nonexistent"), &script);
    stdout(&output).to_owned()
}

#[test]
fn where_accounts_rest_on_a_private_bus_is_told_with_the_reasons_and_the_cure() {
    let place = Place::new();
    let status = told_below_run(&place, "status");
    for line in [
        "kept in:   memory, until the broker ends (this session has only the Secret Service of `azbroker run`, which forgets; ",
        "\n           not in secret-service: this session has only the Secret Service of `azbroker run`, which forgets\n",
        "\n           not in file: there is no key for an encrypted file: name a passphrase-file in config.toml, start \
         `azbroker run` with the systemd credential azbroker-key, or set store = \"file\"",
    ] {
        assert!(status.contains(line), "{status}");
    }
    assert!(!status.contains("told to"), "{status}");
    let json = told_below_run(&place, "status --output json");
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["store"]["in_use"], "memory");
    assert_eq!(json["store"]["wanted"], "auto");
    let doctor = told_below_run(&place, "doctor");
    for line in [
        "! store           memory, until the broker ends\n                  → to keep accounts, name a passphrase-file",
        "! secret service  only azbroker's own, which forgets when it ends; no account rests in it\n",
    ] {
        assert!(doctor.contains(line), "{doctor}");
    }

    // Who asks for a store by name is told that it is not the one.
    let config = place.home.path().join(".config/azbroker");
    std::fs::create_dir_all(&config).unwrap();
    let set = |text: &str| std::fs::write(config.join("config.toml"), text).unwrap();
    set("store = \"secret-service\"\n");
    let status = told_below_run(&place, "status");
    let loud = "NOT in secret-service, as the broker was told to: sign-ins are lost when it ends\n";
    assert!(status.contains(loud), "{status}");
    let doctor = told_below_run(&place, "doctor");
    let missed = "✗ store           accounts rest in memory, until the broker ends, not in the Secret Service: this \
                  session has only the Secret Service of `azbroker run`, which forgets\n";
    assert!(doctor.contains(missed), "{doctor}");
    set("store = \"memory\"\n");
    let status = told_below_run(&place, "status");
    assert!(
        status.contains("kept in:   memory, until the broker ends (as it was told to)\napprovals"),
        "{status}"
    );
}

#[test]
fn a_program_below_run_needs_no_approval_and_a_denial_wins() {
    let machine = Machine::new();
    let _broker = Broker::start(&machine, &["--approvals", "deny"]);
    let one = machine.program("one");
    let silent = || {
        let mut run = machine.at(env!("CARGO_BIN_EXE_azbroker"));
        run.args(["run", "--"]).arg(&one);
        programs::call(&mut run, "acquireTokenSilently")
    };
    let outside = programs::call(&mut machine.at(&one), "acquireTokenSilently");
    assert_eq!(status(&outside), Some(7), "{outside}");
    let below = silent();
    assert_eq!(status(&below), None, "{below}");

    machine.azbroker(&["rules", "deny", one.to_str().unwrap()]);
    let denied = silent();
    assert_eq!(
        (status(&denied), context(&denied)),
        (
            Some(7),
            "a rule denies 'one' tokens for https://vault.azure.net; see `azbroker rules`"
        )
    );
    // The user's own hand is another matter.
    machine.azbroker(&["rules", "deny", env!("CARGO_BIN_EXE_azbroker")]);
    let token = machine.azbroker(&["token", "--scope", "https://vault.azure.net/.default"]);
    assert_eq!(code(&token), 0, "{token:?}");
}

#[test]
fn a_program_on_a_private_bus_needs_no_approval_though_nobody_could_give_one() {
    let mut machine = Machine::new();
    let config = machine.home().join(".config/azbroker");
    std::fs::create_dir_all(&config).unwrap();
    std::fs::write(config.join("config.toml"), "approvals = \"deny\"\n").unwrap();
    let one = machine.program("one");
    machine.world.bus = "unix:path=/nonexistent".to_owned();
    let mut run = machine.at(env!("CARGO_BIN_EXE_azbroker"));
    // Once the user has signed in there is no browser to ask in.
    run.args(["run", "--", "sh", "-c"])
        .arg("\"$AZBROKER\" login >&2 && unset BROWSER && exec \"$0\" \"$@\"")
        .arg(&one)
        .env("AZBROKER", env!("CARGO_BIN_EXE_azbroker"));
    let answer = programs::call(&mut run, "acquireTokenSilently");
    assert_eq!(status(&answer), None, "{answer}");
}

#[test]
fn the_session_bus_is_used_and_the_broker_ends_with_the_program() {
    let place = Place::new();
    let bus = RealBus::start(place.home.path(), |daemon| place.program(daemon));
    let script = format!("echo \"$DBUS_SESSION_BUS_ADDRESS\" && {WHO} && \"$AZBROKER\" accounts");
    let output = run(&place, Some(&bus.address), &script);
    assert_eq!((code(&output), stderr(&output)), (0, ""), "{output:?}");
    let lines: Vec<_> = stdout(&output).lines().collect();
    assert_eq!(lines[0], bus.address);
    assert!(lines[1].starts_with("(uint32 "), "{lines:?}");
    // Nobody has the name any more.
    let after = place
        .program("sh")
        .args(["-c", WHO])
        .env("DBUS_SESSION_BUS_ADDRESS", &bus.address)
        .output()
        .unwrap();
    assert_ne!(code(&after), 0);
    place.assert_clean();
}

#[test]
fn a_broker_that_the_bus_starts_is_used_and_goes_on() {
    let place = Place::new();
    let exec = format!("{} serve", env!("CARGO_BIN_EXE_azbroker"));
    activation_file(place.home.path(), &exec);
    let bus = RealBus::start(place.home.path(), |daemon| place.program(daemon));
    let first = run(&place, Some(&bus.address), WHO);
    let second = run(&place, Some(&bus.address), WHO);
    assert_eq!(code(&first), 0, "{first:?}");
    assert_eq!(stdout(&first), stdout(&second));
}

#[test]
fn what_ends_the_run_ends_the_program_and_the_broker() {
    let place = Place::new();
    let mut run = place
        .azbroker(&["run", "--", "sh", "-c", "echo ready; read _"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(run.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert_eq!(line, "ready\n");
    // To wait closes it, and the program would end by itself.
    let _keyboard = run.stdin.take();
    let id = run.id().to_string();
    Command::new("kill").args(["-TERM", &id]).status().unwrap();
    assert_eq!(run.wait().unwrap().code(), Some(128 + 15));
    place.assert_clean();
    no_process_stays(place.home.path());
}

#[test]
fn a_folder_for_temporary_files_that_can_have_no_socket_keeps_nobody_from_running() {
    use std::os::unix::ffi::OsStrExt;
    let place = Place::new();
    let long = "long".repeat(30);
    for name in [b"with space".as_slice(), b"no\xfftext", long.as_bytes()] {
        let tmp = place.home.path().join(std::ffi::OsStr::from_bytes(name));
        std::fs::create_dir(&tmp).unwrap();
        let runtime = place.tmp();
        for command in ["run", "emulate"] {
            let output = place
                .azbroker(&[command, "--", "sh", "-c"])
                .arg("echo \"$DBUS_SESSION_BUS_ADDRESS\"")
                .env("TMPDIR", &tmp)
                .env("XDG_RUNTIME_DIR", &runtime)
                .output()
                .unwrap();
            assert_eq!(code(&output), 0, "{output:?}");
            let below = format!("unix:path={}/azbroker-", runtime.display());
            assert!(stdout(&output).starts_with(&below), "{output:?}");
            place.assert_clean();
        }
    }
    let nowhere = place
        .azbroker(&["run", "--", "true"])
        .env("TMPDIR", "/nonexistent")
        .output()
        .unwrap();
    assert_eq!(code(&nowhere), 3, "{nowhere:?}");
    let hint = "hint: make room there, or name another folder in TMPDIR\n";
    assert!(stderr(&nowhere).ends_with(hint), "{nowhere:?}");
}

#[test]
fn without_a_program_to_run_the_usage_is_shown() {
    let output = Place::new().azbroker(&["run"]).output().unwrap();
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("<COMMAND>"), "{output:?}");
}

#[test]
fn a_program_that_does_not_start_is_named_with_the_exit_code_of_shells() {
    let place = Place::new();
    // As a program for another machine is.
    let foreign = place.home.path().join("foreign");
    let text = place.home.path().join("text");
    std::fs::write(&text, b"\x7fELF of another machine").unwrap();
    crate::setup::copy_program(text, &foreign);
    std::fs::set_permissions(&foreign, std::fs::Permissions::from_mode(0o700)).unwrap();
    for (program, expected, why, hint) in [
        (
            "/nonexistent/program",
            127,
            "No such file or directory",
            "check its name and PATH",
        ),
        (
            "nosuchprogram",
            127,
            "No such file or directory",
            "check its name and PATH",
        ),
        ("/dev/null", 126, "Permission denied", "chmod +x"),
        (
            foreign.to_str().unwrap(),
            126,
            "Exec format error",
            "name a program for this machine",
        ),
    ] {
        let output = place
            .azbroker(&["run", "--", program])
            .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent")
            .output()
            .unwrap();
        assert_eq!(code(&output), expected, "{output:?}");
        let line = format!("error: '{program}' cannot be run: {why}");
        assert!(stderr(&output).contains(&line), "{output:?}");
        assert!(stderr(&output).contains(hint), "{output:?}");
    }
    place.assert_clean();
    no_process_stays(place.home.path());
}

#[test]
fn run_asks_at_the_terminal_for_the_passphrase_and_hands_it_on_unseen() {
    const PASSPHRASE: &str = "correct-horse";
    let machine = Machine::new();
    let config = machine.home().join(".config/azbroker");
    std::fs::create_dir_all(&config).unwrap();
    std::fs::write(config.join("config.toml"), "store = \"file\"\n").unwrap();
    let asks = "passphrase of the encrypted file:";
    // What the broker was started with stands in /proc as long as it runs.
    let file = machine.home().join("script");
    crate::setup::script(
        &file,
        &format!(
            "'{azbroker}' accounts; '{azbroker}' login; '{azbroker}' status; \
             echo \"seen: $(cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | grep -c -a 'correct-h[o]rse')\"",
            azbroker = env!("CARGO_BIN_EXE_azbroker")
        ),
    );
    let run = format!("run -- '{}'", file.display());

    let mut terminal = Terminal::start(&machine, &run);
    terminal.wait_for(asks);
    terminal.types(&format!("{PASSPHRASE}\n"));
    terminal.wait_for("the file is new; the same again:");
    terminal.types(&format!("{PASSPHRASE}\n"));
    let shown = terminal.wait_for("seen: 0");
    assert!(!shown.contains("correct"), "{shown}");
    assert!(!shown.contains(asks), "{shown}");
    drop(terminal);

    // The account rests in the file, which only the same passphrase opens.
    let mut terminal = Terminal::start(&machine, &run);
    terminal.wait_for(asks);
    terminal.types("wrong\n");
    terminal.wait_for("the file was encrypted under another passphrase");
    terminal.wait_for(asks);
    terminal.types(&format!("{PASSPHRASE}\n"));
    terminal.wait_for(azbroker_emulator::default_world::ADA);
    terminal.wait_for("seen: 0");
    drop(terminal);

    // Where nobody sits there is nobody to ask.
    let alone = machine.azbroker(&["run", "--", "true"]);
    assert_eq!(code(&alone), 2, "as of `serve`: {alone:?}");
    let said = stderr(&alone);
    assert!(
        said.starts_with(
            "error: the store is to be a file, and there is no key to encrypt it with\nhint: "
        ),
        "{alone:?}"
    );
    assert_eq!(said.lines().count(), 2, "{alone:?}");
}
