use super::Row;
use crate::bench::Bench;
use crate::bench::measured::Measured;
use crate::bench::samples::{Samples, number};
use crate::bench::stage::{BROKER, Stage, output};
use crate::process::is_command;
use crate::requirements::{self, Need};
use std::process::Command;
use std::time::Instant;

pub(crate) const ROW: Row = Row {
    name: "command",
    title: "`azbroker token`, a process that starts and ends",
    how: "Whole processes that print one token the broker holds, in turns. The floor is a zbus client that prints it. The\n\
          peer is a Python program with Microsoft's runtime. `az account get-access-token` is measured where `az` is on\n\
          the machine; where it is not, the figure in the table is marked as cited from an earlier measurement. The\n\
          highest resident memory is what GNU time reports.",
    run,
};

/// Measured on another day, with `az` 2.91 and its own cache: 604 to 800 ms.
const CITED_AZ_MS: f64 = 676.0;

fn run(bench: &Bench<'_>) -> Result<Measured, String> {
    let stage = Stage::set(bench.programs, 1)?;
    let _broker = stage.broker(&[])?;
    stage.sign_in()?;
    let request = stage.request("silent.json");
    let path = |name: &str| bench.programs.path(name).display().to_string();
    let mut sides = vec![
        Side::new(
            "`azbroker token`",
            vec![
                path("azbroker"),
                "token".into(),
                "--scope".into(),
                "https://vault.azure.net/.default".into(),
            ],
        ),
        Side::new(
            "zbus client",
            vec![path("bench-caller"), "token".into(), BROKER.into(), request],
        ),
    ];
    let missing = requirements::provide(bench.workspace, &[Need::Python]);
    if missing.into_values().flatten().next().is_none() {
        let script = bench.workspace.interop_sources().join("python/bench.py");
        let python = requirements::python(bench.workspace).display().to_string();
        sides.push(Side::new(
            "Python with Microsoft's runtime",
            vec![python, script.display().to_string(), "0".into()],
        ));
    }
    for _ in 0..bench.extent.rounds * 3 {
        for side in &mut sides {
            side.round(&stage)?;
        }
    }
    let mut measured = Measured::default();
    let ours = &sides[0];
    let factor = CITED_AZ_MS / ours.wall.median();
    measured.at_least(
        "`azbroker token`, faster than `az account get-access-token`",
        "×",
        60.0,
        factor,
        &format!(
            "{} × ({} ms; `az` is not in this run: {} ms is cited)",
            number(factor),
            ours.wall.shown(),
            number(CITED_AZ_MS)
        ),
    );
    let peak = ours.peak.median();
    measured.at_most(
        "Its highest resident memory",
        "MB",
        8.0,
        peak,
        &format!("{} MB", number(peak)),
    );
    let line = |side: &Side| {
        let factor = side.wall.over(&ours.wall);
        vec![
            side.name.to_owned(),
            side.wall.shown(),
            factor.shown(),
            number(side.peak.median()),
        ]
    };
    measured.table(
        &[
            "",
            "p50 (least to most), ms",
            "to ours",
            "highest resident, MB",
        ],
        sides.iter().map(line).collect(),
    );
    for side in &sides {
        measured.raw(side.name, side.wall.json());
    }
    Ok(measured)
}

struct Side {
    name: &'static str,
    line: Vec<String>,
    wall: Samples,
    peak: Samples,
}

impl Side {
    fn new(name: &'static str, line: Vec<String>) -> Self {
        Self {
            name,
            line,
            wall: Samples::default(),
            peak: Samples::default(),
        }
    }

    fn round(&mut self, stage: &Stage<'_>) -> Result<(), String> {
        let [program, arguments @ ..] = self.line.as_slice() else {
            return Err("there is nothing to start".to_owned());
        };
        let mut command = stage.around(Command::new(program));
        command.args(arguments);
        let since = Instant::now();
        output(command, &stage.folder)?;
        self.wall.push(since.elapsed().as_secs_f64() * 1e3);
        if !is_command("time") {
            return Ok(());
        }
        let report = stage.file("time");
        let mut command = Command::new("time");
        command
            .args(["--format=%M", "--output"])
            .arg(&report)
            .args(&self.line);
        output(stage.around(command), &stage.folder)?;
        let kilobytes = std::fs::read_to_string(&report).unwrap_or_default();
        let kilobytes: f64 = kilobytes
            .trim()
            .parse()
            .map_err(|_| "GNU time says nothing")?;
        self.peak.push(kilobytes * 1_024.0 / 1e6);
        Ok(())
    }
}
