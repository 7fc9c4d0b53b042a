use crate::{
    setup::{Place, code, copy_program},
    surroundings::{Surroundings, end},
};
use azbroker_emulator::default_world::ADA;
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader, Read, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Output, Stdio},
    sync::mpsc::{Receiver, channel},
    time::Duration,
};
use tokio::runtime::Runtime;

pub(crate) const CORRELATION_ID: &str = "be9d5320-d0af-4500-936d-93ab9758dcfd";
pub(crate) const NAME: &str = "com.microsoft.identity.broker1";
const PATH: &str = "/com/microsoft/identity/broker1";
pub(crate) const INTERFACE: &str = "com.microsoft.identity.Broker1";

/// An emulated cloud, and a bus of dbus-daemon.
pub(crate) struct Machine {
    pub(crate) world: Surroundings,
    pub(crate) runtime: Runtime,
    bus: Child,
}

impl Machine {
    pub(crate) fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let place = Place::new();
        let folder = place.home.path();
        let config = folder.join("bus.conf");
        let socket = folder.join("dbus-daemon");
        std::fs::write(
            &config,
            format!(
                "<busconfig><type>session</type><listen>unix:path={}</listen><auth>EXTERNAL</auth>\
                 <policy context=\"default\"><allow send_destination=\"*\" eavesdrop=\"true\"/>\
                 <allow eavesdrop=\"true\"/><allow own=\"*\"/><allow user=\"*\"/></policy></busconfig>",
                socket.display()
            ),
        )
        .unwrap();
        let mut bus = Command::new("dbus-daemon")
            .arg(format!("--config-file={}", config.display()))
            .args(["--nofork", "--print-address"])
            .stdout(Stdio::piped())
            // It complains of limits that it may not raise.
            .stderr(Stdio::null())
            .spawn()
            .expect("dbus-daemon is needed for this test");
        let mut address = String::new();
        BufReader::new(bus.stdout.take().unwrap())
            .read_line(&mut address)
            .unwrap();
        let address = address.trim().to_owned();
        std::fs::create_dir(folder.join("bin")).unwrap();
        Self {
            world: Surroundings::on_bus(&runtime, place, address),
            runtime,
            bus,
        }
    }

    /// A program of its own: systemd's client of the bus under another name.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        let path = self.home().join("bin").join(name);
        copy_program("/usr/bin/busctl", &path);
        path
    }

    pub(crate) fn home(&self) -> &Path {
        self.world.place.home.path()
    }

    /// Where rules and log are.
    pub(crate) fn state(&self) -> PathBuf {
        self.home().join(".local/state/azbroker")
    }

    /// A program on this machine.
    pub(crate) fn at(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        self.world.program(program)
    }

    pub(crate) fn azbroker(&self, arguments: &[&str]) -> Output {
        self.at(env!("CARGO_BIN_EXE_azbroker"))
            .args(arguments)
            .output()
            .unwrap()
    }

    /// Has the user sign in, by the command.
    pub(crate) fn sign_in(&self) {
        let login = self.azbroker(&[
            "login",
            "--username",
            ADA,
            "--scope",
            "https://vault.azure.net/.default",
        ]);
        assert_eq!(code(&login), 0, "{login:?}");
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.bus.kill().unwrap();
        self.bus.wait().unwrap();
    }
}

/// A broker that holds Ada's account.
pub(crate) struct Broker(Option<Child>);

impl Broker {
    pub(crate) fn start(machine: &Machine, options: &[&str]) -> Self {
        let (broker, _said) = machine.world.broker_that(options);
        machine.sign_in();
        Self(Some(broker))
    }

    /// Asks it to end, and waits until it has.
    pub(crate) fn end_in_order(mut self) {
        let mut broker = self.0.take().unwrap();
        let asked = Command::new("kill").arg(broker.id().to_string()).status();
        assert!(asked.unwrap().success());
        broker.wait().unwrap();
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.0.take().into_iter().for_each(end);
    }
}

pub(crate) fn request() -> String {
    json!({ "authParameters": {
        "clientId": "04b07795-8ddb-461a-bbee-02f9e1bf7b46",
        "authority": "https://login.microsoftonline.com/organizations",
        "requestedScopes": ["https://vault.azure.net/.default"],
    }})
    .to_string()
}

