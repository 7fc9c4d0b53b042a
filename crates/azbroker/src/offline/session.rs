use super::{
    BrowserCommand, Emulation, Environment, Files, PrivateBus, SecretService, SignInPages,
    Variables, private_folder, start_broker,
};
use crate::failure::{Exit, Failure};
use azbroker_emulator::{Emulator, StartError, World};
use azbroker_service::{Clock, SystemClock};
use std::{
    ffi::{OsStr, OsString},
    io,
    path::{Path, PathBuf},
};
use tempfile::TempDir;
use tokio::process::{Child, Command};
use zbus::Connection;

/// An emulated cloud and a private session bus, with all that a program needs to find them.
///
/// Dropping it ends everything and removes its one folder.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) emulator: Emulator,
    pub(crate) pages: SignInPages,
    /// Our own connection to the bus, for watching.
    pub(crate) connection: Connection,
    files: Files,
    azbroker: PathBuf,
    parent: Variables,
    _secret_service: SecretService,
    bus: PrivateBus,
    // Last: what is in it must be closed before it is removed.
    folder: TempDir,
}

/// Where sign-in pages open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Browser {
    /// They are handed over to [`Session::pages`].
    HandOver,
    /// In the browser of the person who runs this.
    Users,
}

impl Session {
    /// Starts the cloud and the bus, on a given port or on a free one.
    pub(crate) async fn start(world: World, port: Option<u16>) -> Result<Self, Failure> {
        let emulator = match port {
            Some(port) => Emulator::start_on(world, port).await,
            None => Emulator::start(world).await,
        };
        let emulator = emulator.map_err(|error| start_failure(&error))?;
        let folder = private_folder()?;
        let bus =
            PrivateBus::start(folder.path()).map_err(|error| Failure::of(Exit::Failed, &error))?;
        let secret_service = SecretService::start(bus.address(), || SystemClock.now().into())
            .await
            .map_err(|error| Failure::of(Exit::Failed, &error))?;
        let connection = async {
            zbus::connection::Builder::address(bus.address())?
                .build()
                .await
        };
        let connection = connection
            .await
            .map_err(|error| Failure::of(Exit::Failed, &error))?;

        let azbroker = std::env::current_exe().map_err(|error| {
            Failure::new(
                Exit::Failed,
                format!("this program cannot be found: {error}"),
            )
        })?;
        let socket = folder.path().join("pages");
        let pages = SignInPages::receive_at(&socket, &emulator)
            .map_err(|error| cannot_write(folder.path(), &error))?;
        let parent: Variables = std::env::vars_os().collect();
        let browser = BrowserCommand {
            program: &azbroker,
            arguments: &[OsStr::new("hand-over"), socket.as_os_str()],
        };
        let files = Files::write(
            folder.path(),
            emulator.certificate_authority_pem(),
            &parent,
            Some(browser),
        )
        .map_err(|error| Failure::of(Exit::Failed, &error))?;
        Ok(Self {
            emulator,
            pages,
            connection,
            files,
            azbroker,
            parent,
            _secret_service: secret_service,
            bus,
            folder,
        })
    }

    /// The address of the bus.
    pub(crate) fn bus_address(&self) -> &str {
        self.bus.address()
    }

    /// What a program's environment must have changed.
    pub(crate) fn environment(&self, browser: Browser) -> Environment {
        Environment::new(
            &Emulation {
                proxy_url: &self.emulator.proxy_url(),
                ca: &self.files.ca,
                bundle: &self.files.bundle,
                preload: &self.files.preload,
                bus_address: self.bus.address(),
                folder: self.folder.path(),
                azure_config: &self.files.azure_config,
                single_tenant: self.emulator.world().tenants.len() == 1,
                browser: match browser {
                    Browser::HandOver => self.files.browser.as_deref(),
                    Browser::Users => None,
                },
            },
            &self.parent,
        )
    }

    /// A program in that environment.
    pub(crate) fn command(&self, program: &OsStr, browser: Browser) -> Command {
        let mut command = Command::new(program);
        let environment = self.environment(browser);
        for name in environment.removed() {
            command.env_remove(name);
        }
        command.envs(environment.set());
        command.kill_on_drop(true);
        command
    }

    /// This program again, in that environment.
    pub(crate) fn own_command(&self, arguments: &[OsString], browser: Browser) -> Command {
        let mut command = self.command(self.azbroker.as_os_str(), browser);
        command.args(arguments);
        command
    }

    /// Starts the broker in a process of its own and waits until it has its name.
    pub(crate) async fn start_broker(
        &self,
        browser: Browser,
        verbose: u8,
    ) -> Result<Child, Failure> {
        // Whatever runs on this bus was started to be tried out, and its accounts are made up.
        let mut arguments = ["serve", "--approvals", "same-user"]
            .map(OsString::from)
            .to_vec();
        if browser == Browser::HandOver {
            arguments.push("--new-sign-in-window".into());
        }
        arguments.extend((0..verbose).map(|_| OsString::from("-v")));
        let mut broker = self.own_command(&arguments, browser);
        // What the person who runs this has set, and keeps, is for their own broker.
        broker.env("XDG_CONFIG_HOME", self.folder.path().join("config"));
        start_broker(broker, None, &self.connection).await
    }
}

fn start_failure(error: &StartError) -> Failure {
    let failure = Failure::of(Exit::Failed, error);
    match error {
        StartError::Listen { .. } => failure.with_hint("give another --port, or none"),
        _ => failure,
    }
}

fn cannot_write(folder: &Path, error: &io::Error) -> Failure {
    Failure::new(
        Exit::UserMustAct,
        format!("nothing can be written to {}: {error}", folder.display()),
    )
    .with_hint("make room there, or name another folder in TMPDIR")
}
