use super::{
    Row,
    library::{Side, soon_expired},
};
use crate::bench::Bench;
use crate::bench::measured::Measured;
use crate::bench::samples::number;
use crate::bench::stage::{BROKER, FLOOR, Stage, output};
use crate::requirements::{self, Need};
use std::process::Command;

pub(crate) const ROW: Row = Row {
    name: "peers",
    title: "Microsoft's runtime, from Node and from Python, against our broker",
    how: "Silent tokens inside one process, the first one left out: `getToken` of `@azure/identity` with its broker\n\
          plug-in, `signin_silently` of `pymsalruntime`, and a plain zbus client, in turns and against the same broker.\n\
          Our library would answer the second call itself, so what it adds to a plain client is measured where a canned\n\
          service's token is about to expire; it is added to the plain client's time at the broker.",
    run,
};

fn run(bench: &Bench<'_>) -> Result<Measured, String> {
    let missing = requirements::provide(bench.workspace, &[Need::Node, Need::Python]);
    if let Some(reason) = missing.into_values().flatten().next() {
        return Err(reason);
    }
    let stage = Stage::set(bench.programs, 1)?;
    let broker = stage.broker(&[])?;
    stage.sign_in()?;
    let calls = bench.extent.calls_of_peers.to_string();
    let many = bench.extent.calls.to_string();
    let (mut node, mut python, mut zbus) = (Side::default(), Side::default(), Side::default());
    let request = stage.request("silent.json");
    let peer = |mut command: Command| {
        command.arg(&calls);
        let mut command = stage.around(command);
        command.env("AZURE_IDENTITY_DISABLE_MULTITENANTAUTH", "1");
        output(command, &stage.folder)
    };
    for _ in 0..bench.extent.rounds {
        let mut command = Command::new("node");
        command.arg(requirements::node_folder(bench.workspace).join("bench.mjs"));
        node.add(&peer(command)?)?;
        let mut command = Command::new(requirements::python(bench.workspace));
        command.arg(bench.workspace.interop_sources().join("python/bench.py"));
        python.add(&peer(command)?)?;
        zbus.add(&stage.text_of("bench-caller", &["calls", BROKER, &request, &many])?)?;
    }
    drop(broker);
    soon_expired(&stage)?;
    let (mut library, mut floor) = (Side::default(), Side::default());
    let _canned = (
        stage.canned(BROKER, "soon-expired.json")?,
        stage.canned(FLOOR, "soon-expired.json")?,
    );
    for _ in 0..bench.extent.rounds {
        library.add(&stage.text_of("bench-library", &[&many, "1"])?)?;
        floor.add(&stage.text_of("bench-caller", &["calls", FLOOR, &request, &many])?)?;
    }
    let through_library = zbus.p50.plus(&library.p50.less(&floor.p50));
    let mut measured = Measured::default();
    let mut lines = Vec::new();
    for (name, side) in [
        ("Node, `@azure/identity` and the runtime", &node),
        ("Python, the runtime", &python),
        ("zbus client", &zbus),
    ] {
        lines.push(vec![
            name.to_owned(),
            side.p50.shown(),
            number(side.all.percentile(0.99)),
            side.cpu.shown(),
            side.p50.over(&zbus.p50).shown(),
            side.cpu.over(&zbus.cpu).shown(),
        ]);
    }
    measured.table(
        &[
            "",
            "p50, ms",
            "p99 of all, ms",
            "CPU a call, ms",
            "p50 to zbus",
            "CPU to zbus",
        ],
        lines,
    );
    measured.table(
        &["", "p50, ms", "CPU a call, ms"],
        vec![vec![
            "our library".to_owned(),
            through_library.shown(),
            library.cpu.shown(),
        ]],
    );
    for (name, side) in [("Node", &node), ("Python", &python)] {
        for (what, unit, bound, ratio) in [
            ("faster", "p50", 15.0, side.p50.over(&through_library)),
            ("less CPU", "a call", 40.0, side.cpu.over(&library.cpu)),
        ] {
            measured.at_least(
                &format!(
                    "Our library to our broker, {what} than Microsoft's runtime from {name}, {unit}"
                ),
                "×",
                bound,
                ratio.median(),
                &format!("{} ×", ratio.shown()),
            );
        }
        let ratio = side.p50.over(&zbus.p50);
        measured.at_least(
            &format!("A raw call to our broker, faster than Microsoft's runtime from {name}, p50"),
            "×",
            15.0,
            ratio.median(),
            &format!("{} ×", ratio.shown()),
        );
        measured.raw(&format!("{name}_p50_ms"), side.p50.json());
    }
    Ok(measured)
}
