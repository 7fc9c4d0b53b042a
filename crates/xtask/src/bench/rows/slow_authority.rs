use super::Row;
use crate::bench::Bench;
use crate::bench::measured::Measured;
use crate::bench::samples::{Samples, number};
use crate::bench::stage::{BROKER, Stage};

pub(crate) const ROW: Row = Row {
    name: "slow-authority",
    title: "While one caller waits for the authority",
    how: "The emulated Entra ID holds back one answer for 2 s. Another caller asks for held tokens meanwhile, one after\n\
          the other. In the same round the same caller makes as many calls while nobody waits: the slowest of thousands is the\n\
          machine's own noise, too.",
    run,
};

fn run(bench: &Bench<'_>) -> Result<Measured, String> {
    let (mut beside, mut alone) = (Samples::default(), Samples::default());
    let mut waited = Samples::default();
    for _ in 0..bench.extent.rounds.min(3) {
        // A new broker holds no token for the other resource.
        let mut stage = Stage::set(bench.programs, 1)?;
        let _broker = stage.broker(&[])?;
        stage.sign_in()?;
        let silent = stage.request("silent.json");
        stage.order("delay 2000")?;
        let slow = stage.request("other-resource.json");
        let result = stage.call(&["beside", BROKER, &slow, &silent])?;
        let took = Samples::of_json(&result["took"])?.scaled(1e-6);
        beside.extend(&took);
        let as_many = stage.call(&["calls", BROKER, &silent, &took.len().to_string()])?;
        alone.extend(&Samples::of_json(&as_many["took"])?.scaled(1e-6));
        waited.push(result["waited"].as_f64().unwrap_or(f64::NAN) / 1e6);
    }
    if waited.least() < 2_000.0 {
        return Err(format!(
            "the slow caller waited {} ms only",
            number(waited.least())
        ));
    }
    let mut measured = Measured::default();
    let longer = beside.most() - alone.most();
    measured.at_most(
        "Another caller's slowest answer meanwhile, above its slowest while nobody waits",
        "ms",
        20.0,
        longer,
        &format!(
            "{} ms ({} above the p50) in {} calls",
            number(longer),
            number(beside.most() - alone.median()),
            number(beside.len() as f64)
        ),
    );
    let line = |name: &str, samples: &Samples| {
        vec![
            name.to_owned(),
            number(samples.len() as f64),
            number(samples.median()),
            number(samples.percentile(0.99)),
            number(samples.most()),
        ]
    };
    measured.table(
        &["", "calls", "p50, ms", "p99, ms", "slowest, ms"],
        vec![
            line("nobody waits", &alone),
            line("one waits for the authority", &beside),
            line("the one who waits", &waited),
        ],
    );
    measured.raw("waited_ms", waited.json());
    Ok(measured)
}
