use super::Row;
use crate::bench::Bench;
use crate::bench::measured::Measured;
use crate::bench::samples::{Samples, number};
use crate::bench::stage::{BROKER, FLOOR, Stage};
use std::fs;

pub(crate) const ROW: Row = Row {
    name: "start",
    title: "From start to the first answer",
    how: "A client waits for the name on the bus and calls `Ping` at once. The time runs from the start of the process\n\
          to that answer, and so includes loading the program. The canned service is started in turns with the broker.",
    run,
};

fn run(bench: &Bench<'_>) -> Result<Measured, String> {
    let stage = Stage::set(bench.programs, 1)?;
    fs::write(stage.file("answer.json"), "{}").map_err(|error| error.to_string())?;
    let (mut ours, mut floor) = (Samples::default(), Samples::default());
    for _ in 0..bench.extent.rounds * 5 {
        let (service, took) = stage.service(BROKER, &stage.broker_line())?;
        drop(service);
        ours.push(took / 1e6);
        let (service, took) = stage.service(FLOOR, &stage.canned_line(FLOOR, "answer.json"))?;
        drop(service);
        floor.push(took / 1e6);
    }
    let ratio = ours.over(&floor);
    let mut measured = Measured::default();
    let shown = format!(
        "{} ms, {} × a canned service",
        number(ours.median()),
        number(ratio.median())
    );
    measured.at_most(
        "Start to first answered `Ping`",
        "ms",
        15.0,
        ours.median(),
        &shown,
    );
    measured.table(
        &["", "p50 (least to most), ms", "p90, ms"],
        vec![
            vec!["broker".into(), ours.shown(), number(ours.percentile(0.9))],
            vec![
                "canned zbus service".into(),
                floor.shown(),
                number(floor.percentile(0.9)),
            ],
            vec!["ratio".into(), ratio.shown(), String::new()],
        ],
    );
    measured.raw("broker_ms", ours.json());
    measured.raw("floor_ms", floor.json());
    Ok(measured)
}
