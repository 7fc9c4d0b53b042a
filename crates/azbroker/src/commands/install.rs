use crate::{
    arguments::InstallArguments,
    failure::{Exit, Failure},
    folders::is_emulated,
    installation::{
        ActivationFile, Installation, InstalledFile, Present, Systemd, call_bus,
        microsofts_program, name_owner, session_bus,
    },
    output::{line, tell},
};
use azbroker_service::BUS_NAME;
use std::{
    env, io,
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::ExitCode,
};
use zbus::{Connection, fdo::DBusProxy};

/// What the emulation's bus starts ends with it; the files would be for the user's own.
pub(crate) fn refuse_below_emulation() -> Result<(), Failure> {
    match is_emulated() {
        true => Err(Failure::new(
            Exit::UserMustAct,
            "this is the session of an emulation, and what is installed is for your own",
        )
        .with_hint("run it outside of `azbroker emulate`")),
        false => Ok(()),
    }
}

/// Has the user's session bus start the broker.
pub(crate) async fn run(arguments: &InstallArguments) -> Result<ExitCode, Failure> {
    let installation = Installation::of_user()?;
    refuse_below_emulation()?;
    refuse_another_installed()?;
    let session = session_bus().await;
    if let Ok((_, bus)) = &session {
        refuse_another_owner(bus).await?;
    }
    let systemd = match systemd_runs() {
        true => Systemd::Runs,
        false => Systemd::Absent,
    };
    let files = installation.files(arguments.idle_exit, systemd)?;
    for file in &files {
        if present(file)? == Present::Anothers {
            return Err(Failure::new(
                Exit::UserMustAct,
                format!("{} was written by somebody else", file.path.display()),
            )
            .with_hint("remove it, if nothing else needs it"));
        }
    }
    if arguments.dry_run {
        for file in &files {
            line(format_args!("would write {}:", file.path.display()))?;
            line(&file.text)?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    for file in &files {
        if present(file)? == (Present::Ours { same: true }) {
            line(format_args!("{} is there already", file.path.display()))?;
            continue;
        }
        file.write()
            .map_err(|error| not_written(&file.path, &error))?;
        line(format_args!("wrote {}", file.path.display()))?;
    }
    match session {
        Ok((connection, bus)) => tell_bus(&connection, &bus, systemd).await,
        Err(error) => {
            tell(format_args!(
                "there is no session bus here to tell ({error}); one that starts later finds the files"
            ));
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Has the bus and systemd read the files, and makes sure of it.
async fn tell_bus(
    connection: &Connection,
    bus: &DBusProxy<'_>,
    systemd: Systemd,
) -> Result<ExitCode, Failure> {
    if systemd == Systemd::Runs {
        reload_systemd(connection).await;
    }
    reload_bus(bus).await;
    let activatable = call_bus(async { Ok(bus.list_activatable_names().await?) }).await;
    if activatable.is_ok_and(|names| names.iter().any(|name| *name == BUS_NAME)) {
        tell("the session bus starts the broker when a program asks for it");
        return Ok(ExitCode::SUCCESS);
    }
    Err(Failure::new(
        Exit::UserMustAct,
        "the files are written, but this session bus does not look for services there",
    )
    .with_hint("sign out of the session and in again, or run `azbroker serve`"))
}

pub(super) async fn reload_bus(bus: &DBusProxy<'_>) {
    if let Err(error) = call_bus(async { Ok(bus.reload_config().await?) }).await {
        tracing::debug!("the session bus reads its files by itself, or later: {error}");
    }
}

pub(super) async fn reload_systemd(connection: &Connection) {
    let reload = connection.call_method(
        Some("org.freedesktop.systemd1"),
        "/org/freedesktop/systemd1",
        Some("org.freedesktop.systemd1.Manager"),
        "Reload",
        &(),
    );
    if let Err(error) = call_bus(reload).await {
        tell(format_args!(
            "systemd was not told ({error}); run `systemctl --user daemon-reload`"
        ));
    }
}

/// Whether a systemd manager runs for this user: it listens where `systemctl --user` calls it.
fn systemd_runs() -> bool {
    let Some(folder) = env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from) else {
        return false;
    };
    UnixStream::connect(folder.join("systemd/private")).is_ok()
}

async fn refuse_another_owner(bus: &DBusProxy<'_>) -> Result<(), Failure> {
    match name_owner(bus).await {
        Ok(Some(owner)) if !owner.is_ours() => Err(Failure::new(
            Exit::UserMustAct,
            format!("{owner} is the broker of this session"),
        )
        .with_hint("end it, and remove what starts it; it is never replaced")),
        Ok(Some(owner)) => {
            tell(format_args!(
                "{owner} serves already, and goes on until it ends"
            ));
            Ok(())
        }
        Ok(None) => Ok(()),
        Err(error) => Err(Failure::of(Exit::TryAgainLater, &error)),
    }
}

/// Another one may start when a program asks for it, or have its own systemd unit and need no file for the bus.
fn refuse_another_installed() -> Result<(), Failure> {
    let file = ActivationFile::all()
        .into_iter()
        .find(|file| !file.is_ours)
        .map(|file| format!("{} starts {}", file.path.display(), file.program));
    let program = || microsofts_program().map(|path| format!("{} is there", path.display()));
    let Some(found) = file.or_else(program) else {
        return Ok(());
    };
    let failure = Failure::new(
        Exit::UserMustAct,
        format!("another broker is installed: {found}"),
    );
    Err(failure.with_hint(
        "remove its package first (Microsoft's is `sudo apt remove microsoft-identity-broker` or \
         `sudo dnf remove microsoft-identity-broker`), or use that broker",
    ))
}

fn present(file: &InstalledFile) -> Result<Present, Failure> {
    file.present().map_err(|error| {
        Failure::new(
            Exit::Failed,
            format!("{} cannot be read: {error}", file.path.display()),
        )
    })
}

fn not_written(path: &Path, error: &io::Error) -> Failure {
    Failure::new(
        Exit::Failed,
        format!("{} cannot be written: {error}", path.display()),
    )
}
