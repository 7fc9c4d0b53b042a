use super::Row;
use crate::bench::Bench;
use crate::bench::counting::{Count, of_client};
use crate::bench::measured::Measured;
use crate::bench::samples::{Samples, number};
use crate::bench::stage::{BROKER, FLOOR, Stage};
use crate::requirements::{self, Need};
use std::fs;
use std::num::NonZeroUsize;

pub(crate) const ROW: Row = Row {
    name: "library",
    title: "Our library in a Rust program",
    how: "`get_token` of one credential. A canned service stands in for the broker and answers with a token that has four\n\
          minutes left, so that the library's cache never answers; a plain zbus client asks for the same bytes in turns.\n\
          Then the token has long to live and the cache answers, one task, two and four. Calls a second by the wall\n\
          clock are compared between two tasks and one, and with two tasks that have a credential each and so share\n\
          nothing of ours, which is what the machine gives. Allocations of the cache's answers are counted by dhat.",
    run,
};

fn run(bench: &Bench<'_>) -> Result<Measured, String> {
    let stage = Stage::set(bench.programs, 1)?;
    {
        let _broker = stage.broker(&[])?;
        stage.sign_in()?;
    }
    soon_expired(&stage)?;
    let calls = bench.extent.calls.to_string();
    let (mut ours, mut floor) = (Side::default(), Side::default());
    let (mut cached, mut cached_by_two) = (Side::default(), Side::default());
    let (mut cached_apart, mut cached_by_four) = (Side::default(), Side::default());
    let short = stage.canned(BROKER, "soon-expired.json")?;
    let floor_service = stage.canned(FLOOR, "soon-expired.json")?;
    let request = stage.request("silent.json");
    for _ in 0..bench.extent.rounds {
        ours.add(&stage.text_of("bench-library", &[&calls, "1"])?)?;
        floor.add(&stage.text_of("bench-caller", &["calls", FLOOR, &request, &calls])?)?;
    }
    drop((short, floor_service));
    let _long = stage.canned(BROKER, "answer.json")?;
    for _ in 0..bench.extent.rounds {
        cached.add(&stage.text_of("bench-library", &["100000", "1"])?)?;
        cached_by_two.add(&stage.text_of("bench-library", &["100000", "2"])?)?;
        cached_apart.add(&stage.text_of("bench-library", &["100000", "2", "apart"])?)?;
        cached_by_four.add(&stage.text_of("bench-library", &["100000", "4"])?)?;
    }
    let ratio = ours.p50.over(&floor.p50);
    let mut measured = Measured::default();
    measured.at_most(
        "Silent token, our library, p50 to a raw zbus call",
        "×",
        1.5,
        ratio.median(),
        &format!("{} × ({} ms)", ratio.shown(), number(ours.p50.median())),
    );
    let micro = cached.p50.scaled(1e3);
    measured.at_most(
        "Token from the library's cache, p50",
        "µs",
        1.0,
        micro.median(),
        &format!("{} µs", micro.shown()),
    );
    scaling(&mut measured, &cached, &cached_by_two, &cached_apart);
    allocations(bench, &stage, &mut measured)?;
    let line = |name: &str, side: &Side| {
        let all = &side.all;
        vec![
            name.to_owned(),
            side.p50.shown(),
            number(all.percentile(0.99)),
            side.cpu.shown(),
        ]
    };
    measured.table(
        &["", "p50, ms", "p99 of all, ms", "CPU a call, ms"],
        vec![
            line("our library, through the bus", &ours),
            line("plain zbus client", &floor),
            vec![
                "ratio".into(),
                ratio.shown(),
                number(ours.all.percentile(0.99) / floor.all.percentile(0.99)),
                ours.cpu.over(&floor.cpu).shown(),
            ],
        ],
    );
    let in_microseconds = |name: &str, side: &Side| {
        vec![
            name.to_owned(),
            side.p50.scaled(1e3).shown(),
            number(side.all.percentile(0.99) * 1e3),
            side.cpu.scaled(1e3).shown(),
        ]
    };
    measured.table(
        &[
            "from the library's cache",
            "p50, µs",
            "p99 of all, µs",
            "CPU a call, µs",
        ],
        vec![
            in_microseconds("one task", &cached),
            in_microseconds("two tasks", &cached_by_two),
            in_microseconds("two tasks, a credential each", &cached_apart),
            in_microseconds("four tasks", &cached_by_four),
        ],
    );
    measured.raw("library_p50_ms", ours.p50.json());
    measured.raw("floor_p50_ms", floor.p50.json());
    measured.raw("cached_p50_ms", cached.p50.json());
    Ok(measured)
}

