//! What a measurement takes place on: an emulated cloud, a real session bus, brokers and canned services.

use crate::bench::programs::Programs;
use serde_json::{Value, json};
use std::fs::{self, DirBuilder};
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// The broker's name on the bus.
pub(crate) const BROKER: &str = "com.microsoft.identity.broker1";
/// The canned service's beside it.
pub(crate) const FLOOR: &str = "com.github.azbroker.bench.Floor";

/// Everything ends with it, and its folder is removed.
#[derive(Debug)]
pub(crate) struct Stage<'a> {
    pub(crate) programs: &'a Programs,
    pub(crate) folder: PathBuf,
    cloud: Told,
    proxy: String,
    bus: Running,
    pub(crate) address: String,
}

/// A process that ends with this value.
#[derive(Debug)]
pub(crate) struct Running(pub(crate) Child);

impl Running {
    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }

    /// Asks it to end, and waits until it has.
    pub(crate) fn end(mut self) {
        let id = self.id().to_string();
        let _ = Command::new("kill").args(["-s", "TERM", &id]).status();
        let _ = self.0.wait();
    }
}

impl Running {
    /// Waits until it has ended by itself.
    pub(crate) fn wait(mut self) {
        let _ = self.0.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A process that obeys line by line.
#[derive(Debug)]
struct Told {
    _process: Running,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl<'a> Stage<'a> {
    /// A cloud with so many users, and a bus with nobody on it.
    pub(crate) fn set(programs: &'a Programs, users: usize) -> Result<Self, String> {
        let name = format!("azbroker-bench-{}-{users}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&folder);
        DirBuilder::new()
            .mode(0o700)
            .create(&folder)
            .map_err(|error| format!("{}: {error}", folder.display()))?;
        let world = folder.join("world.json");
        write(&world, &world_of(users).to_string())?;
        let mut cloud = programs.cloud();
        cloud
            .arg(&world)
            .arg(folder.join("pages"))
            .arg(folder.join("bundle.pem"));
        let mut cloud = Told::start(cloud, &folder)?;
        let proxy = cloud.line()?;
        let proxy = proxy
            .as_str()
            .ok_or("the cloud does not say where it is")?
            .to_owned();
        let (bus, address) = session_bus(&folder)?;
        let stage = Self {
            programs,
            folder,
            cloud,
            proxy,
            bus,
            address,
        };
        for (file, request) in REQUESTS {
            write(&stage.file(file), &request_of(request).to_string())?;
        }
        Ok(stage)
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Gives the cloud an order; see `bench-cloud`.
    pub(crate) fn order(&mut self, order: &str) -> Result<Value, String> {
        writeln!(self.cloud.orders, "{order}").map_err(|error| format!("the cloud: {error}"))?;
        self.cloud.line()
    }

    /// A program with this stage around it, and nothing else of the developer's.
    pub(crate) fn around(&self, mut command: Command) -> Command {
        command.env_clear();
        for name in ["HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"] {
            command.env(name, &self.proxy);
        }
        for name in ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"] {
            command.env(name, self.file("bundle.pem"));
        }
        command
            .env("NO_PROXY", "localhost,127.0.0.1,::1")
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", &self.folder)
            .env("XDG_RUNTIME_DIR", &self.folder)
            .env("XDG_STATE_HOME", self.file("state"))
            .env("XDG_CONFIG_HOME", self.file("config"))
            .env("LANG", "C.UTF-8")
            .env("DBUS_SESSION_BUS_ADDRESS", &self.address)
            .env("BROWSER", self.programs.path("bench-browser"))
            .env("BENCH_PAGES", self.file("pages"))
            .current_dir(&self.folder);
        command
    }

    /// The line that starts a broker here, for whoever runs it below something.
    pub(crate) fn broker_line(&self) -> Vec<String> {
        let mut line = vec![
            self.programs.path("azbroker").display().to_string(),
            "serve".to_owned(),
        ];
        line.extend(self.programs.serve_options.iter().cloned());
        line
    }

    /// Starts a broker, below another program where `below` names one, and waits until it can be asked.
    pub(crate) fn broker(&self, below: &[String]) -> Result<Running, String> {
        let line: Vec<String> = below.iter().cloned().chain(self.broker_line()).collect();
        self.service(BROKER, &line).map(|(service, _)| service)
    }

    /// Starts the broker's service without a cloud, below a program that counts.
    pub(crate) fn harness(&self, below: &[String]) -> Result<Running, String> {
        let harness = self.programs.path("bench-broker").display().to_string();
        let line: Vec<String> = below.iter().cloned().chain([harness]).collect();
        self.service(BROKER, &line).map(|(service, _)| service)
    }

    /// The same with so many accounts, by itself.
    pub(crate) fn harness_of(&self, accounts: usize) -> Result<Running, String> {
        let harness = self.programs.path("bench-broker").display().to_string();
        let service = self.service(BROKER, &[harness, accounts.to_string()]);
        service.map(|(service, _)| service)
    }

    /// Has the brokers from now on keep accounts in an encrypted file.
    pub(crate) fn keep_in_file(&self) -> Result<(), String> {
        let folder = self.file("config").join("azbroker");
        fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let passphrase = self.file("passphrase");
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).mode(0o600);
        options
            .open(&passphrase)
            .and_then(|mut file| file.write_all(b"a passphrase of the bench"))
            .map_err(|error| format!("{}: {error}", passphrase.display()))?;
        let passphrase = passphrase.display();
        let text = format!("store = \"file\"\npassphrase-file = \"{passphrase}\"\n");
        write(&folder.join("config.toml"), &text)
    }

    /// Starts a canned service that answers with what is in `answer`.
    pub(crate) fn canned(&self, name: &str, answer: &str) -> Result<Running, String> {
        let line = self.canned_line(name, answer);
        self.service(name, &line).map(|(service, _)| service)
    }

    pub(crate) fn canned_line(&self, name: &str, answer: &str) -> Vec<String> {
        vec![
            self.programs.path("bench-service").display().to_string(),
            name.to_owned(),
            self.file(answer).display().to_string(),
        ]
    }

    /// Starts a service; the second is the time from its start to the answer of its first `Ping`, in
    /// nanoseconds.
    pub(crate) fn service(&self, name: &str, line: &[String]) -> Result<(Running, f64), String> {
        self.first_answer(name, line, "Ping")
    }

    /// Starts a service and calls a method as soon as it has its name.
    pub(crate) fn first_answer(
        &self,
        name: &str,
        line: &[String],
        method: &str,
    ) -> Result<(Running, f64), String> {
        let mut probe = self.programs.command("bench-caller");
        probe
            .args(["first", name, method])
            .arg(self.file("accounts.json"));
        let mut probe = Told::start(self.around(probe), &self.folder)?;
        if probe.text()? != "ready" {
            return Err("the probe is not ready".to_owned());
        }
        let [program, arguments @ ..] = line else {
            return Err("there is nothing to start".to_owned());
        };
        let mut service = self.around(Command::new(program));
        service
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        service.stderr(log(&self.folder)?);
        let since = nanoseconds_since_1970();
        let service = service
            .spawn()
            .map_err(|error| format!("{program}: {error}"))?;
        let service = Running(service);
        let answered = probe
            .line()?
            .as_f64()
            .ok_or("the probe does not say when")?;
        Ok((service, answered - since))
    }

    /// Runs one of `bench-caller`'s measurements.
    pub(crate) fn call(&self, arguments: &[&str]) -> Result<Value, String> {
        let text = self.text_of("bench-caller", arguments)?;
        serde_json::from_str(&text).map_err(|error| format!("bench-caller: {error}"))
    }

    /// What a program of the bench prints.
    pub(crate) fn text_of(&self, program: &str, arguments: &[&str]) -> Result<String, String> {
        let mut command = self.around(self.programs.command(program));
        command.args(arguments);
        output(command, &self.folder)
    }

    /// Has the first user sign in, and keeps the broker's silent answer for canned services.
    pub(crate) fn sign_in(&self) -> Result<(), String> {
        let request = self.file("sign-in.json").display().to_string();
        self.call(&["sign-in", BROKER, &request, "0", "1"])?;
        self.keep_answer()
    }

    /// Keeps the broker's silent answer for canned services.
    pub(crate) fn keep_answer(&self) -> Result<(), String> {
        let request = self.file("silent.json").display().to_string();
        let answer = self.text_of("bench-caller", &["say", BROKER, SILENTLY, &request])?;
        write(&self.file("answer.json"), answer.trim_end())
    }

    /// The path of a request, as an argument.
    pub(crate) fn request(&self, name: &str) -> String {
        self.file(name).display().to_string()
    }
}

impl Drop for Stage<'_> {
    fn drop(&mut self) {
        let _ = self.bus.0.kill();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

impl Told {
    fn start(mut command: Command, folder: &Path) -> Result<Self, String> {
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log(folder)?)
            .spawn()
            .map_err(|error| format!("{command:?}: {error}"))?;
        let (orders, answers) = (process.stdin.take(), process.stdout.take());
        Ok(Self {
            _process: Running(process),
            orders: orders.ok_or("no standard input")?,
            answers: BufReader::new(answers.ok_or("no standard output")?),
        })
    }

    fn text(&mut self) -> Result<String, String> {
        let mut line = String::new();
        let read = self.answers.read_line(&mut line);
        match read {
            Ok(0) => Err("a program of the bench ended; its log says why".to_owned()),
            Ok(_) => Ok(line.trim_end().to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }

    fn line(&mut self) -> Result<Value, String> {
        let text = self.text()?;
        serde_json::from_str(&text).map_err(|error| format!("{text}: {error}"))
    }
}

/// A real bus; ends when dropped.
fn session_bus(folder: &Path) -> Result<(Running, String), String> {
    let mut bus = Command::new("dbus-daemon");
    // One that starts nothing on demand, so that no keyring appears on it.
    let configuration = folder.join("bus.conf");
    write(&configuration, BUS_CONFIGURATION)?;
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

/// Runs a program to its end and gives what it printed.
pub(crate) fn output(mut command: Command, folder: &Path) -> Result<String, String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{command:?}: {error}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
        let program = Path::new(command.get_program())
            .file_name()
            .unwrap_or_default();
        return Err(format!(
            "{} {}: {}\n{log}",
            program.display(),
            output.status,
            said.trim_end()
        ));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn log(folder: &Path) -> Result<Stdio, String> {
    let file = fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(folder.join("log"));
    file.map(Stdio::from)
        .map_err(|error| format!("{}: {error}", folder.display()))
}

fn write(file: &Path, text: &str) -> Result<(), String> {
    fs::write(file, text).map_err(|error| format!("{}: {error}", file.display()))
}

fn nanoseconds_since_1970() -> f64 {
    #[expect(
        clippy::disallowed_methods,
        reason = "what is measured is dated by the machine"
    )]
    let now = std::time::SystemTime::now();
    now.duration_since(std::time::UNIX_EPOCH)
        .map_or(f64::NAN, |time| time.as_nanos() as f64)
}

/// A world with one tenant, one application that needs no consent, and users `user0@…`, `user1@…`.
fn world_of(users: usize) -> Value {
    let users: Vec<_> = (0..users)
        .map(|number| {
            json!({
                "username": format!("user{number}@contoso.example"),
                "password": "a password of the bench",
                "name": format!("User {number}"),
                "object_id": format!("00000000-0000-4000-8000-{number:012}"),
            })
        })
        .collect();
    json!({
        "tenants": [{
            "id": "72f9a1c4-6d0b-4e53-9c1e-0d5a4b7c2e10",
            "domain": "contoso.example",
            "name": "Contoso",
            "users": users,
            "applications": [{
                "client_id": CLIENT_ID,
                "name": "Azure CLI",
                "redirect_uris": ["http://localhost"],
                "consent": "granted",
            }],
        }],
        "vaults": [],
    })
}

/// What a client of the contract sends, with some parameters of its own.
fn request_of(changed: &[(&str, &str)]) -> Value {
    let mut parameters = json!({
        "clientId": CLIENT_ID,
        "authority": "https://login.microsoftonline.com/organizations",
        "redirectUri": "https://login.microsoftonline.com/common/oauth2/nativeclient",
        "requestedScopes": ["https://vault.azure.net/.default"],
    });
    for (name, value) in changed {
        parameters[*name] = match *name {
            "requestedScopes" => json!([value]),
            _ => json!(value),
        };
    }
    json!({ "authParameters": parameters, "clientId": CLIENT_ID })
}

const BUS_CONFIGURATION: &str = include_str!("../../../../tests/interop/bus/no-services.conf");
const CLIENT_ID: &str = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";
pub(crate) const SILENTLY: &str = "acquireTokenSilently";

/// Files with requests, and what is particular in each.
const REQUESTS: &[(&str, &[(&str, &str)])] = &[
    ("silent.json", &[]),
    ("accounts.json", &[]),
    ("sign-in.json", &[("username", "user{n}@contoso.example")]),
    ("of-first.json", &[("username", "user0@contoso.example")]),
    (
        "of-many.json",
        &[
            ("username", "user{n}@contoso.example"),
            (
                "requestedScopes",
                "https://service{m}.contoso.example/.default",
            ),
        ],
    ),
    (
        "other-resource.json",
        &[("requestedScopes", "https://management.azure.com/.default")],
    ),
];
