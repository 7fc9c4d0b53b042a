//! What a silent call may cost at the most: system calls, allocations, instructions. Never times.
//!
//! Of builds for tests, whose instructions are several times those of a release. The bounds are what was
//! counted, and a twentieth more. How often a process waits varies with the order of the processes, so of the system
//! calls that do not wait one more for each token is too many.

use crate::bench::counting::{Count, Service, of_client, of_service};
use crate::bench::programs::Programs;
use crate::bench::rows::library::soon_expired;
use crate::bench::stage::{BROKER, Stage};
use crate::report::{Line, Report};
use crate::requirements::{self, Need};
use crate::workspace::Workspace;

/// Who pays, for what, and how much at the most.
const BOUNDS: &[(Payer, Count, f64)] = &[
    (Payer::Broker, Count::SystemCalls, 7.5),
    (Payer::Broker, Count::WorkingSystemCalls, 3.5),
    (Payer::Broker, Count::Allocations, 54.0),
    (Payer::Broker, Count::Instructions, 930_000.0),
    (Payer::Library, Count::SystemCalls, 7.5),
    (Payer::Library, Count::WorkingSystemCalls, 4.5),
    (Payer::Library, Count::Allocations, 172.0),
    (Payer::Library, Count::Instructions, 1_480_000.0),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Payer {
    Broker,
    Library,
}

pub(crate) fn run(workspace: &Workspace, report: &mut Report) {
    let missing = requirements::provide(workspace, &[Need::Counting]);
    if let Some(reason) = missing.into_values().flatten().next() {
        for (payer, count, _) in BOUNDS {
            report.skip(&name(*payer, *count), &reason);
        }
        return;
    }
    let programs = match Programs::of_tests(workspace) {
        Ok(programs) => programs,
        Err(error) => {
            return report.fail(BOUNDS.len(), Line::begin("counts of a silent call"), &error);
        }
    };
    for (payer, count, bound) in BOUNDS {
        let line = Line::begin(&name(*payer, *count));
        match counted(&programs, *payer, *count) {
            Ok(value) if value <= *bound => {
                report.pass(1);
                line.end(&format!("ok, {value:.1} of {bound}"));
            }
            Ok(value) => report.fail(
                1,
                line,
                &format!("{value:.1}, and {bound} is the bound: find what was added, or raise it on purpose"),
            ),
            Err(error) => report.fail(1, line, &error),
        }
    }
}

fn counted(programs: &Programs, payer: Payer, count: Count) -> Result<f64, String> {
    let stage = Stage::set(programs, 1)?;
    match payer {
        Payer::Broker => of_service(&stage, count, Service::Harness),
        Payer::Library => {
            {
                let _broker = stage.harness(&[])?;
                stage.keep_answer()?;
            }
            soon_expired(&stage)?;
            let _canned = stage.canned(BROKER, "soon-expired.json")?;
            let library = programs.path("bench-library").display().to_string();
            of_client(&stage, count, &[&library, "{n}", "1"])
        }
    }
}

fn name(payer: Payer, count: Count) -> String {
    let payer = match payer {
        Payer::Broker => "the broker",
        Payer::Library => "the library",
    };
    format!("{} of {payer} for a silent token", count.name())
}
