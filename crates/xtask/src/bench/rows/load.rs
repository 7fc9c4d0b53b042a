use super::Row;
use crate::bench::Bench;
use crate::bench::measured::Measured;
use crate::bench::proc::cpu;
use crate::bench::samples::{Samples, number};
use crate::bench::stage::{BROKER, FLOOR, Stage};

pub(crate) const ROW: Row = Row {
    name: "load",
    title: "Many callers at once",
    how: "64 callers, each on a connection of its own and each with one call after the other, against the broker and the\n\
          canned service in turns. Callers, bus and service share the cores.",
    run,
};

const CALLERS: &str = "64";

fn run(bench: &Bench<'_>) -> Result<Measured, String> {
    let stage = Stage::set(bench.programs, 1)?;
    let broker = stage.broker(&[])?;
    stage.sign_in()?;
    let canned = stage.canned(FLOOR, "answer.json")?;
    let mut ours = Side::default();
    let mut floor = Side::default();
    for _ in 0..bench.extent.rounds {
        ours.round(bench, &stage, BROKER, broker.id())?;
        floor.round(bench, &stage, FLOOR, canned.id())?;
    }
    let ratio = ours.rate.over(&floor.rate);
    let mut measured = Measured::default();
    measured.at_least(
        "Silent tokens a second with 64 callers, to a canned service's",
        "×",
        0.7,
        ratio.median(),
        &format!(
            "{} × ({} a second)",
            ratio.shown(),
            number(ours.rate.median())
        ),
    );
    let line = |name: &str, side: &Side| {
        vec![
            name.to_owned(),
            side.rate.shown(),
            number(side.took.median()),
            number(side.took.percentile(0.99)),
            side.cpu.shown(),
        ]
    };
    measured.table(
        &[
            "",
            "answers a second",
            "p50, ms",
            "p99, ms",
            "service's CPU a call, ms",
        ],
        vec![
            line("broker", &ours),
            line("canned zbus service", &floor),
            vec![
                "ratio".into(),
                ratio.shown(),
                String::new(),
                String::new(),
                ours.cpu.over(&floor.cpu).shown(),
            ],
        ],
    );
    measured.raw("broker_rate", ours.rate.json());
    measured.raw("floor_rate", floor.rate.json());
    Ok(measured)
}

#[derive(Debug, Default)]
struct Side {
    rate: Samples,
    took: Samples,
    cpu: Samples,
}

impl Side {
    fn round(
        &mut self,
        bench: &Bench<'_>,
        stage: &Stage<'_>,
        name: &str,
        process: u32,
    ) -> Result<(), String> {
        let seconds = bench.extent.load_seconds.to_string();
        let before = cpu(process)?;
        let request = stage.request("silent.json");
        let result = stage.call(&["load", name, &request, CALLERS, &seconds])?;
        let spent = cpu(process)? - before;
        let took = Samples::of_json(&result["took"])?.scaled(1e-6);
        let wall = result["wall"].as_f64().unwrap_or(f64::NAN) / 1e9;
        let calls = took.len() as f64;
        self.rate.push(calls / wall);
        self.cpu.push(spent / calls / 1e6);
        self.took.extend(&took);
        Ok(())
    }
}
