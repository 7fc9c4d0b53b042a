//! `cargo xtask bench`: what a token costs, beside the least it could cost and beside what others cost.

pub(crate) mod counting;
mod machine;
mod measured;
mod page;
mod proc;
pub(crate) mod programs;
pub(crate) mod rows;
mod samples;
pub(crate) mod stage;

use crate::report::Line;
use crate::workspace::Workspace;
use measured::Verdict;
use programs::Programs;
use rows::{ROWS, Row};
use serde_json::json;
use std::fs;
use std::process::ExitCode;

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Extent {
    pub(crate) rounds: usize,
    /// Silent calls in one round of one client.
    pub(crate) calls: usize,
    /// The same for the peers, which take longer.
    pub(crate) calls_of_peers: usize,
    pub(crate) sign_ins: usize,
    /// Access tokens held of each account, where there are many of both.
    pub(crate) tokens_of_each: usize,
    pub(crate) silent_calls: usize,
    pub(crate) load_seconds: usize,
    pub(crate) is_full: bool,
}

impl Extent {
    const FULL: Self = Self {
        rounds: 7,
        calls: 2_000,
        calls_of_peers: 100,
        sign_ins: 1_000,
        tokens_of_each: 50,
        silent_calls: 1_000_000,
        load_seconds: 3,
        is_full: true,
    };
    const QUICK: Self = Self {
        rounds: 3,
        calls: 500,
        calls_of_peers: 30,
        sign_ins: 100,
        tokens_of_each: 10,
        silent_calls: 20_000,
        load_seconds: 1,
        is_full: false,
    };

    fn remark(&self) -> &'static str {
        match self.is_full {
            true => "",
            false => {
                "\nThis was a short run (`--quick`), with fewer rounds, calls, sign-ins and accounts than the targets name."
            }
        }
    }
}

/// What every row is given.
#[derive(Debug)]
pub(crate) struct Bench<'a> {
    pub(crate) workspace: &'a Workspace,
    pub(crate) programs: &'a Programs,
    pub(crate) extent: Extent,
}

/// Measures the rows of this name, or all; the page is written when all were.
pub(crate) fn run(arguments: &[&str]) -> ExitCode {
    let quick = arguments.contains(&"--quick");
    let names: Vec<&str> = arguments
        .iter()
        .copied()
        .filter(|each| *each != "--quick")
        .collect();
    let wanted: Vec<&Row> = ROWS
        .iter()
        .filter(|row| names.is_empty() || names.contains(&row.name))
        .collect();
    if wanted.is_empty() || (!names.is_empty() && wanted.len() != names.len()) {
        let known: Vec<_> = ROWS.iter().map(|row| row.name).collect();
        eprintln!("the rows of the bench are: {}", known.join(", "));
        return ExitCode::from(2);
    }
    let extent = if quick { Extent::QUICK } else { Extent::FULL };
    match measure(extent, &wanted, names.is_empty()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(extent: Extent, wanted: &[&'static Row], all: bool) -> Result<(), String> {
    let workspace = Workspace::find()?;
    let programs = Programs::released(&workspace)?;
    let bench = Bench {
        workspace: &workspace,
        programs: &programs,
        extent,
    };
    let load_before = machine::load();
    let mut results = Vec::new();
    for row in wanted {
        let line = Line::begin(row.name);
        let measured = (row.run)(&bench);
        match &measured {
            Ok(measured) => {
                line.end("measured");
                for each in &measured.judgements {
                    let verdict = match each.verdict {
                        Verdict::Met => "met",
                        Verdict::NotMet => "NOT MET",
                        Verdict::Open => "open",
                    };
                    println!(
                        "  {verdict:8} {} {}: {}",
                        each.what, each.target, each.measured
                    );
                }
            }
            Err(error) => {
                line.end(&format!("not measured: {error}"));
            }
        }
        results.push((*row, measured));
    }
    let load = format!("{load_before} and {}", machine::load());
    let raw: Vec<_> = results
        .iter()
        .map(|(row, measured)| {
            json!({ "row": row.name, "result": measured.as_ref().map_or_else(|error| json!(error), |measured| measured.json()) })
        })
        .collect();
    let folder = workspace.target.join("bench");
    let raw = json!({ "date": machine::date(), "machine": machine::description(), "full": extent.is_full, "rows": raw });
    let file = folder.join("raw.json");
    fs::write(&file, raw.to_string()).map_err(|error| format!("{}: {error}", file.display()))?;
    let text = page::page(&extent, &load, &results);
    let page = match all {
        true => workspace.root.join("docs/performance.md"),
        // A page with one row would lose the others.
        false => folder.join("performance.md"),
    };
    fs::write(&page, text).map_err(|error| format!("{}: {error}", page.display()))?;
    println!("{} and {}", page.display(), file.display());
    Ok(())
}
