//! How long a rule holds.

use super::programs::{Broker, Machine, call, status};
use crate::setup::{code, stderr, stdout};
use std::fs;

#[test]
fn a_rule_until_the_broker_ends_needs_one_and_is_shown_to_be_over() {
    let machine = Machine::new();
    let one = machine.program("one");
    let path = one.to_str().unwrap();
    let silent = || status(&call(&mut machine.at(&one), "acquireTokenSilently"));
    let session = |verdict| machine.azbroker(&["rules", verdict, path, "--for", "session"]);
    let listed = || {
        let json = machine.azbroker(&["rules", "--output", "json"]);
        let json: serde_json::Value = serde_json::from_str(stdout(&json)).unwrap();
        let text = machine.azbroker(&["rules"]);
        let text = stdout(&text).trim_end().rsplit("  ").next();
        (text.unwrap().to_owned(), json["rules"][0]["holds"].clone())
    };
    for verdict in ["allow", "deny"] {
        let refused = session(verdict);
        assert_eq!(
            (code(&refused), stderr(&refused)),
            (
                3,
                "error: no azbroker runs here whose end the rule could last until\n\
                 hint: start one with `azbroker serve`, or give --for day\n"
            )
        );
    }
    assert_eq!(
        stderr(&machine.azbroker(&["rules"])),
        "there are no rules\n"
    );

    let broker = Broker::start(&machine, &["--approvals", "deny"]);
    let allowed = session("allow");
    assert_eq!(code(&allowed), 0, "{allowed:?}");
    assert_eq!(silent(), None);
    assert_eq!(listed(), ("until the broker ends".to_owned(), true.into()));
    drop(broker);
    let over = "ended with the broker";
    assert_eq!(listed(), (over.to_owned(), false.into()));

    // As one that an earlier broker was there for: times have whole seconds.
    let file = machine.state().join("rules.json");
    let rules: serde_json::Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    let made_on = rules["rules"][0]["madeOn"].as_i64().unwrap();
    let mut earlier = rules.clone();
    earlier["rules"][0]["madeOn"] = (made_on - 60).into();
    fs::write(&file, earlier.to_string()).unwrap();
    let _broker = Broker::start(&machine, &["--approvals", "deny"]);
    assert_eq!(silent(), Some(7));
    assert_eq!(listed(), (over.to_owned(), false.into()));
}
