//! Which program may have a token: a real bus, other people's programs, and a notification server that presses
//! buttons.

mod beside_tokens;
mod desktop;
pub(crate) mod programs;
mod rules;
mod standing;
mod waiting;

use crate::setup::{code, stderr, stdout};
use azbroker_emulator::{Behavior, default_world::ADA};
use desktop::Desktop;
use futures_util::future::join_all;
use programs::{Broker, Machine, Terminal, call, context, status};

#[test]
fn a_program_is_asked_about_once_and_another_one_again() {
    let machine = Machine::new();
    let desktop = Desktop::start(&machine, Some("day"));
    let broker = Broker::start(&machine, &["--approvals", "ask"]);
    let (one, two) = (machine.program("one"), machine.program("two"));

    let silent = call(&mut machine.at(&one), "acquireTokenSilently");
    assert_eq!(
        (status(&silent), context(&silent)),
        (
            Some(2),
            &*format!(
                "'one' has no approval yet for tokens of {ADA} for https://vault.azure.net; \
                 ask interactively, or allow it with `azbroker rules allow {}`",
                one.display()
            )
        )
    );
    assert!(desktop.shown().is_empty(), "silence shows nothing");

    let interactive = call(&mut machine.at(&one), "acquireTokenInteractively");
    assert_eq!(status(&interactive), None, "{interactive}");
    let shown = desktop.shown();
    assert_eq!(shown.len(), 1);
    assert_eq!(shown[0].title, "May one have a token?");
    for part in [
        &*format!("Program: {}, process ", one.display()),
        "For: https://vault.azure.net\n",
        &*format!("Account: {ADA}\n"),
        "Application: 04b07795-8ddb-461a-bbee-02f9e1bf7b46\n",
    ] {
        assert!(shown[0].body.contains(part), "{part}: {}", shown[0].body);
    }
    let labels: Vec<_> = shown[0].actions.iter().skip(1).step_by(2).collect();
    assert_eq!(labels, ["Allow for a day", "Always allow", "Deny"]);

    // It is remembered, for this file and no other, and over the end of the broker.
    assert_eq!(
        status(&call(&mut machine.at(&one), "acquireTokenSilently")),
        None
    );
    assert_eq!(
        status(&call(&mut machine.at(&two), "acquireTokenSilently")),
        Some(2)
    );
    let listed = machine.azbroker(&["rules"]);
    assert_eq!(
        stdout(&listed),
        format!(
            "  1  allow  {}  account {ADA}  https://vault.azure.net  \
             application 04b07795-8ddb-461a-bbee-02f9e1bf7b46  for a day\n",
            one.display()
        )
    );
    drop(broker);
    let _broker = Broker::start(&machine, &["--approvals", "ask"]);
    assert_eq!(
        status(&call(&mut machine.at(&one), "acquireTokenSilently")),
        None
    );

    assert_eq!(code(&machine.azbroker(&["rules", "remove", "1"])), 0);
    assert_eq!(
        status(&call(&mut machine.at(&one), "acquireTokenSilently")),
        Some(2)
    );
    assert_eq!(desktop.shown().len(), 1);
}

#[test]
fn a_burst_of_requests_is_one_question() {
    let machine = Machine::new();
    let desktop = Desktop::start(&machine, None);
    let _broker = Broker::start(&machine, &["--approvals", "ask"]);
    machine.runtime.block_on(async {
        let connections = join_all((0..4).map(|_| machine.world.bus_client())).await;
        let interactive = connections.iter().flat_map(|connection| {
            (0..4).map(|_| programs::ask(connection, "acquireTokenInteractively"))
        });
        let interactive = join_all(interactive);
        let silent = async {
            desktop.wait_for_one().await;
            let silent = (0..36).map(|_| programs::ask(&connections[0], "acquireTokenSilently"));
            let silent = join_all(silent).await;
            assert!(silent.iter().all(|answer| status(answer) == Some(2)));
            desktop.press("always").await;
        };
        let (interactive, ()) = futures_util::join!(interactive, silent);
        for answer in &interactive {
            assert_eq!(status(answer), None, "{answer}");
        }
    });
    assert_eq!(desktop.shown().len(), 1);
}

#[test]
fn a_no_is_remembered_and_a_closed_notification_is_not() {
    let machine = Machine::new();
    let desktop = Desktop::start(&machine, Some("close"));
    let _broker = Broker::start(&machine, &["--approvals", "ask"]);
    let one = machine.program("one");
    for asked in 1..=2 {
        let answer = call(&mut machine.at(&one), "acquireTokenInteractively");
        assert_eq!(
            (status(&answer), context(&answer)),
            (
                Some(7),
                &*format!(
                    "nobody allowed 'one' to have a token for https://vault.azure.net; ask again, \
                     or allow it with `azbroker rules allow {}`",
                    one.display()
                )
            )
        );
        assert_eq!(desktop.shown().len(), asked);
    }
    desktop.presses(Some("deny"));
    for method in [
        "acquireTokenInteractively",
        "acquireTokenInteractively",
        "acquireTokenSilently",
    ] {
        assert_eq!(status(&call(&mut machine.at(&one), method)), Some(7));
    }
    assert_eq!(
        desktop.shown().len(),
        3,
        "who was denied does not ask again"
    );
    let denied = call(&mut machine.at(&one), "acquireTokenSilently");
    assert_eq!(
        context(&denied),
        "a rule denies 'one' tokens for https://vault.azure.net; see `azbroker rules`"
    );
}