/// Two threads, each with a task, against one.
///
/// Two cores that are threads of one, or that others use, may not reach the target even with nothing between them;
/// then sharing a credential must cost little of what they reach.
fn scaling(measured: &mut Measured, one: &Side, sharing: &Side, apart: &Side) {
    let what = "Token from the library's cache, two threads to one, calls a second";
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let target = "≥ 1.5 ×, or ≥ 0.9 of two that share nothing where those reach less";
    if cores < 2 {
        return measured.open(what, target, "this machine has one core");
    }
    let (ratio, floor) = (sharing.rate.over(&one.rate), apart.rate.over(&one.rate));
    let share = sharing.rate.over(&apart.rate);
    let shown = format!(
        "{} × on {cores} cores; sharing nothing {} ×, of which it is {}",
        ratio.shown(),
        floor.shown(),
        share.shown()
    );
    let is_met = match floor.median() {
        reached if reached >= 1.5 => ratio.median() >= 1.5,
        _ => share.median() >= 0.9,
    };
    measured.judge(what, target, &shown, is_met);
    measured.raw("cached_two_to_one", ratio.json());
    measured.raw("cached_two_apart_to_one", floor.json());
}

/// A call allocates the text of its token, and the future that `TokenCredential` boxes whoever implements it.
fn allocations(
    bench: &Bench<'_>,
    stage: &Stage<'_>,
    measured: &mut Measured,
) -> Result<(), String> {
    let what =
        "Allocations of a token from the library's cache, with the token and the trait's future";
    let missing = requirements::provide(bench.workspace, &[Need::Counting]);
    if let Some(reason) = missing.into_values().flatten().next() {
        measured.open(what, "≤ 2", &reason);
        return Ok(());
    }
    let library = bench.programs.path("bench-library").display().to_string();
    let count = of_client(stage, Count::Allocations, &[&library, "{n}", "1"])?;
    // A difference of two processes: a list that grows once more must not count as an allocation a call.
    measured.judge(what, "≤ 2", &number(count), count < 2.1);
    Ok(())
}

/// Writes the canned answer again, with four minutes left to live.
pub(crate) fn soon_expired(stage: &Stage<'_>) -> Result<(), String> {
    let text = fs::read_to_string(stage.file("answer.json")).map_err(|error| error.to_string())?;
    let mut answer: serde_json::Value =
        serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let expiry = answer["brokerTokenResponse"]
        .get_mut("expiresOn")
        .ok_or("the answer does not say how long the token lives")?;
    #[expect(
        clippy::disallowed_methods,
        reason = "what is measured is dated by the machine"
    )]
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let seconds = now.map_err(|error| error.to_string())?.as_secs();
    // In milliseconds, as the contract has it. Four minutes are less than any cache answers with, and more
    // than what is measured takes.
    *expiry = ((seconds + 240) * 1_000).into();
    fs::write(stage.file("soon-expired.json"), answer.to_string())
        .map_err(|error| error.to_string())
}

/// One client with what was measured of it.
#[derive(Debug, Default)]
pub(crate) struct Side {
    pub(crate) p50: Samples,
    pub(crate) all: Samples,
    pub(crate) cpu: Samples,
    /// Calls a second by the wall clock, where the client says how long all took.
    pub(crate) rate: Samples,
}

impl Side {
    /// Takes over what a client printed, in milliseconds.
    pub(crate) fn add(&mut self, printed: &str) -> Result<(), String> {
        let last = printed.trim_end().lines().last().unwrap_or_default();
        let result: serde_json::Value =
            serde_json::from_str(last).map_err(|error| format!("{printed}: {error}"))?;
        let took = Samples::of_json(&result["took"])?.scaled(1e-6);
        let cpu = result["cpu"].as_f64().unwrap_or(f64::NAN);
        self.p50.push(took.median());
        self.cpu.push(cpu / took.len() as f64 / 1e6);
        let wall = result["wall"].as_f64().unwrap_or(f64::NAN);
        self.rate.push(took.len() as f64 / wall * 1e9);
        self.all.extend(&took);
        Ok(())
    }
}
