//! An emulated cloud inside the test, so that the test sees its ledger, and a bus without anything on it.

use crate::setup::{Place, script};
use azbroker_emulator::{Behavior, Emulator, SignIn, Visitor, World, default_world};
use std::{
    io::Read,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread::JoinHandle,
};
use tokio::{io::AsyncReadExt, net::UnixListener, runtime::Runtime};

/// An emulated cloud, a bus, and a browser that hands its pages to an emulated user.
pub(crate) struct Surroundings {
    pub(crate) place: Place,
    pub(crate) emulator: Emulator,
    pub(crate) user: Arc<Mutex<SignIn>>,
    /// The address of the bus; a test may have another one.
    pub(crate) bus: String,
    browser: PathBuf,
    ca: PathBuf,
}

impl Surroundings {
    pub(crate) fn new(runtime: &Runtime) -> Self {
        let place = Place::new();
        let address = format!("unix:path={}", place.home.path().join("bus").display());
        let mut bus = runtime
            .block_on(busd::bus::Bus::for_address(Some(&address)))
            .unwrap();
        let bus_address = bus.address().to_string();
        runtime.spawn(async move { bus.run().await });
        Self::on_bus(runtime, place, bus_address)
    }

    /// The same on a bus that is there already.
    pub(crate) fn on_bus(runtime: &Runtime, place: Place, bus_address: String) -> Self {
        let emulator = runtime.block_on(Emulator::start(World::default())).unwrap();
        let folder = place.home.path();
        let ca = folder.join("ca.pem");
        std::fs::write(&ca, emulator.certificate_authority_pem()).unwrap();

        let user = Arc::new(Mutex::new(SignIn {
            username: default_world::ADA.to_owned(),
            password: default_world::ADA_PASSWORD.to_owned(),
            behavior: Behavior::Complete,
        }));
        let pages = folder.join("pages");
        let _inside = runtime.enter();
        let listener = UnixListener::bind(&pages).unwrap();
        runtime.spawn(walk(listener, emulator.http_client(), user.clone()));
        let browser = folder.join("browser");
        script(
            &browser,
            &format!(
                "'{}' hand-over '{}' \"$1\"",
                env!("CARGO_BIN_EXE_azbroker"),
                pages.display()
            ),
        );
        Self {
            place,
            emulator,
            user,
            bus: bus_address,
            browser,
            ca,
        }
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.place.home.path().to_owned()
    }

    pub(crate) fn azbroker(&self, arguments: &[&str]) -> Command {
        let mut command = self.place.azbroker(&["-vvv"]);
        command.args(arguments);
        self.lead(&mut command);
        command
    }

    /// Any program, in the same environment.
    pub(crate) fn program(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        self.surround(self.place.program(program))
    }

    fn surround(&self, mut command: Command) -> Command {
        self.lead(&mut command);
        command
    }

    /// Leads a program to the cloud, the bus and the browser.
    pub(crate) fn lead(&self, command: &mut Command) {
        command
            .env("HTTPS_PROXY", self.emulator.proxy_url())
            .env("NO_PROXY", "localhost,127.0.0.1,::1")
            .env("SSL_CERT_FILE", &self.ca)
            .env("DBUS_SESSION_BUS_ADDRESS", &self.bus)
            .env("BROWSER", &self.browser);
    }

    /// A client of the bus that is nobody's in particular.
    pub(crate) async fn bus_client(&self) -> zbus::Connection {
        let address = zbus::connection::Builder::address(self.bus.as_str()).unwrap();
        address.build().await.unwrap()
    }

    /// The broker, once it serves, and what it will have said in the end.
    pub(crate) fn broker(&self) -> (Child, JoinHandle<String>) {
        self.broker_that(&["--approvals", "same-user"])
    }

    /// The broker with these options.
    pub(crate) fn broker_that(&self, options: &[&str]) -> (Child, JoinHandle<String>) {
        self.broker_in("env", &[], &[&["serve"], options].concat())
    }

    /// The broker, started by a program that passes its own arguments on.
    pub(crate) fn broker_in(
        &self,
        program: &str,
        before: &[&str],
        arguments: &[&str],
    ) -> (Child, JoinHandle<String>) {
        let mut command = self.place.program(program);
        command
            .args(before)
            .arg(env!("CARGO_BIN_EXE_azbroker"))
            .arg("-vvv")
            .args(arguments);
        let mut broker = self
            .surround(command)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stderr = broker.stderr.take().unwrap();
        let (serves, is_serving) = std::sync::mpsc::channel();
        let said = std::thread::spawn(move || {
            let mut said = Vec::new();
            let mut chunk = [0; 4096];
            loop {
                let read = stderr.read(&mut chunk).unwrap();
                if read == 0 {
                    return String::from_utf8_lossy(&said).into_owned();
                }
                said.extend_from_slice(&chunk[..read]);
                if String::from_utf8_lossy(&said).contains("the broker serves") {
                    let _ = serves.send(());
                }
            }
        });
        is_serving.recv().unwrap();
        (broker, said)
    }
}

async fn walk(listener: UnixListener, client: reqwest::Client, user: Arc<Mutex<SignIn>>) {
    while let Ok((mut stream, _)) = listener.accept().await {
        let (client, user) = (client.clone(), user.clone());
        // A page that takes long keeps no other one waiting.
        tokio::spawn(async move {
            let mut url = String::new();
            if stream.read_to_string(&mut url).await.is_err() {
                return;
            }
            let sign_in = user.lock().unwrap().clone();
            let visitor = Visitor::with_client(client, sign_in).unwrap();
            // What it leads to may be gone meanwhile; a test that needs it sees that.
            let _ = visitor.visit(&url).await;
        });
    }
}

pub(crate) fn end(mut broker: Child) {
    broker.kill().unwrap();
    broker.wait().unwrap();
}

/// Asks a process to end.
pub(crate) fn terminate(process: &Child) {
    let id = process.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-TERM", &id])
            .status()
            .unwrap()
            .success()
    );
}
