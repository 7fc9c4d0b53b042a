use super::Row;
use crate::bench::Bench;
use crate::bench::measured::Measured;
use crate::bench::proc::{MEGABYTE, size};
use crate::bench::programs::size_without_emulator;
use crate::bench::samples::number;
use crate::process::output_of;

pub(crate) const ROW: Row = Row {
    name: "size",
    title: "What is installed",
    how: "One file, as `cargo build --release` leaves it, and the shared libraries that `ldd` names.",
    run,
};

fn run(bench: &Bench<'_>) -> Result<Measured, String> {
    let released = bench.programs.path("azbroker");
    let whole = size(&released)? / MEGABYTE;
    let mut measured = Measured::default();
    measured.at_most(
        "`azbroker`, stripped",
        "MB",
        12.0,
        whole,
        &format!("{} MB", number(whole)),
    );
    let mut lines = vec![vec!["`azbroker`".to_owned(), number(whole)]];
    match bench.extent.is_full {
        true => {
            let lean = size_without_emulator(bench.workspace)? / MEGABYTE;
            measured.at_most(
                "The same without the emulator",
                "MB",
                8.0,
                lean,
                &format!("{} MB", number(lean)),
            );
            lines.push(vec![
                "`azbroker` without the emulator".to_owned(),
                number(lean),
            ]);
        }
        false => measured.open(
            "The same without the emulator",
            "≤ 8 MB",
            "a short run does not build it",
        ),
    }
    for name in ["bench-service", "bench-caller"] {
        let floor = size(&bench.programs.path(name))? / MEGABYTE;
        lines.push(vec![format!("floor: `{name}`, plain zbus"), number(floor)]);
    }
    measured.table(&["", "MB"], lines);
    let libraries = libraries(&released.display().to_string())?;
    let others: Vec<_> = libraries
        .iter()
        .filter(|name| !is_of_libc(name))
        .cloned()
        .collect();
    let shown = match others.is_empty() {
        true => libraries.join(", "),
        false => format!("also {}", others.join(", ")),
    };
    measured.judge(
        "Shared libraries",
        "those of libc alone",
        &shown,
        others.is_empty(),
    );
    measured.raw("libraries", serde_json::json!(libraries));
    Ok(measured)
}

fn libraries(program: &str) -> Result<Vec<String>, String> {
    let text = output_of("ldd", &[program]).ok_or("ldd cannot be run")?;
    let name = |line: &str| {
        let word = line.split_whitespace().next()?;
        word.rsplit('/').next().map(str::to_owned)
    };
    Ok(text.lines().filter_map(name).collect())
}

/// glibc's own, its loader, what the kernel maps, and the compiler's runtime, which glibc asks for too. glibc's
/// mathematics are not wanted: they would come with tokio's threads, and lie in the memory of each process.
fn is_of_libc(name: &str) -> bool {
    ["libc.so", "ld-linux", "linux-vdso", "libgcc_s.so"]
        .iter()
        .any(|known| name.starts_with(known))
}
