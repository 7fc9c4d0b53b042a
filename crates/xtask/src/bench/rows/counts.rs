use super::Row;
use crate::bench::Bench;
use crate::bench::counting::{Count, Service, of_client, of_service};
use crate::bench::measured::Measured;
use crate::bench::samples::number;
use crate::bench::stage::{BROKER, FLOOR, Stage};
use crate::requirements::{self, Need};
use serde_json::json;

pub(crate) const ROW: Row = Row {
    name: "counts",
    title: "Counts of a silent call",
    how: "The difference between a process with many calls and one with few, by `strace -f -c` and by valgrind's\n\
          callgrind and dhat. No load of the machine changes them. `cargo xtask test counts` holds them, on a build for\n\
          tests.",
    run,
};

fn run(bench: &Bench<'_>) -> Result<Measured, String> {
    let missing = requirements::provide(bench.workspace, &[Need::Counting]);
    if let Some(reason) = missing.into_values().flatten().next() {
        return Err(reason);
    }
    let stage = Stage::set(bench.programs, 1)?;
    {
        let _broker = stage.broker(&[])?;
        stage.sign_in()?;
    }
    let mut measured = Measured::default();
    let mut lines = vec![
        vec!["broker".to_owned()],
        vec!["canned zbus service".to_owned()],
        vec!["zbus client".to_owned()],
        vec!["our library, not from its cache".to_owned()],
    ];
    let caller = bench.programs.path("bench-caller").display().to_string();
    let library = bench.programs.path("bench-library").display().to_string();
    let request = stage.request("silent.json");
    for count in Count::ALL {
        let mut values = vec![
            of_service(&stage, count, Service::Broker)?,
            of_service(&stage, count, Service::Canned)?,
        ];
        let canned = stage.canned(FLOOR, "answer.json")?;
        values.push(of_client(
            &stage,
            count,
            &[&caller, "calls", FLOOR, &request, "{n}"],
        )?);
        drop(canned);
        // Anew for each: counting takes longer than the token lives.
        super::library::soon_expired(&stage)?;
        let canned = stage.canned(BROKER, "soon-expired.json")?;
        values.push(of_client(&stage, count, &[&library, "{n}", "1"])?);
        drop(canned);
        if count == Count::SystemCalls {
            measured.at_most(
                "System calls of a silent token, our library",
                "",
                12.0,
                values[3],
                &number(values[3]),
            );
        }
        for (line, value) in lines.iter_mut().zip(&values) {
            line.push(number(*value));
        }
        measured.raw(count.name(), json!(values));
    }
    measured.table(
        &[
            "a silent call costs",
            "system calls",
            "allocations",
            "instructions",
        ],
        lines,
    );
    Ok(measured)
}
