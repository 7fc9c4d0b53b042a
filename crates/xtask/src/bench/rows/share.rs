use super::Row;
use crate::bench::Bench;
use crate::bench::measured::Measured;
use crate::bench::proc::cpu;
use crate::bench::samples::{Samples, number};
use crate::bench::stage::{BROKER, FLOOR, Stage};

pub(crate) const ROW: Row = Row {
    name: "share",
    title: "The broker's own share of a silent answer",
    how: "One zbus client asks the broker for a held token, and a canned zbus service for the same bytes, in turns, over\n\
          the same bus. The broker's share is what its answer takes longer; both p50 are of one round.",
    run,
};

fn run(bench: &Bench<'_>) -> Result<Measured, String> {
    let stage = Stage::set(bench.programs, 1)?;
    let broker = stage.broker(&[])?;
    stage.sign_in()?;
    let canned = stage.canned(FLOOR, "answer.json")?;
    let mut ours = Side::new(BROKER, broker.id());
    let mut floor = Side::new(FLOOR, canned.id());
    for _ in 0..bench.extent.rounds {
        for side in [&mut ours, &mut floor] {
            side.round(&stage, bench.extent.calls)?;
        }
    }
    let share = ours.p50.less(&floor.p50);
    let ratio = ours.p50.over(&floor.p50);
    let mut measured = Measured::default();
    let shown = format!("{} ms ({} × canned)", share.shown(), number(ratio.median()));
    measured.at_most(
        "The broker's own share of a silent answer, p50",
        "ms",
        0.3,
        share.median(),
        &shown,
    );
    let line = |name: &str, side: &Side| {
        vec![
            name.to_owned(),
            side.p50.shown(),
            number(side.all.percentile(0.99)),
            side.client.shown(),
            side.service.shown(),
        ]
    };
    measured.table(
        &[
            "",
            "p50, ms",
            "p99 of all, ms",
            "client's CPU a call, ms",
            "service's CPU a call, ms",
        ],
        vec![
            line("broker", &ours),
            line("canned zbus service", &floor),
            vec![
                "ratio".into(),
                ratio.shown(),
                number(ours.all.percentile(0.99) / floor.all.percentile(0.99)),
                ours.client.over(&floor.client).shown(),
                ours.service.over(&floor.service).shown(),
            ],
        ],
    );
    for (name, side) in [("broker", &ours), ("floor", &floor)] {
        measured.raw(&format!("{name}_p50_ms"), side.p50.json());
        measured.raw(&format!("{name}_service_cpu_ms"), side.service.json());
        measured.raw(&format!("{name}_client_cpu_ms"), side.client.json());
    }
    Ok(measured)
}

/// One service with what was measured of it.
#[derive(Debug)]
struct Side {
    name: &'static str,
    process: u32,
    all: Samples,
    p50: Samples,
    client: Samples,
    service: Samples,
}

impl Side {
    fn new(name: &'static str, process: u32) -> Self {
        Self {
            name,
            process,
            all: Samples::default(),
            p50: Samples::default(),
            client: Samples::default(),
            service: Samples::default(),
        }
    }

    fn round(&mut self, stage: &Stage<'_>, calls: usize) -> Result<(), String> {
        let before = cpu(self.process)?;
        let request = stage.request("silent.json");
        let result = stage.call(&["calls", self.name, &request, &calls.to_string()])?;
        let spent = cpu(self.process)? - before;
        let took = Samples::of_json(&result["took"])?.scaled(1e-6);
        self.p50.push(took.median());
        self.all.extend(&took);
        self.service.push(spent / calls as f64 / 1e6);
        self.client
            .push(result["cpu"].as_f64().unwrap_or(f64::NAN) / calls as f64 / 1e6);
        Ok(())
    }
}
