use super::{
    passphrase_prompt::{self, GIVE_UP_THE_FILE},
    stop::Stops,
    terminal_prompt::TerminalPrompt,
};
use crate::{
    arguments::ServeArguments,
    config_file::ConfigFile,
    desktop::desktop,
    failure::{Exit, Failure},
    folders,
    hardening::close_memory,
    logs::Logs,
};
use azbroker_service::{
    AuthorityHost, BrowserStart, Configuration, KeySource, Passphrase, ServeError, SignInWindow,
    StoreChoice, StoreInPlaceOf, TrustStore, serve,
};
use azure_core::time::Duration;
use std::{
    env,
    fs::File,
    io::{self, Read},
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
};
use tokio::sync::oneshot;
use zeroize::Zeroizing;

/// Serves until the bus goes away, nothing is left to do, or somebody asks for the end.
pub(crate) async fn run(arguments: ServeArguments, logs: Arc<Logs>) -> Result<ExitCode, Failure> {
    if let Some(shown) = arguments.log {
        logs.change(shown);
    }
    let memory_locked = close_memory();
    let mut stops = Stops::listen()?;
    let configuration = Configuration {
        memory_locked: Some(memory_locked),
        ..configuration(arguments, &mut stops).await?
    };
    let stop = async move {
        stops.asked().await;
    };
    let ready = || tracing::info!("the broker serves");
    serve(configuration, logs, stop, ready)
        .await
        .map_err(|error| failure(&error))?;
    Ok(ExitCode::SUCCESS)
}

/// What was typed, else what stands in the configuration file, else what is usual.
async fn configuration(
    arguments: ServeArguments,
    stops: &mut Stops,
) -> Result<Configuration, Failure> {
    let (file, config_file) = ConfigFile::of_user()?;
    let usual = Configuration::default();
    let mut further_authority_hosts = file.authority_hosts;
    for host in &arguments.authority_host {
        let host = AuthorityHost::parse(host)
            .map_err(|error| Failure::new(Exit::WrongUsage, error.to_string()))?;
        further_authority_hosts.push(host);
    }
    let deadline = arguments.sign_in_deadline.or(file.sign_in_deadline);
    let mut key_source = match arguments.passphrase_fd {
        Some(descriptor) => Some(KeySource::Passphrase(passphrase(descriptor, stops).await?)),
        None => key_source(file.passphrase_file),
    };
    let store = arguments.store.or(file.store).unwrap_or(usual.store);
    let state_folder = folders::state();
    let may_ask = store == StoreChoice::File && key_source.is_none() && arguments.foreground;
    if let (true, Some(folder)) = (may_ask, &state_folder) {
        TerminalPrompt::check()?;
        let passphrase = passphrase_prompt::ask(stops, folder).await?;
        key_source = Some(KeySource::Passphrase(passphrase));
    }
    if store == StoreChoice::File && key_source.is_none() {
        return Err(no_key());
    }
    Ok(Configuration {
        further_authority_hosts,
        sign_in_deadline: deadline.map_or(usual.sign_in_deadline, |seconds| {
            Duration::seconds(i64::from(seconds))
        }),
        browser: file.browser,
        sign_in_window: match arguments.new_sign_in_window {
            true => SignInWindow::New,
            false => SignInWindow::Same,
        },
        desktop: Some(
            desktop().with_browser_start(match arguments.browser_by_systemd {
                true => BrowserStart::BySystemd,
                false => BrowserStart::Directly,
            }),
        ),
        store,
        store_in_place_of: arguments
            .in_place_of
            .map(|wanted| without_keyring(wanted, store)),
        key_source,
        config_file,
        trust_store: TrustStore::from_variables(|name| env::var_os(name)),
        approvals: arguments
            .approvals
            .or(file.approvals)
            .unwrap_or(usual.approvals),
        terminal: match arguments.foreground {
            true => Some(Arc::new(TerminalPrompt::open()?)),
            false => None,
        },
        state_folder,
        idle_exit: arguments.idle_exit.time(),
        ..usual
    })
}

/// What is said of the better stores on a bus of `azbroker run` alone.
fn without_keyring(wanted: StoreChoice, store: StoreChoice) -> StoreInPlaceOf {
    let mut passed_over = vec![(
        StoreChoice::SecretService,
        "this session has only the Secret Service of `azbroker run`, which forgets",
    )];
    if store == StoreChoice::Memory {
        passed_over.push((
            StoreChoice::File,
            "there is no key for an encrypted file: name a passphrase-file in config.toml, start `azbroker run` with \
             the systemd credential azbroker-key, or set store = \"file\", which asks at the terminal",
        ));
    }
    StoreInPlaceOf {
        wanted,
        passed_over,
    }
}

/// Reads what somebody hands over who keeps it nowhere.
async fn passphrase(descriptor: u32, stops: &mut Stops) -> Result<Passphrase, Failure> {
    let wrong = |what: &str| {
        let message = format!("the passphrase at file descriptor {descriptor} {what}");
        Failure::new(Exit::WrongUsage, message)
    };
    let (send, read) = oneshot::channel();
    // Nothing waits for this thread: whoever has the other end may keep it open for ever.
    std::thread::spawn(move || send.send(read_all(descriptor)));
    let words = tokio::select! {
        words = read => words.unwrap_or_else(|_| Err(io::ErrorKind::UnexpectedEof.into())),
        _ = stops.asked() => return Err(Failure::quiet()),
    };
    let words = words.map_err(|error| wrong(&format!("cannot be read: {error}")))?;
    Passphrase::new(words).ok_or_else(|| wrong("is empty"))
}

fn read_all(descriptor: u32) -> io::Result<Zeroizing<String>> {
    let mut words = Zeroizing::new(String::with_capacity(4096));
    let file = File::open(format!("/proc/self/fd/{descriptor}"))?;
    file.take(4096).read_to_string(&mut words)?;
    Ok(words)
}

pub(super) fn no_key() -> Failure {
    Failure::new(
        Exit::WrongUsage,
        "the store is to be a file, and there is no key to encrypt it with",
    )
    .with_hint(format!(
        "name a passphrase-file in config.toml, give the unit the credential azbroker-key, or run \
         `azbroker serve --foreground` or `azbroker run` at a terminal, which asks; a forgotten passphrase gives up the \
         file: {GIVE_UP_THE_FILE}"
    ))
}

/// What systemd hands over wins: it is there because somebody set it up.
pub(super) fn key_source(passphrase_file: Option<PathBuf>) -> Option<KeySource> {
    let credential = env::var_os("CREDENTIALS_DIRECTORY")
        .map(|folder| PathBuf::from(folder).join("azbroker-key"))
        .filter(|path| path.exists());
    credential
        .map(KeySource::Credential)
        .or(passphrase_file.map(KeySource::PassphraseFile))
}

fn failure(error: &ServeError) -> Failure {
    match error {
        ServeError::NoBus(_) => Failure::of(Exit::UserMustAct, error)
            .with_hint(
            "where there is a bus, set DBUS_SESSION_BUS_ADDRESS; where there is none, `azbroker run -- bash` brings one with \
             a broker",
        ),
        ServeError::BusSilent => Failure::of(Exit::TryAgainLater, error)
            .with_hint("see that DBUS_SESSION_BUS_ADDRESS names a bus, or start the session anew"),
        ServeError::NameTaken { .. } => Failure::of(Exit::UserMustAct, error)
            .with_hint("use that broker, or end it first; it is never replaced"),
        _ => Failure::of(Exit::Failed, error),
    }
}
