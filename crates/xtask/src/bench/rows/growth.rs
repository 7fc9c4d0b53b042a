use super::Row;
use crate::bench::Bench;
use crate::bench::measured::Measured;
use crate::bench::samples::{Samples, number};
use crate::bench::stage::{BROKER, Stage};
use std::time::Instant;

pub(crate) const ROW: Row = Row {
    name: "growth",
    title: "Many accounts and tokens",
    how: "Answers: the broker's service with a cloud in its own process, on a bus each with one account and with many,\n\
          which hold a token and many tokens each. The same client asks each in turns for a held token: of the default\n\
          account, and of the account that comes last. Start: the broker with an encrypted file of one account and of\n\
          many, in turns, until `Ping` and until the accounts are listed; its key is derived from a passphrase, which\n\
          takes long on purpose and does not grow.",
    run,
};

fn run(bench: &Bench<'_>) -> Result<Measured, String> {
    let mut measured = Measured::default();
    answers(bench, &mut measured)?;
    start(bench, &mut measured)?;
    Ok(measured)
}

fn answers(bench: &Bench<'_>, measured: &mut Measured) -> Result<(), String> {
    let (accounts, tokens) = (bench.extent.sign_ins, bench.extent.tokens_of_each);
    let (small, large) = (
        Stage::set(bench.programs, 1)?,
        Stage::set(bench.programs, 2)?,
    );
    let (_one, _many) = (small.harness_of(1)?, large.harness_of(accounts)?);
    let of_many = large.request("of-many.json");
    large.call(&[
        "fill",
        BROKER,
        &of_many,
        &accounts.to_string(),
        &tokens.to_string(),
    ])?;
    let last = (accounts - 1).to_string();
    let text = std::fs::read_to_string(large.file("of-many.json")).unwrap_or_default();
    let text = text.replace("{n}", &last).replace("{m}", "0");
    std::fs::write(large.file("of-last.json"), text).map_err(|error| error.to_string())?;
    let calls = bench.extent.calls.to_string();
    let mut p50s = [Samples::default(), Samples::default(), Samples::default()];
    // The first round makes what later ones find.
    for round in 0..=bench.extent.rounds {
        for (p50, (stage, request)) in p50s.iter_mut().zip([
            (&small, "silent.json"),
            (&large, "silent.json"),
            (&large, "of-last.json"),
        ]) {
            let result = stage.call(&["calls", BROKER, &stage.request(request), &calls])?;
            if round > 0 {
                p50.push(Samples::of_json(&result["took"])?.median() / 1e6);
            }
        }
    }
    let [one, default, last] = p50s;
    let many = format!(
        "{} accounts × {} tokens",
        number(accounts as f64),
        number(tokens as f64)
    );
    let mut lines = vec![vec!["one account".into(), one.shown(), String::new()]];
    for (what, p50) in [("default account", &default), ("last of them", &last)] {
        let ratio = p50.over(&one);
        measured.at_most(
            &format!("Silent answer with {many} held ({what}), p50 to that with one account"),
            "×",
            1.2,
            ratio.median(),
            &format!("{} ×", ratio.shown()),
        );
        lines.push(vec![format!("{many}, {what}"), p50.shown(), ratio.shown()]);
    }
    measured.table(&["held", "p50, ms", "to one account"], lines);
    measured.raw("one_ms", one.json());
    measured.raw("default_ms", default.json());
    measured.raw("last_ms", last.json());
    Ok(())
}

fn start(bench: &Bench<'_>, measured: &mut Measured) -> Result<(), String> {
    let accounts = bench.extent.sign_ins;
    let small = Stage::set(bench.programs, 1)?;
    let large = Stage::set(bench.programs, accounts)?;
    let mut sign_ins = Vec::new();
    for (stage, accounts) in [(&small, 1), (&large, accounts)] {
        stage.keep_in_file()?;
        let broker = stage.broker(&[])?;
        let request = stage.request("sign-in.json");
        let since = Instant::now();
        stage.call(&["sign-in", BROKER, &request, "0", &accounts.to_string()])?;
        sign_ins.push(number(
            since.elapsed().as_secs_f64() * 1e3 / accounts as f64,
        ));
        broker.end();
    }
    let mut lines = Vec::new();
    let many = number(accounts as f64);
    for (method, what) in [
        ("Ping", "first `Ping`"),
        ("getAccounts", "first list of accounts"),
    ] {
        let (mut one, mut all) = (Samples::default(), Samples::default());
        for _ in 0..bench.extent.rounds * 3 {
            for (stage, took) in [(&small, &mut one), (&large, &mut all)] {
                let (broker, time) = stage.first_answer(BROKER, &stage.broker_line(), method)?;
                broker.end();
                took.push(time / 1e6);
            }
        }
        let ratio = all.over(&one);
        measured.at_most(
            &format!("Start to the {what} with {many} accounts, to that with one"),
            "×",
            2.0,
            ratio.median(),
            &format!("{} ×", ratio.shown()),
        );
        lines.push(vec![
            format!("start to the {what}"),
            one.shown(),
            all.shown(),
            ratio.shown(),
        ]);
        measured.raw(&format!("{method}_one_ms"), one.json());
        measured.raw(&format!("{method}_many_ms"), all.json());
    }
    let mut mean = vec!["a sign-in, its user and the emulated cloud included, mean".to_owned()];
    mean.extend(sign_ins);
    mean.push(String::new());
    lines.push(mean);
    measured.table(
        &[
            "accounts in an encrypted file",
            "one, ms",
            &format!("{many}, ms"),
            "ratio",
        ],
        lines,
    );
    Ok(())
}
