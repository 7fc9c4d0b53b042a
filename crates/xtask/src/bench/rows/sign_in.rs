use super::Row;
use crate::bench::Bench;
use crate::bench::measured::Measured;
use crate::bench::samples::{Samples, number};
use crate::bench::stage::{BROKER, Stage};

pub(crate) const ROW: Row = Row {
    name: "sign-in",
    title: "A sign-in, without its user",
    how: "From the call to the start of the program that `BROWSER` names, as that program says; from the moment Entra ID\n\
          sends the browser back to the answered call. The authority's part of the latter is what a bare HTTP client\n\
          needs for the same redemption in the same run, over a connection of its own.",
    run,
};

fn run(bench: &Bench<'_>) -> Result<Measured, String> {
    let mut stage = Stage::set(bench.programs, 1)?;
    let _broker = stage.broker(&[])?;
    let request = stage.request("sign-in.json");
    let (mut to_browser, mut to_answer) = (Samples::default(), Samples::default());
    let (mut authority, mut after_tokens) = (Samples::default(), Samples::default());
    for _ in 0..bench.extent.rounds * 3 {
        stage.order("forget")?;
        let times = stage.call(&["sign-in", BROKER, &request, "0", "1"])?;
        let story = stage.order("story")?;
        let time = |value: &serde_json::Value| value.as_f64().ok_or("a time is missing".to_owned());
        let (asked, answered) = (time(&times[0][0])?, time(&times[0][1])?);
        to_browser.push((time(&story["browser_started"])? - asked) / 1e6);
        to_answer.push((answered - time(&story["redirect_sent"])?) / 1e6);
        after_tokens.push((answered - time(&story["tokens_answered"])?) / 1e6);
        let bare = stage.order("redeem 1")?;
        authority.push(Samples::of_json(&bare)?.median() / 1e6);
    }
    let own = to_answer.less(&authority);
    let mut measured = Measured::default();
    let shown = format!("{} ms", to_browser.shown());
    measured.at_most(
        "Request to browser start, p50",
        "ms",
        30.0,
        to_browser.median(),
        &shown,
    );
    let shown = format!("{} ms", own.shown());
    measured.at_most(
        "Redirect to answered call, beyond the authority's answer, p50",
        "ms",
        10.0,
        own.median(),
        &shown,
    );
    let line = |name: &str, samples: &Samples| {
        vec![
            name.to_owned(),
            samples.shown(),
            number(samples.percentile(0.9)),
        ]
    };
    measured.table(
        &["", "p50 (least to most), ms", "p90, ms"],
        vec![
            line("request to browser start", &to_browser),
            line("redirect sent to answered call", &to_answer),
            line("a bare client's redemption", &authority),
            line("beyond it", &own),
            line("tokens sent to answered call", &after_tokens),
        ],
    );
    measured.raw("to_browser_ms", to_browser.json());
    measured.raw("to_answer_ms", to_answer.json());
    measured.raw("authority_ms", authority.json());
    Ok(measured)
}
