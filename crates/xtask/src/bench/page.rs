//! Writes `docs/performance.md`. The sentences are here, every figure is from the run.

use crate::bench::Extent;
use crate::bench::machine;
use crate::bench::measured::{Measured, Table, Verdict};
use crate::bench::rows::Row;
use std::fmt::Write as _;

pub(crate) fn page(
    extent: &Extent,
    load: &str,
    rows: &[(&Row, Result<Measured, String>)],
) -> String {
    let mut text = String::new();
    let _ = write!(
        text,
        "# Speed and size\n\n\
         Written by `cargo xtask bench`; do not edit it. Each figure is of one run on {}: {} ({}).\n\
         One-minute load before and after it: {load}.{}\n\n\
         Times are noisy on a machine that others use too, so what is compared was measured in turns, and ratios are\n\
         made of the values of one round. A value stands as its median with the least and the most of all rounds.\n\
         The floors are a plain zbus client and a plain zbus service that carry the same bytes.\n\n",
        machine::date(),
        machine::description(),
        machine::versions(),
        extent.remark()
    );
    text.push_str("## Targets\n\n| What | Target | Measured | |\n| --- | --- | --- | --- |\n");
    for (row, measured) in rows {
        match measured {
            Ok(measured) => {
                for each in &measured.judgements {
                    let verdict = match each.verdict {
                        Verdict::Met => "met",
                        Verdict::NotMet => "**not met**",
                        Verdict::Open => "not measured",
                    };
                    let _ = writeln!(
                        text,
                        "| {} | {} | {} | {verdict} |",
                        each.what, each.target, each.measured
                    );
                }
            }
            Err(error) => {
                let reason = error.lines().next().unwrap_or_default();
                let _ = writeln!(text, "| {} | | {reason} | not measured |", row.title);
            }
        }
    }
    for (row, measured) in rows {
        let _ = write!(text, "\n## {}\n\n{}\n", row.title, row.how);
        let Ok(measured) = measured else {
            continue;
        };
        for table in &measured.tables {
            text.push('\n');
            text.push_str(&table_text(table));
        }
    }
    text
}

fn table_text(table: &Table) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let rule: Vec<_> = table.head.iter().map(|_| "---".to_owned()).collect();
    let lines: String = table.lines.iter().map(|cells| line(cells)).collect();
    line(&table.head) + &line(&rule) + &lines
}
