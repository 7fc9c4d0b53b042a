//! What a measurement takes place on: an emulated cloud, a real session bus, brokers and canned services.

mod bus;
mod running;
mod world;

pub(crate) use running::{Running, output};

use crate::bench::programs::Programs;
use running::{Told, log};
use serde_json::Value;
use std::fs::{self, DirBuilder};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The broker's name on the bus.
pub(crate) const BROKER: &str = "com.microsoft.identity.broker1";
/// The canned service's beside it.
pub(crate) const FLOOR: &str = "com.github.azbroker.bench.Floor";
pub(crate) const SILENTLY: &str = "acquireTokenSilently";

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
        write(&world, &world::of(users).to_string())?;
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
        let (bus, address) = bus::start(&folder)?;
        let stage = Self {
            programs,
            folder,
            cloud,
            proxy,
            bus,
            address,
        };
        for (file, request) in world::requests() {
            write(&stage.file(file), &request.to_string())?;
        }
        Ok(stage)
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Gives the cloud an order; see `bench-cloud`.
    pub(crate) fn order(&mut self, order: &str) -> Result<Value, String> {
        self.cloud
            .tell(order)
            .map_err(|error| format!("the cloud: {error}"))?;
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
