//! A machine of its own: bus, keyring, broker and Entra ID, each a process that can be killed.

use crate::{
    caller::{BROKER, Caller},
    emulator_process,
};
use azbroker_emulator::{Behavior, SignIn, Visitor, World};
use futures_util::StreamExt;
use rustix::process::{Pid, Signal, kill_process};
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Stdio,
    sync::{Arc, Mutex},
    time::Duration,
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::UnixListener,
    process::{Child, Command},
};
use zbus::fdo::DBusProxy;

pub(crate) struct Machine {
    bus: Option<Child>,
    keyring: Option<Child>,
    emulator: Option<Child>,
    /// Once it is known, it stays.
    port: u16,
    /// How long access tokens live, in seconds.
    pub(crate) token_lifetime: u32,
    /// Who signs in on the pages that the broker opens.
    user: Arc<Mutex<String>>,
    /// A connection of our own, to see who is there.
    watch: Option<Caller>,
    // Last: what is in it must have ended before it is removed.
    folder: TempDir,
}

/// What can be killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Part {
    Broker,
    Bus,
    Keyring,
    Emulator,
}

/// Longer than any part takes to come up.
const START: Duration = Duration::from_secs(20);

impl Machine {
    /// Lays everything out and starts nothing.
    pub(crate) fn new(token_lifetime: u32) -> Self {
        let folder = tempfile::Builder::new().prefix("proof-").tempdir().unwrap();
        for name in ["home", "run", "services"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        let closed = fs::Permissions::from_mode(0o700);
        fs::set_permissions(folder.path().join("run"), closed).unwrap();
        Self {
            bus: None,
            keyring: None,
            emulator: None,
            port: 0,
            token_lifetime,
            user: Arc::default(),
            watch: None,
            folder,
        }
    }

    pub(crate) fn address(&self) -> String {
        format!("unix:path={}", self.socket().display())
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("bus")
    }

    /// Where the emulator keeps its ledger.
    pub(crate) fn state(&self) -> PathBuf {
        self.folder.path().join("entra")
    }

    pub(crate) async fn caller(&self) -> Caller {
        Caller::connect(&self.address()).await.unwrap()
    }

    /// From now on this user completes the sign-in pages.
    pub(crate) fn has_user(&self, username: &str) {
        *self.user.lock().unwrap() = username.to_owned();
    }

    /// Brings up whatever is not there.
    pub(crate) async fn bring_up(&mut self) {
        self.bring_up_emulator().await;
        if !is_running(&mut self.bus) {
            self.start_bus().await;
            // What was on it went with it, or is of no use to the new one.
            self.kill_child(Part::Keyring).await;
        }
        if !is_running(&mut self.keyring) {
            self.start_keyring().await;
        }
        let started = async {
            let bus = DBusProxy::new(self.watch()).await.unwrap();
            let name = BROKER.try_into().unwrap();
            bus.start_service_by_name(name, 0).await.unwrap();
        };
        within("the broker", started).await;
    }

    pub(crate) async fn bring_up_emulator(&mut self) {
        if !is_running(&mut self.emulator) {
            self.start_emulator().await;
        }
    }

    pub(crate) async fn bring_up_keyring(&mut self) {
        if !is_running(&mut self.keyring) {
            self.start_keyring().await;
        }
    }

    /// Ends a part at once. Tells whether it was there.
    pub(crate) async fn kill(&mut self, part: Part) -> bool {
        if part != Part::Broker {
            return self.kill_child(part).await;
        }
        let Some(broker) = self.broker().await else {
            return false;
        };
        let Some(process) = Pid::from_raw(broker.cast_signed()) else {
            return false;
        };
        let killed = kill_process(process, Signal::KILL).is_ok();
        // Until the bus has noticed, whoever asks it for a broker is told that there is one.
        let noticed = async { while self.broker().await == Some(broker) {} };
        within("the news of the broker's end", noticed).await;
        killed
    }

    /// The broker's process, as the bus knows it.
    pub(crate) async fn broker(&self) -> Option<u32> {
        let bus = DBusProxy::new(self.watch.as_ref()?.connection())
            .await
            .ok()?;
        let name = BROKER.try_into().ok()?;
        bus.get_connection_unix_process_id(name).await.ok()
    }

    async fn kill_child(&mut self, part: Part) -> bool {
        let child = match part {
            Part::Broker => return false,
            Part::Bus => &mut self.bus,
            Part::Keyring => &mut self.keyring,
            Part::Emulator => &mut self.emulator,
        };
        match child.take() {
            Some(mut child) => child.kill().await.is_ok(),
            None => false,
        }
    }

    async fn start_emulator(&mut self) {
        let command = emulator_process::command(&self.state(), self.port, self.token_lifetime);
        let mut command = Command::from(command);
        let mut emulator = command.kill_on_drop(true).spawn().unwrap();
        self.port = within("the emulator", first_line(&mut emulator))
            .await
            .parse()
            .unwrap();
        self.emulator = Some(emulator);
        if !self.folder.path().join("browser").exists() {
            self.bring_browser();
        }
    }

    /// The broker's browser hands its pages to an emulated user.
    fn bring_browser(&self) {
        let pages = self.folder.path().join("pages");
        let listener = UnixListener::bind(&pages).unwrap();
        let authority = fs::read(self.state().join("authority.pem")).unwrap();
        let proxy = format!("http://127.0.0.1:{}", self.port);
        let client = reqwest::Client::builder()
            .proxy(reqwest::Proxy::all(proxy).unwrap())
            .tls_certs_only([reqwest::Certificate::from_pem(&authority).unwrap()])
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(10))
            .build()
            .unwrap();
        tokio::spawn(walk(listener, client, self.user.clone()));
        let browser = self.folder.path().join("browser");
        let line = format!(
            "'{}' hand-over '{}' \"$1\" </dev/null >/dev/null 2>&1 &",
            env!("CARGO_BIN_EXE_azbroker"),
            pages.display()
        );
        // By another process: what is started meanwhile has our files open for a moment, and a program that is open for
        // writing does not start.
        let write = "printf '#!/bin/sh\\n%s\\n' \"$1\" >\"$0\" && chmod 700 \"$0\"";
        let mut shell = std::process::Command::new("sh");
        let written = shell.args(["-c", write]).arg(browser).arg(line).status();
        assert!(written.unwrap().success());
    }