/// A program in a sandbox of bubblewrap's, as Flatpak makes them: another root, with these files mounted.
pub(crate) fn sandboxed(machine: &Machine, program: &Path, mounted: &[(&Path, &str)]) -> Command {
    let home = machine.home().to_str().unwrap();
    let mut command = machine.at("bwrap");
    command.args(["--tmpfs", "/", "--proc", "/proc", "--dev", "/dev"]);
    for system in ["/usr", "/lib", "/lib64", "/bin", "/etc"] {
        command.args(["--ro-bind-try", system, system]);
    }
    command.args(["--ro-bind", home, home]);
    for (from, to) in mounted {
        command.args(["--ro-bind", from.to_str().unwrap(), to]);
    }
    command.arg("--").arg(program);
    command
}

/// What makes busctl call a method of the broker.
pub(crate) fn arguments(method: &str) -> Vec<String> {
    arguments_of(INTERFACE, method, &["0.0", CORRELATION_ID, &request()])
}

/// The same for a method that takes any texts.
pub(crate) fn arguments_of(interface: &str, method: &str, texts: &[&str]) -> Vec<String> {
    let call = ["--user", "--json=short", "--timeout=120", "call"];
    let signature = "s".repeat(texts.len());
    let whom = [NAME, PATH, interface, method, &signature];
    [&call[..], &whom, texts]
        .concat()
        .into_iter()
        .map(str::to_owned)
        .collect()
}

/// Has a program that is a copy of busctl call a method of the broker.
pub(crate) fn call(program: &mut Command, method: &str) -> Value {
    answer(&program.args(arguments(method)).output().unwrap())
}

/// The same of any interface, with any texts.
pub(crate) fn call_of(
    program: &mut Command,
    interface: &str,
    method: &str,
    texts: &[&str],
) -> Value {
    let arguments = arguments_of(interface, method, texts);
    answer(&program.args(arguments).output().unwrap())
}

pub(crate) fn answer(output: &Output) -> Value {
    let reply: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
    serde_json::from_str(reply["data"][0].as_str().unwrap()).unwrap()
}

/// The same from this program.
pub(crate) async fn ask(connection: &zbus::Connection, method: &str) -> Value {
    let reply = connection
        .call_method(
            Some(NAME),
            PATH,
            Some(INTERFACE),
            method,
            &("0.0", CORRELATION_ID, request()),
        )
        .await
        .unwrap();
    serde_json::from_str(&reply.body().deserialize::<String>().unwrap()).unwrap()
}

pub(crate) fn status(answer: &Value) -> Option<i64> {
    answer["error"]["status"].as_i64()
}

pub(crate) fn context(answer: &Value) -> &str {
    answer["error"]["context"].as_str().unwrap_or_default()
}

/// A terminal with a broker at it; util-linux makes it.
pub(crate) struct Terminal {
    script: Child,
    keyboard: ChildStdin,
    screen: Receiver<Vec<u8>>,
    seen: Vec<u8>,
}

impl Terminal {
    pub(crate) fn start(machine: &Machine, arguments: &str) -> Self {
        let command = format!("exec '{}' {arguments}", env!("CARGO_BIN_EXE_azbroker"));
        let mut script = machine
            .at("script")
            .args(["-qfec", &command, "/dev/null"])
            .env("SHELL", "/bin/sh")
            .stderr(Stdio::null())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("script is needed for this test");
        let mut shown = script.stdout.take().unwrap();
        let (send, screen) = channel();
        std::thread::spawn(move || {
            let mut chunk = [0; 4096];
            while let Ok(read @ 1..) = shown.read(&mut chunk) {
                let _ = send.send(chunk[..read].to_vec());
            }
        });
        Self {
            keyboard: script.stdin.take().unwrap(),
            screen,
            script,
            seen: Vec::new(),
        }
    }

    pub(crate) fn types(&mut self, text: &str) {
        self.keyboard.write_all(text.as_bytes()).unwrap();
        self.keyboard.flush().unwrap();
    }

    /// Waits for a text after all that was waited for before, and returns what was shown up to it.
    pub(crate) fn wait_for(&mut self, text: &str) -> String {
        loop {
            let found = self
                .seen
                .windows(text.len())
                .position(|seen| seen == text.as_bytes());
            if let Some(place) = found {
                let shown = self.seen.drain(..place + text.len()).collect::<Vec<_>>();
                return String::from_utf8_lossy(&shown).into_owned();
            }
            let Ok(chunk) = self.screen.recv_timeout(Duration::from_secs(60)) else {
                let seen = String::from_utf8_lossy(&self.seen);
                panic!("'{text}' was never shown: {seen}");
            };
            self.seen.extend(chunk);
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It ends what runs at the terminal.
        let asked = Command::new("kill")
            .arg(self.script.id().to_string())
            .status();
        assert!(asked.unwrap().success());
        self.script.wait().unwrap();
    }
}
