use super::{
    child::{cannot_run, end_politely, wait},
    passphrase_prompt,
    serve::{key_source, no_key},
    stop::Stops,
};
use crate::{
    arguments::RunArguments,
    config_file::ConfigFile,
    failure::{Exit, Failure},
    folders,
    offline::{PrivateBus, SecretService, private_folder, start_broker},
    output::tell,
};
use azbroker_service::{BUS_NAME, Clock, Passphrase, StoreChoice, SystemClock};
use std::{
    env,
    ffi::OsStr,
    fs::File,
    io::{self, IsTerminal},
    process::ExitCode,
    time::Duration,
};
use tempfile::TempDir;
use tokio::process::{Child, Command};
use zbus::{Connection, connection::Builder, fdo::DBusProxy};

/// Runs a program with a broker within its reach.
pub(crate) async fn run(arguments: RunArguments, verbose: u8) -> Result<ExitCode, Failure> {
    let mut stops = Stops::listen_for_program()?;
    let Some((program, rest)) = arguments.command.split_first() else {
        return Err(Failure::new(
            Exit::WrongUsage,
            "there is no program to run: say azbroker run -- COMMAND",
        ));
    };
    let found = tokio::select! {
        found = Found::look() => found,
        stop = stops.asked() => return Ok(ExitCode::from(stop.exit_code())),
    };
    let passphrase = match found {
        Found::Broker => None,
        Found::Bus(_) | Found::Nothing => passphrase(&mut stops).await?,
    };
    let reach = tokio::select! {
        reach = Reach::from(found, verbose, passphrase.as_ref()) => reach?,
        stop = stops.asked() => return Ok(ExitCode::from(stop.exit_code())),
    };
    let mut command = Command::new(program);
    command.args(rest).kill_on_drop(true);
    if let Some(private) = &reach.private {
        command.env(BUS_ADDRESS, private.bus.address());
    }
    let code = match command.spawn() {
        Ok(child) => Ok(wait(child, &mut stops).await),
        Err(error) => Err(cannot_run(program, &error)),
    };
    if let Some(broker) = reach.broker {
        end_politely(broker).await;
    }
    code
}

/// What is there already.
enum Found {
    /// A bus with a broker on it.
    Broker,
    /// A bus without one.
    Bus(Connection),
    Nothing,
}

impl Found {
    /// Whatever broker is on the user's own bus, or is started by it, is used.
    async fn look() -> Self {
        match session_bus().await {
            Ok(connection) if is_there(&connection).await => Self::Broker,
            Ok(connection) => Self::Bus(connection),
            Err(reason) => {
                tracing::debug!("no session bus: {reason}");
                Self::Nothing
            }
        }
    }
}

/// What leads the program to a broker. Dropping it ends what was started for it.
struct Reach {
    /// The broker, where it was started for this run.
    broker: Option<Child>,
    /// The session, where the machine has none.
    private: Option<PrivateSession>,
}

/// A session bus with a secret service on it, which Microsoft's runtime keeps its own cache in.
struct PrivateSession {
    _secret_service: SecretService,
    bus: PrivateBus,
    // Last: what is in it must be closed before it is removed.
    _folder: TempDir,
}

impl Reach {
    async fn from(
        found: Found,
        verbose: u8,
        passphrase: Option<&Passphrase>,
    ) -> Result<Self, Failure> {
        match found {
            Found::Broker => Ok(Self {
                broker: None,
                private: None,
            }),
            Found::Bus(connection) => Self::on_session_bus(&connection, verbose, passphrase).await,
            Found::Nothing => Self::on_private_bus(verbose, passphrase).await,
        }
    }

    /// In the user's own session: a broker for this run.
    async fn on_session_bus(
        connection: &Connection,
        verbose: u8,
        passphrase: Option<&Passphrase>,
    ) -> Result<Self, Failure> {
        let broker = match start_broker(serve(verbose)?, passphrase, connection).await {
            Ok(broker) => Some(broker),
            // Another one was quicker.
            Err(_) if is_there(connection).await => None,
            Err(failure) => return Err(failure),
        };
        let private = None;
        Ok(Self { broker, private })
    }

