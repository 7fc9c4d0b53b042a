use super::stop::Stops;
use super::{child::end, emulate::completed_by};
use crate::{
    arguments::TryArguments,
    failure::{Exit, Failure},
    offline::{Browser, BusCall, BusMonitor, Session},
    output::line,
};
use azbroker_emulator::{Entry, Ledger, Target, World, default_world};
use std::{
    ffi::OsString,
    process::{ExitCode, Stdio},
    time::{Duration, Instant},
};
use tokio::{io::AsyncReadExt, process::Child};

/// Shows the whole way: a cloud, a bus, a broker, and a program that holds no secret, twice.
pub(crate) async fn run(arguments: &TryArguments, verbose: u8) -> Result<ExitCode, Failure> {
    let mut stops = Stops::listen()?;
    let mut started = Started::default();
    let shown = tokio::select! {
        shown = show(arguments, verbose, &mut started) => shown.map(|()| ExitCode::SUCCESS),
        stop = stops.asked() => Ok(ExitCode::from(stop.exit_code())),
    };
    started.end().await;
    shown
}

/// What was started and has not ended.
#[derive(Default)]
struct Started {
    session: Option<Session>,
    broker: Option<Child>,
    program: Option<Child>,
}

impl Started {
    /// Ends the session last: what still ran would write to its folder while that is removed.
    async fn end(self) {
        for child in [self.program, self.broker].into_iter().flatten() {
            end(child).await;
        }
    }
}

async fn show(arguments: &TryArguments, verbose: u8, started: &mut Started) -> Result<(), Failure> {
    line(format_args!(
        "Everything below runs on this machine; nothing is installed and nothing is kept.\n"
    ))?;
    let watch = Stopwatch::start();
    let session = started
        .session
        .insert(Session::start(World::default(), None).await?);
    watch
        .step("emulated cloud: https://login.microsoftonline.com, https://demo.vault.azure.net")?;
    let mut users = {
        let tenants = &session.emulator.world().tenants;
        tenants.iter().flat_map(|tenant| &tenant.users)
    };
    let ada = users.find(|user| user.username == default_world::ADA);
    match ada {
        Some(ada) if arguments.browser => session.pages.are_for_person(
            vec![ada.clone()],
            "leave out --browser, so that she signs in by herself",
        ),
        Some(ada) => session
            .pages
            .are_for_user(&session.emulator, completed_by(ada))?,
        None => {}
    }
    let mut bus = BusMonitor::start(session.bus_address())
        .await
        .map_err(|error| Failure::of(Exit::Failed, &error))?;
    let watch = Stopwatch::start();
    started.broker = Some(session.start_broker(Browser::HandOver, verbose).await?);
    watch.step("broker: serves on a private session bus, a process of its own")?;

    line(format_args!(
        "\nFirst run of a program that holds no secret; no account is signed in yet:"
    ))?;
    let running = &mut started.program;
    program(session, &mut bus, verbose, running).await?;
    line(format_args!(
        "\nSecond run, a new process; the broker holds the account now:"
    ))?;
    let secret = program(session, &mut bus, verbose, running).await?;
    line(format_args!("\n{secret}"))?;
    Ok(())
}

/// Runs the program, tells each step of it, and returns what it printed.
async fn program(
    session: &Session,
    bus: &mut BusMonitor,
    verbose: u8,
    running: &mut Option<Child>,
) -> Result<String, Failure> {
    let failed = |error| Failure::new(Exit::Failed, format!("the program cannot be run: {error}"));
    let before = session.emulator.ledger().entries().len();
    let watch = Stopwatch::start();
    let child = session
        .own_command(&[OsString::from("key-vault-secret")], Browser::HandOver)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    let child = running.insert(child);
    let mut printed = String::new();
    if let Some(mut stdout) = child.stdout.take() {
        stdout.read_to_string(&mut printed).await.map_err(failed)?;
    }
    let status = child.wait().await.map_err(failed)?;
    let took = watch.read();
    let hops = hops_since(session.emulator.ledger(), before);
    for call in bus.drain(&session.connection).await {
        show_call(&call, &hops)?;
    }
    let mut before = None;
    for hop in &hops {
        let took = before.and_then(|before| hop.time.duration_since(before).ok());
        before = Some(hop.time);
        if verbose > 0 {
            step(took.unwrap_or_default(), &hop.to_string())?;
        } else if hop.target == Target::Vault && hop.status == Some(200) {
            let text = format!("https://{}{} read", hop.host, hop.path);
            step(took.unwrap_or_default(), &text)?;
        }
    }
    step(took, "the program, from start to end")?;
    if !status.success() {
        return Err(Failure::new(
            Exit::Failed,
            format!("the program failed ({status})"),
        ));
    }
    Ok(printed.trim_end().to_owned())
}

/// One line for a call to the broker: what was asked and how it was answered.
fn show_call(call: &BusCall, hops: &[Entry]) -> Result<(), Failure> {
    let answer = match (&*call.member, &call.error) {
        (_, Some(error)) => error.clone(),
        ("acquireTokenInteractively", None) => {
            let signed_in = hops.iter().rev().find(|hop| hop.target == Target::Token);
            let user = signed_in.and_then(|hop| hop.username.as_deref());
            let page = |hop: &&Entry| matches!(hop.target, Target::Authorize | Target::SignIn);
            let pages = hops.iter().filter(page).count();
            let user = user.unwrap_or("somebody");
            format!("a token, after {user} walked the sign-in pages ({pages} requests)")
        }
        ("acquireTokenSilently", None) => "a token, and nobody was asked".to_owned(),
        (_, None) => "answered".to_owned(),
    };
    step(call.took, &format!("{}: {answer}", call.member))
}

fn hops_since(ledger: &Ledger, before: usize) -> Vec<Entry> {
    ledger.entries().split_off(before)
}

/// One line of a step, with how long it took.
fn step(took: Duration, text: &str) -> Result<(), Failure> {
    line(format_args!(
        "{:>6.1} ms  {text}",
        took.as_secs_f64() * 1000.0
    ))
}

struct Stopwatch(Instant);

impl Stopwatch {
    #[allow(
        clippy::disallowed_methods,
        reason = "a stopwatch for what people see; nothing is decided by it"
    )]
    fn start() -> Self {
        Self(Instant::now())
    }

    fn read(&self) -> Duration {
        self.0.elapsed()
    }

    fn step(self, text: &str) -> Result<(), Failure> {
        step(self.read(), text)
    }
}
