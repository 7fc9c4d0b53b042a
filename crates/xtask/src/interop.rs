//! The interoperability suite: real programs and real clients against the built command.

use crate::case::Case;
use crate::cases;
use crate::process;
use crate::report::{Line, Report};
use crate::requirements::{self, Need};
use crate::workspace::Workspace;

pub(crate) fn run(workspace: &Workspace, report: &mut Report, filter: &str) {
    let cases: Vec<&Case> = cases::all()
        .filter(|case| case.name.contains(filter))
        .collect();
    if !is_built(workspace, report) {
        for case in cases {
            report.skip(case.name, "azbroker or an example does not build");
        }
        return;
    }
    let mut needs: Vec<Need> = cases
        .iter()
        .flat_map(|case| case.needs.iter().copied())
        .collect();
    needs.sort_unstable();
    needs.dedup();
    let missing = requirements::provide(workspace, &needs);
    // A machine that can run none of it should not look like a success with a short list.
    println!("interoperability: {} cases", cases.len());
    for case in cases {
        let absent = |need: &&Need| missing.get(need).cloned().flatten();
        let absent = case
            .needs
            .iter()
            .find_map(|need| Some((need, absent(&need)?)));
        match absent {
            Some((Need::UserManager, reason)) => {
                println!("  {} … not here", case.name);
                report.not_here(case.name, &reason);
            }
            Some((_, reason)) => {
                println!("  {} … skipped", case.name);
                report.skip(case.name, &reason);
            }
            None => one(workspace, report, case),
        }
    }
}

fn one(workspace: &Workspace, report: &mut Report, case: &Case) {
    let line = Line::begin(&format!("  {}", case.name));
    match case.run(workspace) {
        Ok(()) => {
            report.pass(1);
            report.ok(line);
        }
        Err(faults) => report.fail(1, line, &faults),
    }
}

fn is_built(workspace: &Workspace, report: &mut Report) -> bool {
    let log = workspace.target.join("xtask");
    let _ = std::fs::create_dir_all(&log);
    let log = log.join("build.log");
    let line = Line::begin("building azbroker and the examples");
    match process::run(
        // All packages: with fewer, others' features would be left out and everything be built anew.
        &mut workspace.cargo(["build", "--workspace", "--bins", "--examples", "--locked"]),
        &log,
    ) {
        Ok(ended) if ended.is_success() => {
            report.ok(line);
            return true;
        }
        Ok(_) => report.fail_with_file(1, line, &log),
        Err(error) => report.fail(1, line, &error.to_string()),
    }
    false
}