#[test]
fn a_question_nobody_needs_any_more_is_taken_away() {
    let machine = Machine::new();
    let desktop = Desktop::start(&machine, None);
    let _broker = Broker::start(&machine, &["--approvals", "ask"]);
    let mut asking = machine
        .at(machine.program("one"))
        .args(programs::arguments("acquireTokenInteractively"))
        .spawn()
        .unwrap();
    machine.runtime.block_on(desktop.wait_for_one());
    asking.kill().unwrap();
    asking.wait().unwrap();
    machine.runtime.block_on(desktop.wait_for_none());
}

#[test]
fn without_a_desktop_the_browser_asks_and_a_no_there_says_what_to_do() {
    let machine = Machine::new();
    let _broker = Broker::start(&machine, &["--approvals", "ask"]);
    let (one, two) = (machine.program("one"), machine.program("two"));
    machine.world.user.lock().unwrap().behavior = Behavior::Decline;
    let answer = call(&mut machine.at(&one), "acquireTokenInteractively");
    assert_eq!(status(&answer), Some(7), "{answer}");
    assert!(
        context(&answer).contains("`azbroker rules allow /"),
        "{answer}"
    );
    machine.world.user.lock().unwrap().behavior = Behavior::Complete;
    let answer = call(&mut machine.at(&two), "acquireTokenInteractively");
    assert_eq!(status(&answer), None, "{answer}");
    assert_eq!(
        status(&call(&mut machine.at(&two), "acquireTokenSilently")),
        None
    );

    // The user's own hand needs no approval.
    let token = machine.azbroker(&["token", "--scope", "https://vault.azure.net/.default"]);
    assert_eq!(code(&token), 0, "{token:?}");
}

#[test]
fn a_broker_that_asks_nobody_follows_rules_alone() {
    let machine = Machine::new();
    let desktop = Desktop::start(&machine, Some("always"));
    let _broker = Broker::start(&machine, &["--approvals", "deny"]);
    let one = machine.program("one");
    for method in ["acquireTokenSilently", "acquireTokenInteractively"] {
        let answer = call(&mut machine.at(&one), method);
        assert_eq!(
            (status(&answer), context(&answer)),
            (
                Some(7),
                &*format!(
                    "this broker asks nobody, and no rule allows 'one' tokens for https://vault.azure.net; \
                     allow it with `azbroker rules allow {}`",
                    one.display()
                )
            )
        );
    }
    assert!(desktop.shown().is_empty());
    let allowed = machine.azbroker(&["rules", "allow", one.to_str().unwrap(), "--for", "once"]);
    assert_eq!(code(&allowed), 0, "{allowed:?}");
    assert_eq!(
        status(&call(&mut machine.at(&one), "acquireTokenSilently")),
        None
    );
    assert_eq!(
        status(&call(&mut machine.at(&one), "acquireTokenSilently")),
        Some(7),
        "once is once"
    );
}

#[test]
fn a_person_at_the_brokers_terminal_is_asked_there() {
    let machine = Machine::new();
    let one = machine.program("one");
    let mut terminal = Terminal::start(&machine, "-v serve --foreground");
    terminal.wait_for("the broker serves");
    machine.sign_in();
    let asking = machine
        .at(&one)
        .args(programs::arguments("acquireTokenInteractively"))
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    terminal.wait_for("May one have a token?");
    terminal.wait_for("y for a day, once, always, or n?");
    terminal.types("what\n");
    terminal.wait_for("y for a day, once, always, or n?");
    terminal.types("y\n");
    let answer = programs::answer(&asking.wait_with_output().unwrap());
    assert_eq!(status(&answer), None, "{answer}");
    assert_eq!(
        status(&call(&mut machine.at(&one), "acquireTokenSilently")),
        None
    );
    drop(terminal);

    let none = machine
        .world
        .azbroker(&["serve", "--foreground"])
        .output()
        .unwrap();
    assert_eq!(code(&none), 2);
    assert!(
        stderr(&none).contains("error: --foreground asks at a terminal, and here is none\n"),
        "{none:?}"
    );
}

