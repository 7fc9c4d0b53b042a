use super::Row;
use crate::bench::Bench;
use crate::bench::measured::Measured;
use crate::bench::samples::{Samples, number};
use crate::bench::stage::{BROKER, Stage};

pub(crate) const ROW: Row = Row {
    name: "growth",
    title: "Many accounts",
    how: "Two brokers on a bus each: one holds one account, the other many, each with an access token. The same client\n\
          asks each for its default account's token, in turns, and the larger one for the account that signed in first.",
    run,
};

fn run(bench: &Bench<'_>) -> Result<Measured, String> {
    let accounts = bench.extent.sign_ins;
    let small = Stage::set(bench.programs, 1)?;
    let large = Stage::set(bench.programs, accounts)?;
    let (_one, _many) = (small.broker(&[])?, large.broker(&[])?);
    small.sign_in()?;
    let request = large.request("sign-in.json");
    large.call(&["sign-in", BROKER, &request, "0", &accounts.to_string()])?;
    let mut p50s = [Samples::default(), Samples::default(), Samples::default()];
    let calls = bench.extent.calls.to_string();
    for _ in 0..bench.extent.rounds {
        let silent = small.request("silent.json");
        let result = small.call(&["calls", BROKER, &silent, &calls])?;
        p50s[0].push(Samples::of_json(&result["took"])?.median() / 1e6);
        let silent = large.request("silent.json");
        let result = large.call(&["calls", BROKER, &silent, &calls])?;
        p50s[1].push(Samples::of_json(&result["took"])?.median() / 1e6);
        let of_first = large.request("of-first.json");
        let result = large.call(&["calls", BROKER, &of_first, &calls])?;
        p50s[2].push(Samples::of_json(&result["took"])?.median() / 1e6);
    }
    let [one, newest, first] = p50s;
    let many = number(accounts as f64);
    let mut measured = Measured::default();
    for (what, p50) in [("default account", &newest), ("first of them", &first)] {
        let ratio = p50.over(&one);
        measured.at_most(
            &format!("Silent answer with {many} accounts held ({what}), p50 to that with one"),
            "×",
            1.2,
            ratio.median(),
            &format!("{} ×", ratio.shown()),
        );
    }
    measured.open(
        "50 tokens of each of 1,000 accounts; start with them",
        "p50 ≤ 1.2 ×, start ≤ 2 ×",
        "the broker holds 1,000 access tokens at the most, and what it starts with is the keyring's to hold",
    );
    let line =
        |name: &str, p50: &Samples| vec![name.to_owned(), p50.shown(), p50.over(&one).shown()];
    measured.table(
        &["held", "p50, ms", "to one account"],
        vec![
            line("one account", &one),
            line(
                &format!("{many} accounts, asked for the default one"),
                &newest,
            ),
            line(&format!("{many} accounts, asked for the first one"), &first),
        ],
    );
    measured.raw("one_ms", one.json());
    measured.raw("newest_ms", newest.json());
    measured.raw("first_ms", first.json());
    Ok(measured)
}
