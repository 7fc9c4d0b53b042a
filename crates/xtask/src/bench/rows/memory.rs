use super::Row;
use crate::bench::Bench;
use crate::bench::measured::Measured;
use crate::bench::proc::{MEGABYTE, Memory, memory};
use crate::bench::samples::number;
use crate::bench::stage::{BROKER, Stage};
use serde_json::json;

pub(crate) const ROW: Row = Row {
    name: "memory",
    title: "Memory",
    how: "Of one broker process, from the kernel: what is resident, its share of it (PSS), what of it is no file's.\n\
          A user of the emulated cloud signs in again and again, each time with a browser of their own; then, after 20,000 calls\n\
          and two seconds of 64 callers at once, one client makes silent calls; then as many other users sign in once each, and all their accounts and tokens are held.\n\
          The broker trusts the system's certificate authorities, as on a desktop.",
    run,
};

fn run(bench: &Bench<'_>) -> Result<Measured, String> {
    let extent = bench.extent;
    let stage = Stage::set(bench.programs, extent.sign_ins + 1)?;
    let broker = stage.broker(&[])?;
    let look = || memory(broker.id());
    let sign_in = |file: &str, from: usize, to: usize| {
        let (request, from, to) = (stage.request(file), from.to_string(), to.to_string());
        stage.call(&["sign-in", BROKER, &request, &from, &to])
    };
    let silent = |calls: usize| {
        let request = stage.request("silent.json");
        stage.call(&["calls", BROKER, &request, &calls.to_string()])
    };
    let mut steps = vec![("fresh".to_owned(), look()?)];
    sign_in("sign-in.json", 0, 1)?;
    steps.push(("after 1 sign-in".to_owned(), look()?));
    sign_in("sign-in-again.json", 1, extent.sign_ins)?;
    steps.push((
        format!("after {} sign-ins", number(extent.sign_ins as f64)),
        look()?,
    ));
    let signed_in = look()?;
    // The first calls make what later ones find: buffers, and the queue of the log until its file is full. Many callers at
    // once have it as long as it is when the disk is busy for a moment.
    silent(20_000)?;
    let request = stage.request("silent.json");
    stage.call(&["load", BROKER, &request, "64", "2"])?;
    let before = look()?;
    // Whether it grows with the calls or once: a disk that was busy for a moment leaves behind the room that lines of
    // the log took meanwhile.
    for quarter in 1..=4 {
        silent(extent.silent_calls / 4)?;
        let calls = number((extent.silent_calls / 4 * quarter) as f64);
        steps.push((format!("and {calls} silent calls"), look()?));
    }
    let after = look()?;
    let calls = number(extent.silent_calls as f64);
    sign_in("sign-in.json", 1, extent.sign_ins)?;
    let accounts = number(extent.sign_ins as f64);
    steps.push((format!("and {accounts} accounts held"), look()?));

    let mut measured = Measured::default();
    let mb = |bytes: f64| bytes / MEGABYTE;
    let mut judge = |what: &str, bytes: f64| {
        measured.at_most(
            what,
            "MB",
            8.0,
            mb(bytes),
            &format!("{} MB", number(mb(bytes))),
        );
    };
    judge("Resident memory, fresh", steps[0].1.resident);
    judge("Resident memory, after one sign-in", steps[1].1.resident);
    let many = format!(
        "Resident memory, after {} sign-ins",
        number(extent.sign_ins as f64)
    );
    judge(&many, signed_in.resident);
    // Text of the program that is mapped only then is no growth: it has an end.
    let grown = after.anonymous - before.anonymous;
    let resident = after.resident - before.resident;
    measured.judge(
        &format!("Growth over {calls} silent calls, of what is no file's"),
        "none (≤ 1 %)",
        &format!(
            "{} kB (resident, with the program's text: {} kB)",
            number(grown / 1e3),
            number(resident / 1e3)
        ),
        grown <= before.anonymous * 0.01,
    );
    let optional =
        |value: Option<f64>| value.map_or("not readable".to_owned(), |value| number(mb(value)));
    let line = |(name, memory): &(String, Memory)| {
        vec![
            name.clone(),
            number(mb(memory.resident)),
            optional(memory.proportional),
            number(mb(memory.anonymous)),
            number(mb(memory.peak)),
            format!("{:.0}", memory.threads),
        ]
    };
    measured.table(
        &[
            "",
            "resident, MB",
            "PSS, MB",
            "no file's, MB",
            "highest resident, MB",
            "threads",
        ],
        steps.iter().map(line).collect(),
    );
    let raw: Vec<_> = steps
        .iter()
        .map(|(name, memory)| json!({ "when": name, "resident": memory.resident, "pss": memory.proportional, "anonymous": memory.anonymous }))
        .collect();
    measured.raw("steps", json!(raw));
    Ok(measured)
}
