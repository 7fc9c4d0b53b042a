//! Which program may have a token: a real bus, other people's programs, and a notification server that presses
//! buttons.

mod beside_tokens;
mod desktop;
mod lasting;
mod log;
pub(crate) mod programs;
mod resources;
mod rules;
mod standing;
mod terminal;
mod unread_rules;
mod waiting;

use crate::setup::{code, stdout};
use azbroker_emulator::{Behavior, default_world::ADA};
use desktop::Desktop;
use futures_util::future::join_all;
use programs::{Broker, Machine, call, context, status};

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
fn a_no_outlives_the_broker_until_it_is_taken_back() {
    let machine = Machine::new();
    let desktop = Desktop::start(&machine, Some("deny"));
    let broker = Broker::start(&machine, &["--approvals", "ask"]);
    let one = machine.program("one");
    let path = one.display();
    let denied = call(&mut machine.at(&one), "acquireTokenInteractively");
    assert_eq!(
        (status(&denied), context(&denied)),
        (
            Some(7),
            &*format!(
                "nobody allowed 'one' to have a token for https://vault.azure.net, and a rule \
                 denies it now; remove that one of `azbroker rules`, then allow it with \
                 `azbroker rules allow {path}`"
            )
        )
    );
    drop(broker);
    let _broker = Broker::start(&machine, &["--approvals", "ask"]);
    for method in ["acquireTokenSilently", "acquireTokenInteractively"] {
        assert_eq!(status(&call(&mut machine.at(&one), method)), Some(7));
    }
    assert_eq!(desktop.shown().len(), 1, "who said no is not asked again");
    let listed = machine.azbroker(&["rules"]);
    assert_eq!(
        stdout(&listed),
        format!(
            "  1  deny  {path}  account {ADA}  https://vault.azure.net  \
             application 04b07795-8ddb-461a-bbee-02f9e1bf7b46  always\n"
        )
    );
    assert_eq!(code(&machine.azbroker(&["rules", "remove", "1"])), 0);
    desktop.presses(Some("day"));
    let answer = call(&mut machine.at(&one), "acquireTokenInteractively");
    assert_eq!(status(&answer), None, "{answer}");
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
