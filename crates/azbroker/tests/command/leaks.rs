//! No secret shows where it has no business, whatever is printed at the highest level.
//!
//! The emulator's ledger knows every secret that there is: passwords, codes, verifiers, tokens, vault values.

use crate::setup::Place;
use azbroker_emulator::{
    Behavior, Emulator, KnownSecret, SecretKind, SignIn, Visitor, World, default_world,
};
use std::{
    io::Read,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread::JoinHandle,
};
use tokio::{io::AsyncReadExt, net::UnixListener, runtime::Runtime};

#[test]
fn nothing_printed_at_the_highest_level_holds_a_secret() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let world = Surroundings::new(&runtime);
    let (broker, said_by_broker) = world.broker();

    let scope = ["--scope", "https://vault.azure.net/.default"];
    let mut said = String::new();
    let mut printed = Vec::new();
    let mut run = |arguments: &[&str], expected: i32| {
        let output = world.azbroker(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(expected), "{output:?}");
        said.push_str(&String::from_utf8_lossy(&output.stderr));
        printed.push(String::from_utf8_lossy(&output.stdout).into_owned());
    };
    run(&["token", scope[0], scope[1]], 3);
    run(&["login"], 0);
    run(&["token", scope[0], scope[1]], 0);
    run(&["key-vault-secret"], 0);
    run(&["accounts", "--output", "json"], 0);
    world.user.lock().unwrap().behavior = Behavior::Decline;
    run(&["login"], 3);
    world
        .emulator
        .faults()
        .revoke_refresh_tokens(default_world::ADA);
    run(
        &[
            "token",
            scope[0],
            "https://graph.microsoft.com/.default",
            "--interactive",
        ],
        3,
    );
    run(&["logout", "--all"], 0);

    end(broker);
    said.push_str(&said_by_broker.join().unwrap());
    assert!(
        said.contains("TRACE") && said.len() > 20_000,
        "the highest level says a lot"
    );

    let token = printed[2].trim().to_owned();
    let printed = printed.concat();
    let secrets = world.emulator.ledger().secrets();
    assert!(secrets.len() > 10, "{}", secrets.len());
    for kind in [
        SecretKind::Password,
        SecretKind::AuthorizationCode,
        SecretKind::CodeVerifier,
        SecretKind::RefreshToken,
        SecretKind::AccessToken,
        SecretKind::IdToken,
        SecretKind::VaultValue,
    ] {
        assert!(
            secrets.iter().any(|secret| secret.kind == kind),
            "{kind:?} was in play"
        );
    }
    for KnownSecret { kind, value, .. } in &secrets {
        assert!(
            !said.contains(value.as_str()),
            "a {kind:?} was said{}",
            around(&said, value)
        );
        // A token consists of parts that would do as well.
        for part in value
            .split('.')
            .filter(|part| part.len() > 40 && !part.starts_with("eyJhbGci"))
        {
            assert!(!said.contains(part), "part of a {kind:?} was said");
        }
        let asked_for = *value == token || *kind == SecretKind::VaultValue;
        assert!(
            asked_for || !printed.contains(value.as_str()),
            "a {kind:?} was printed"
        );
    }
}

/// An emulated cloud, a bus, and a browser that hands its pages to an emulated user.
struct Surroundings {
    place: Place,
    emulator: Emulator,
    user: Arc<Mutex<SignIn>>,
    bus: String,
    browser: PathBuf,
    ca: PathBuf,
}

impl Surroundings {
    fn new(runtime: &Runtime) -> Self {
        let place = Place::new();
        let emulator = runtime.block_on(Emulator::start(World::default())).unwrap();
        let folder = place.home.path();
        let ca = folder.join("ca.pem");
        std::fs::write(&ca, emulator.certificate_authority_pem()).unwrap();

        let address = format!("unix:path={}", folder.join("bus").display());
        let mut bus = runtime
            .block_on(busd::bus::Bus::for_address(Some(&address)))
            .unwrap();
        let bus_address = bus.address().to_string();
        runtime.spawn(async move { bus.run().await });

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

    fn azbroker(&self, arguments: &[&str]) -> Command {
        let mut command = self.place.azbroker(&["-vvv"]);
        command
            .args(arguments)
            .env("HTTPS_PROXY", self.emulator.proxy_url())
            .env("NO_PROXY", "localhost,127.0.0.1,::1")
            .env("SSL_CERT_FILE", &self.ca)
            .env("DBUS_SESSION_BUS_ADDRESS", &self.bus)
            .env("BROWSER", &self.browser);
        command
    }

    /// The broker, once it serves, and what it will have said in the end.
    fn broker(&self) -> (Child, JoinHandle<String>) {
        let mut broker = self
            .azbroker(&["serve"])
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
        let mut url = String::new();
        stream.read_to_string(&mut url).await.unwrap();
        let sign_in = user.lock().unwrap().clone();
        let visitor = Visitor::with_client(client.clone(), sign_in).unwrap();
        visitor.visit(&url).await.unwrap();
    }
}

fn end(mut broker: Child) {
    broker.kill().unwrap();
    broker.wait().unwrap();
}

fn script(path: &Path, line: &str) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::write(path, format!("#!/bin/sh\n{line}\n")).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700)).unwrap();
}

/// Where it was said, without the secret.
fn around(said: &str, secret: &str) -> String {
    let line = said
        .lines()
        .find(|line| line.contains(secret))
        .unwrap_or_default();
    let line = line.replace(secret, "<secret>");
    format!(": {}", line.chars().take(400).collect::<String>())
}