    async fn start_bus(&mut self) {
        let folder = self.folder.path();
        let services = folder.join("services");
        let service = format!(
            "[D-BUS Service]\nName={BROKER}\nExec={} {}\n",
            env!("CARGO_BIN_EXE_azbroker"),
            serve().join(" ")
        );
        fs::write(services.join(format!("{BROKER}.service")), service).unwrap();
        let config = folder.join("bus.conf");
        fs::write(&config, bus_config(&self.address(), &services)).unwrap();
        let mut bus = self
            .command("dbus-daemon")
            .arg(format!("--config-file={}", config.display()))
            .args(["--nofork", "--print-address"])
            .stdout(Stdio::piped())
            // The broker that it starts speaks there too.
            .stderr(self.told())
            .spawn()
            .unwrap();
        within("the bus", first_line(&mut bus)).await;
        self.bus = Some(bus);
        self.watch = Some(self.caller().await);
    }

    async fn start_keyring(&mut self) {
        const NAME: &str = "org.freedesktop.secrets";
        self.kill_child(Part::Keyring).await;
        let bus = DBusProxy::new(self.watch()).await.unwrap();
        let changes = bus.receive_name_owner_changed_with_args(&[(0, NAME)]);
        let mut changes = changes.await.unwrap();
        let mut keyring = self
            .command("gnome-keyring-daemon")
            .args(["--foreground", "--unlock", "--components=secrets"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let mut stdin = keyring.stdin.take().unwrap();
        stdin.write_all(b"a password for this test").await.unwrap();
        drop(stdin);
        let owned = async {
            while let Some(change) = changes.next().await {
                if change.args().is_ok_and(|args| args.new_owner().is_some()) {
                    return;
                }
            }
        };
        within("the keyring", owned).await;
        self.keyring = Some(keyring);
    }

    /// What bus and broker have written, one after the other.
    fn told(&self) -> fs::File {
        let mut options = fs::OpenOptions::new();
        let told = self.folder.path().join("told");
        options.append(true).create(true).open(told).unwrap()
    }

    /// A panic of which only one call died here would end the broker that people use.
    pub(crate) fn nothing_panicked(&self) {
        let told = fs::read_to_string(self.folder.path().join("told")).unwrap();
        let panics: Vec<_> = told
            .lines()
            .filter(|line| line.contains("panicked at"))
            .collect();
        assert!(panics.is_empty(), "{panics:#?}");
    }

    fn watch(&self) -> &zbus::Connection {
        self.watch.as_ref().unwrap().connection()
    }

    /// A program with nothing of the developer's in its environment.
    fn command(&self, program: &str) -> Command {
        let folder = self.folder.path();
        let home = folder.join("home");
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", &home)
            .env("XDG_DATA_HOME", home.join("data"))
            .env("XDG_CONFIG_HOME", home.join("config"))
            .env("XDG_STATE_HOME", home.join("state"))
            .env("XDG_CACHE_HOME", home.join("cache"))
            .env("XDG_RUNTIME_DIR", folder.join("run"))
            .env("TMPDIR", folder)
            .env("DBUS_SESSION_BUS_ADDRESS", self.address())
            .env("HTTPS_PROXY", format!("http://127.0.0.1:{}", self.port))
            .env("NO_PROXY", "localhost,127.0.0.1,::1")
            .env("SSL_CERT_FILE", self.state().join("authority.pem"))
            .env("BROWSER", folder.join("browser"))
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        command
    }
}

/// How the broker is started. A page that was open when Entra ID went away is given up soon, and where the
/// broker asks its user about programs, nobody is here to say yes.
fn serve() -> Vec<&'static str> {
    let mut arguments = vec!["serve", "--sign-in-deadline", "6"];
    let mut help = std::process::Command::new(env!("CARGO_BIN_EXE_azbroker"));
    let help = help.args(["serve", "--help"]).output().unwrap();
    if String::from_utf8_lossy(&help.stdout).contains("--approvals") {
        arguments.extend(["--approvals", "same-user"]);
    }
    arguments
}

async fn walk(listener: UnixListener, client: reqwest::Client, user: Arc<Mutex<String>>) {
    while let Ok((mut stream, _)) = listener.accept().await {
        let (client, username) = (client.clone(), user.lock().unwrap().clone());
        tokio::spawn(async move {
            let mut url = String::new();
            stream.read_to_string(&mut url).await.unwrap();
            let world = World::default();
            let known = world.tenants.iter().flat_map(|tenant| &tenant.users);
            let known = known.filter(|user| user.username == username);
            for user in known {
                let sign_in = SignIn {
                    username: username.clone(),
                    password: user.password.clone(),
                    behavior: Behavior::Complete,
                };
                let visitor = Visitor::with_client(client.clone(), sign_in).unwrap();
                // What it leads to may be gone meanwhile.
                let _ = visitor.visit(&url).await;
            }
        });
    }
}

fn is_running(child: &mut Option<Child>) -> bool {
    child
        .as_mut()
        .is_some_and(|child| matches!(child.try_wait(), Ok(None)))
}

async fn first_line(child: &mut Child) -> String {
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    lines.next_line().await.unwrap().unwrap_or_default()
}

async fn within<T>(what: &str, started: impl Future<Output = T>) -> T {
    tokio::time::timeout(START, started)
        .await
        .unwrap_or_else(|_| panic!("{what} did not come up within {} s", START.as_secs()))
}

/// The limits are those of the session bus's own configuration; programs that it starts are ours alone.
fn bus_config(address: &str, services: &Path) -> String {
    let services = services.display();
    format!(
        r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>{address}</listen>
  <auth>EXTERNAL</auth>
  <servicedir>{services}</servicedir>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
  <limit name="max_incoming_bytes">1000000000</limit>
  <limit name="max_outgoing_bytes">1000000000</limit>
  <limit name="max_message_size">1000000000</limit>
  <limit name="service_start_timeout">120000</limit>
  <limit name="auth_timeout">240000</limit>
  <limit name="pending_fd_timeout">150000</limit>
  <limit name="max_completed_connections">100000</limit>
  <limit name="max_incomplete_connections">10000</limit>
  <limit name="max_connections_per_user">100000</limit>
  <limit name="max_pending_service_starts">10000</limit>
  <limit name="max_names_per_connection">50000</limit>
  <limit name="max_match_rules_per_connection">50000</limit>
  <limit name="max_replies_per_connection">50000</limit>
</busconfig>
"#
    )
}
