use super::install::{refuse_below_emulation, reload_bus, reload_systemd};
use crate::{
    arguments::UninstallArguments,
    failure::{Exit, Failure},
    installation::{Installation, NameOwner, Present, name_owner, session_bus, whose},
    output::{line, tell},
};
use azbroker_service::BUS_NAME;
use futures_util::StreamExt;
use rustix::process::{Pid, Signal, kill_process};
use std::{fs, process::ExitCode, time::Duration};
use zbus::fdo::DBusProxy;

/// Removes what `install` wrote, and ends the broker.
pub(crate) async fn run(arguments: &UninstallArguments) -> Result<ExitCode, Failure> {
    let installation = Installation::of_user()?;
    refuse_below_emulation()?;
    let failed = |path: &std::path::Path, error: std::io::Error| {
        Failure::new(
            Exit::Failed,
            format!("{} cannot be removed: {error}", path.display()),
        )
    };
    let mut found = Vec::new();
    for path in [&installation.activation_file, &installation.unit] {
        match whose(path).map_err(|error| failed(path, error))? {
            Present::Nothing => {}
            Present::Anothers => tell(format_args!(
                "{} was written by somebody else and stays",
                path.display()
            )),
            Present::Ours { .. } => found.push(path),
        }
    }
    if found.is_empty() {
        tell("nothing of `azbroker install` is here");
        return Ok(ExitCode::SUCCESS);
    }
    for path in &found {
        if arguments.dry_run {
            line(format_args!("would remove {}", path.display()))?;
            continue;
        }
        fs::remove_file(path).map_err(|error| failed(path, error))?;
        line(format_args!("removed {}", path.display()))?;
    }
    if let Ok((connection, bus)) = session_bus().await {
        if !arguments.dry_run {
            reload_bus(&bus).await;
        }
        match name_owner(&bus).await {
            Ok(Some(owner)) if !owner.is_ours() => {}
            Ok(Some(owner)) if arguments.dry_run => line(format_args!("would end {owner}"))?,
            Ok(Some(owner)) => end(&bus, &owner).await?,
            Ok(None) => {}
            Err(error) => return Err(Failure::of(Exit::TryAgainLater, &error)),
        }
        // Not before the broker has ended: systemd forgets how to treat what is left of a unit without a file.
        if !arguments.dry_run && found.contains(&&installation.unit) {
            reload_systemd(&connection).await;
        }
    }
    tell(
        "accounts in a keyring or file stay for the next broker; `azbroker logout --all` beforehand erases them",
    );
    Ok(ExitCode::SUCCESS)
}

/// Asks the broker to end, and waits until it has given its name up.
async fn end(bus: &DBusProxy<'_>, owner: &NameOwner) -> Result<(), Failure> {
    let failed = |error: zbus::Error| Failure::of(Exit::Failed, &error);
    let mut owners = bus
        .receive_name_owner_changed_with_args(&[(0, BUS_NAME)])
        .await
        .map_err(failed)?;
    let process = owner.process.and_then(|id| Pid::from_raw(id.cast_signed()));
    let Some(process) = process else {
        return Ok(());
    };
    if let Err(error) = kill_process(process, Signal::TERM) {
        return Err(Failure::new(
            Exit::Failed,
            format!("{owner} cannot be ended: {error}"),
        ));
    }
    let ended = async {
        while let Some(change) = owners.next().await {
            if change.args().is_ok_and(|args| args.new_owner().is_none()) {
                return;
            }
        }
    };
    if tokio::time::timeout(PATIENCE, ended).await.is_err() {
        return Err(Failure::new(
            Exit::TryAgainLater,
            format!("{owner} was asked to end and has not yet"),
        ));
    }
    line(format_args!("ended {owner}"))
}

const PATIENCE: Duration = Duration::from_secs(10);
