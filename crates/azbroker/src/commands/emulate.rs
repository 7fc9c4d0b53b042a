use super::{
    child::{cannot_run, end, wait},
    stop::Stops,
};
use crate::{
    arguments::EmulateArguments,
    failure::{Exit, Failure},
    offline::{Browser, Session, tell_users},
    output::{raw, tell},
};
use azbroker_emulator::{Behavior, Entry, Outcome, SignIn, Target, User, World};
use std::{
    collections::HashSet, ffi::OsString, os::unix::ffi::OsStrExt, path::Path, process::ExitCode,
};
use tokio::sync::broadcast::{self, error::RecvError};

/// Runs a program against the emulated cloud, or serves the cloud until Ctrl-C.
pub(crate) async fn run(arguments: EmulateArguments, verbose: u8) -> Result<ExitCode, Failure> {
    // Before anything listens for signals: the file may be a pipe that nobody writes, and there is nothing to tidy yet.
    let world = world(arguments.world.as_deref())?;
    let mut stops = Stops::listen_for_program()?;
    let signed_in = arguments
        .signed_in
        .iter()
        .map(|name| user(&world, name))
        .collect::<Result<Vec<_>, _>>()?;
    let signs_in = arguments.user.as_deref().map(|name| user(&world, name));
    let signs_in = signs_in.transpose()?;

    let session = tokio::select! {
        session = Session::start(world, arguments.port) => session?,
        stop = stops.asked() => return Ok(ExitCode::from(stop.exit_code())),
    };
    tokio::spawn(report(session.emulator.ledger().subscribe(), verbose));
    let ready = async {
        if !signed_in.is_empty() {
            let broker = session.start_broker(Browser::HandOver, verbose).await?;
            for user in &signed_in {
                sign_in(&session, user).await?;
            }
            // Another one takes over, with the accounts from the secret service.
            end(broker).await;
        }
        let browser = match signs_in {
            Some(user) => {
                session
                    .pages
                    .are_for_user(&session.emulator, completed_by(&user))?;
                Browser::HandOver
            }
            None if arguments.real_urls => {
                tell_users(&users_of(session.emulator.world()));
                Browser::Users
            }
            // A browser that knows nothing of the proxy would go to the real Entra ID.
            None => {
                session.pages.are_for_person(
                    users_of(session.emulator.world()),
                    "give `azbroker emulate` --user USER, who then signs in",
                );
                Browser::HandOver
            }
        };
        let broker = session.start_broker(browser, verbose).await?;
        Ok::<_, Failure>((broker, browser))
    };
    let (broker, browser) = tokio::select! {
        ready = ready => ready?,
        stop = stops.asked() => return Ok(ExitCode::from(stop.exit_code())),
    };

    let code = match arguments.command.split_first() {
        Some((program, rest)) => {
            let child = session
                .command(program, browser)
                .args(rest)
                .spawn()
                .map_err(|error| cannot_run(program, &error))?;
            wait(child, &mut stops).await
        }
        None => serve(&session, browser, &mut stops).await?,
    };
    end(broker).await;
    Ok(code)
}

/// The world of a file, or the one that is built in.
fn world(file: Option<&Path>) -> Result<World, Failure> {
    let Some(file) = file else {
        return Ok(World::default());
    };
    let text = std::fs::read_to_string(file).map_err(|error| {
        Failure::new(
            Exit::WrongUsage,
            format!("the world file {} cannot be read: {error}", file.display()),
        )
    })?;
    World::from_json(&text).map_err(|error| {
        Failure::new(
            Exit::WrongUsage,
            format!(
                "the world file {} is wrong: {}",
                file.display(),
                crate::failure::chain(&error)
            ),
        )
    })
}

fn user(world: &World, username: &str) -> Result<User, Failure> {
    let users = users_of(world);
    users
        .iter()
        .find(|user| user.username.eq_ignore_ascii_case(username))
        .cloned()
        .ok_or_else(|| {
            let known: Vec<_> = users.iter().map(|user| user.username.as_str()).collect();
            Failure::new(
                Exit::WrongUsage,
                format!("the emulated world has no user '{username}'"),
            )
            .with_hint(format!("its users are {}", known.join(", ")))
        })
}

/// Everybody who can sign in somewhere.
fn users_of(world: &World) -> Vec<User> {
    let users = world.tenants.iter().flat_map(|tenant| &tenant.users);
    users.cloned().collect()
}

pub(crate) fn completed_by(user: &User) -> SignIn {
    SignIn {
        username: user.username.clone(),
        password: user.password.clone(),
        behavior: Behavior::Complete,
    }
}

/// Signs a user in to every application of the tenant that a browser can sign in to.
async fn sign_in(session: &Session, user: &User) -> Result<(), Failure> {
    session
        .pages
        .are_for_user(&session.emulator, completed_by(user))?;
    let world = session.emulator.world();
    let tenant = world
        .tenants
        .iter()
        .find(|tenant| tenant.users.contains(user));
    for application in tenant.into_iter().flat_map(|tenant| &tenant.applications) {
        let by_browser = |uri: &String| uri.starts_with("http://localhost");
        if !application.redirect_uris.iter().any(by_browser) {
            continue;
        }
        let arguments: Vec<OsString> = [
            "login",
            "--client-id",
            &application.client_id,
            "--username",
            &user.username,
            "--scope",
            "https://vault.azure.net/.default",
        ]
        .map(OsString::from)
        .to_vec();
        let output = session
            .own_command(&arguments, Browser::HandOver)
            .output()
            .await
            .map_err(|error| Failure::new(Exit::Failed, error.to_string()))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(Failure::new(
                Exit::Failed,
                format!(
                    "{} cannot be signed in beforehand: {}",
                    user.username,
                    said.trim()
                ),
            ));
        }
    }
    Ok(())
}

async fn serve(
    session: &Session,
    browser: Browser,
    stops: &mut Stops,
) -> Result<ExitCode, Failure> {
    let lines = session.environment(browser).export_lines();
    raw(lines.as_bytes())?;
    tell(format_args!(
        "the emulated cloud runs until Ctrl-C; the lines above lead a shell to it"
    ));
    let _ = stops.asked().await;
    Ok(ExitCode::SUCCESS)
}

/// Says what a person must know of: hosts that were refused, and sign-in pages that ended in an error.
async fn report(mut entries: broadcast::Receiver<Entry>, verbose: u8) {
    let mut refused = HashSet::new();
    loop {
        match entries.recv().await {
            Ok(entry) if entry.outcome == Outcome::RefusedHost => {
                // A browser asks for some hosts again and again.
                if refused.insert(entry.host.clone()) {
                    tell(format_args!(
                        "azbroker: refused {}: it is not emulated, and nothing is forwarded",
                        entry.host
                    ));
                }
            }
            Ok(entry)
                if entry.target == Target::Authorize
                    && entry.aadsts().is_some()
                    && !entry.is_silent =>
            {
                tell(format_args!(
                    "azbroker: a sign-in page ended in an error: {entry}"
                ));
            }
            Ok(entry) if verbose > 0 => tell(format_args!("  {entry}")),
            Ok(_) | Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return,
        }
    }
}