#[test]
fn every_refused_request_is_in_the_log_and_a_loop_does_not_fill_it() {
    let machine = Machine::new();
    let broker = Broker::start(&machine, &["--approvals", "ask"]);
    let one = machine.program("one");
    let texts = ["0.0", programs::CORRELATION_ID, "{"];
    let method = "acquireTokenSilently";
    let malformed = programs::call_of(&mut machine.at(&one), programs::INTERFACE, method, &texts);
    assert_eq!(status(&malformed), Some(6));
    for _ in 0..12 {
        let silent = call(&mut machine.at(&one), method);
        assert_eq!(status(&silent), Some(2));
    }
    broker.end_in_order();
    let log = machine.azbroker(&["log", "--output", "json"]);
    let refused: Vec<_> = stdout(&log)
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .filter(|entry| entry["outcome"] == "refused")
        .map(|entry| (entry["status"].as_i64(), entry["times"].as_u64()))
        .collect();
    assert_eq!(
        refused,
        [
            (Some(6), None),
            (Some(2), None),
            (Some(2), Some(9)),
            (Some(2), Some(2))
        ]
    );
    let text = machine.azbroker(&["log"]);
    assert!(
        stdout(&text).contains(" (9 times since the last such line)\n"),
        "{text:?}"
    );
}

#[test]
fn the_log_says_who_got_what_and_has_no_token() {
    let machine = Machine::new();
    let broker = Broker::start(&machine, &["--approvals", "ask"]);
    let one = machine.program("one");
    call(&mut machine.at(&one), "acquireTokenSilently");
    machine.azbroker(&["rules", "allow", one.to_str().unwrap()]);
    let answer = call(&mut machine.at(&one), "acquireTokenSilently");
    let token = answer["brokerTokenResponse"]["accessToken"]
        .as_str()
        .unwrap();
    // What waits to be written is written when the broker ends.
    broker.end_in_order();

    let log = machine.azbroker(&["log", "--output", "json"]);
    assert!(!stdout(&log).contains(token));
    let entries: Vec<serde_json::Value> = stdout(&log)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(entries.len(), 3, "{entries:?}");
    assert_eq!(
        (&entries[0]["outcome"], &entries[0]["source"]),
        (&"given".into(), &"signedIn".into())
    );
    let (refused, given) = (&entries[1], &entries[2]);
    for entry in [refused, given] {
        assert_eq!(entry["program"], one.to_str().unwrap());
        assert!(entry["process"].as_u64().unwrap() > 1);
        assert_eq!(entry["resource"], "https://vault.azure.net");
        assert_eq!(entry["clientId"], "04b07795-8ddb-461a-bbee-02f9e1bf7b46");
        assert_eq!(entry["correlationId"], programs::CORRELATION_ID);
        assert!(entry["time"].as_str().unwrap().ends_with('Z'));
    }
    assert_eq!(
        (&refused["outcome"], &refused["status"]),
        (&"refused".into(), &2.into())
    );
    assert!(
        refused["reason"]
            .as_str()
            .unwrap()
            .starts_with("'one' has no approval yet")
    );
    assert_eq!(
        (&given["outcome"], &given["account"]),
        (&"given".into(), &ADA.into())
    );

    let text = machine.azbroker(&["log"]);
    let last = stdout(&text).lines().last().unwrap();
    assert!(
        last.contains(&format!("  given    {} (", one.display())),
        "{last}"
    );
}

#[test]
fn a_passphrase_is_asked_for_at_the_terminal_and_never_shown() {
    const FIRST: &str = "correct-horse";
    let machine = Machine::new();
    let serve = "-v serve --foreground --store file";
    let asks = "passphrase of the encrypted file:";

    let mut terminal = Terminal::start(&machine, serve);
    terminal.wait_for(asks);
    terminal.types(&format!("{FIRST}\n"));
    terminal.wait_for("the file is new; the same again:");
    terminal.types("another\n");
    terminal.wait_for("the two differ");
    terminal.wait_for(asks);
    terminal.types(&format!("{FIRST}\n"));
    terminal.wait_for("the same again:");
    terminal.types(&format!("{FIRST}\n"));
    let shown = terminal.wait_for("the broker serves");
    assert!(!shown.contains("correct"), "{shown}");
    machine.sign_in();
    drop(terminal);

    let mut terminal = Terminal::start(&machine, serve);
    for _ in 0..2 {
        terminal.wait_for(asks);
        terminal.types("wrong\n");
        terminal.wait_for("the file was encrypted under another passphrase");
    }
    terminal.wait_for(asks);
    terminal.types(&format!("{FIRST}\n"));
    terminal.wait_for("the broker serves");
    let accounts = machine.azbroker(&["accounts"]);
    assert!(stdout(&accounts).contains(ADA), "{accounts:?}");
    drop(terminal);

    let mut terminal = Terminal::start(&machine, serve);
    for _ in 0..3 {
        terminal.wait_for(asks);
        terminal.types("wrong\n");
    }
    terminal.wait_for("error: no passphrase for the encrypted file was given");
    drop(terminal);

    // What needs no key asks for none.
    let mut terminal = Terminal::start(&machine, "-v serve --foreground");
    let shown = terminal.wait_for("the broker serves");
    assert!(!shown.contains(asks), "{shown}");
}