    async fn on_private_bus(verbose: u8, passphrase: Option<&Passphrase>) -> Result<Self, Failure> {
        let folder = private_folder()?;
        let bus =
            PrivateBus::start(folder.path()).map_err(|error| Failure::of(Exit::Failed, &error))?;
        let connection = connect(Builder::address(bus.address()))
            .await
            .map_err(|error| Failure::of(Exit::Failed, &error))?;
        let mut serve = serve(verbose)?;
        let (wanted, store) = lasting_store()?;
        serve
            .env(BUS_ADDRESS, bus.address())
            .args(["--store", store.as_str()]);
        if wanted != store {
            serve.args(["--in-place-of", wanted.as_str()]);
        }
        let broker = start_broker(serve, passphrase, &connection).await?;
        tell(format_args!(
            "azbroker: this machine has no session bus, so the program gets its own; {}",
            match store {
                StoreChoice::File => "accounts are to rest in the encrypted file",
                _ => "accounts rest in memory until it ends",
            }
        ));
        let secret_service = SecretService::start(bus.address(), || SystemClock.now().into())
            .await
            .map_err(|error| Failure::of(Exit::Failed, &error))?;
        Ok(Self {
            broker: Some(broker),
            private: Some(PrivateSession {
                _secret_service: secret_service,
                bus,
                _folder: folder,
            }),
        })
    }
}

/// The session bus, if there is one that answers.
async fn session_bus() -> zbus::Result<Connection> {
    let answers = async {
        let connection = connect(Builder::session()).await?;
        DBusProxy::new(&connection).await?.get_id().await?;
        Ok(connection)
    };
    tokio::time::timeout(ANSWERS_WITHIN, answers)
        .await
        .unwrap_or_else(|_| Err(zbus::Error::Failure("it does not answer".to_owned())))
}

async fn connect(builder: zbus::Result<Builder<'_>>) -> zbus::Result<Connection> {
    builder?.build().await
}

/// Whether there is a broker on the bus, which starts one if it can.
async fn is_there(connection: &Connection) -> bool {
    let start = async {
        let bus = DBusProxy::new(connection).await?;
        let name = BUS_NAME.try_into()?;
        if !bus.name_has_owner(BUS_NAME.try_into()?).await? {
            bus.start_service_by_name(name, 0).await?;
        }
        Ok::<_, zbus::Error>(())
    };
    match tokio::time::timeout(STARTS_WITHIN, start).await {
        Ok(Ok(())) => true,
        Ok(Err(error)) => {
            tracing::debug!("the bus starts no broker: {error}");
            false
        }
        Err(_) => {
            tracing::debug!("the bus is slow to start a broker");
            false
        }
    }
}

/// Asks for the passphrase that the broker will need, where somebody sits at a terminal. The program's own input and
/// output may be elsewhere.
async fn passphrase(stops: &mut Stops) -> Result<Option<Passphrase>, Failure> {
    let (file, _) = ConfigFile::of_user()?;
    let needed =
        file.store == Some(StoreChoice::File) && key_source(file.passphrase_file).is_none();
    if !needed {
        return Ok(None);
    }
    let at_terminal = io::stderr().is_terminal() && File::open("/dev/tty").is_ok();
    match folders::state().filter(|_| at_terminal) {
        Some(folder) => Ok(Some(passphrase_prompt::ask(stops, &folder).await?)),
        // The broker would say so, but to nobody who waits for it.
        None => Err(no_key()),
    }
}

/// Where accounts are wanted, and where they rest when the only secret service is one that forgets.
fn lasting_store() -> Result<(StoreChoice, StoreChoice), Failure> {
    let (file, _) = ConfigFile::of_user()?;
    let wanted = file.store.unwrap_or(StoreChoice::Auto);
    let store = match wanted {
        StoreChoice::File | StoreChoice::Memory => wanted,
        _ if key_source(file.passphrase_file).is_some() => StoreChoice::File,
        _ => StoreChoice::Memory,
    };
    Ok((wanted, store))
}

/// The broker as a program.
fn serve(verbose: u8) -> Result<Command, Failure> {
    let azbroker = env::current_exe().map_err(|error| {
        Failure::new(
            Exit::Failed,
            format!("this program cannot be found: {error}"),
        )
    })?;
    let mut serve = Command::new(azbroker);
    serve.arg("serve");
    serve.args((0..verbose).map(|_| OsStr::new("-v")));
    Ok(serve)
}

const BUS_ADDRESS: &str = "DBUS_SESSION_BUS_ADDRESS";
const ANSWERS_WITHIN: Duration = Duration::from_secs(3);
const STARTS_WITHIN: Duration = Duration::from_secs(10);
