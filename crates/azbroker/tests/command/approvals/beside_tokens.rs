//! What programs get that is no token: the list of accounts, and signatures.

use super::{
    desktop::Desktop,
    programs::{Broker, CORRELATION_ID, INTERFACE, Machine, call_of, context, status},
};
use crate::setup::{code, stdout};
use azbroker_emulator::default_world::ADA;
use serde_json::{Value, json};
use std::{path::Path, process::Command};

fn ask(program: &mut Command, method: &str, request: &Value) -> Value {
    let texts = ["0.0", CORRELATION_ID, &request.to_string()];
    call_of(program, INTERFACE, method, &texts)
}

fn accounts(machine: &Machine, program: &Path) -> Vec<Value> {
    let request = json!({ "clientId": "x" });
    let answer = ask(&mut machine.at(program), "getAccounts", &request);
    answer["accounts"].as_array().unwrap().clone()
}

#[test]
fn a_signature_needs_an_approval_and_nobody_is_asked_for_one() {
    let machine = Machine::new();
    let desktop = Desktop::start(&machine, Some("always"));
    let _broker = Broker::start(&machine, &["--approvals", "ask"]);
    let one = machine.program("one");
    let home = accounts(&machine, &one)[0]["homeAccountId"].clone();
    let request = json!({
        "clientId": "x",
        "popParams": {
            "homeAccountId": home, "httpMethod": "GET", "uriHost": "h", "uriPath": "/"
        },
    });
    let sign = || ask(&mut machine.at(&one), "generateSignedHttpRequest", &request);
    let path = one.to_str().unwrap();
    let unasked = sign();
    assert_eq!(
        (status(&unasked), context(&unasked)),
        (
            Some(2),
            &*format!(
                "'one' has no approval yet for tokens of {ADA}; ask for one interactively first, \
                 or allow it with `azbroker rules allow {path}`"
            )
        )
    );
    machine.azbroker(&["rules", "allow", path, "--for", "once"]);
    assert_eq!(status(&sign()), Some(2), "that is for one token");
    machine.azbroker(&["rules", "remove", "--all"]);

    let narrow = ["--account", ADA, "--resource", "https://vault.azure.net"];
    let allowed = machine.azbroker(&[&["rules", "allow", path][..], &narrow].concat());
    assert_eq!(code(&allowed), 0, "{allowed:?}");
    let signed = sign();
    let signed = signed["signedHttpRequest"].as_str().expect("a signature");
    assert_eq!(signed.split('.').count(), 3);
    machine.azbroker(&["rules", "deny", path]);
    let denied = sign();
    assert_eq!(
        (status(&denied), context(&denied)),
        (
            Some(7),
            "a rule denies 'one' tokens of that account; see `azbroker rules`"
        ),
        "whose it is, the request did not say"
    );
    assert!(desktop.shown().is_empty());
}

#[test]
fn who_was_denied_an_account_neither_sees_nor_removes_it() {
    let machine = Machine::new();
    let broker = Broker::start(&machine, &["--approvals", "ask"]);
    let (one, two) = (machine.program("one"), machine.program("two"));
    let path = one.to_str().unwrap();
    let remove = |program: &Path| {
        let request = json!({ "clientId": "x", "account": { "username": ADA } });
        ask(&mut machine.at(program), "removeAccount", &request)
    };
    let own_status = |program: &Path| {
        let texts = ["0.0", CORRELATION_ID, "{}"];
        let own = "com.github.azbroker.Broker1";
        call_of(&mut machine.at(program), own, "getStatus", &texts)
    };
    let home = accounts(&machine, &two)[0]["homeAccountId"].clone();
    // Clients list the accounts before they ask for anything.
    assert_eq!(accounts(&machine, &one).len(), 1);
    let elsewhere = ["--resource", "https://graph.microsoft.com"];
    machine.azbroker(&[&["rules", "deny", path][..], &elsewhere].concat());
    assert_eq!(accounts(&machine, &one).len(), 1, "it may have others");
    machine.azbroker(&["rules", "deny", path]);
    assert!(accounts(&machine, &one).is_empty());
    assert_eq!(status(&remove(&one)), Some(7));
    assert_eq!(accounts(&machine, &two).len(), 1);
    // Nor does it hear of the account in other ways.
    let said = own_status(&one);
    assert_eq!(said["accounts"], 0, "{said}");
    assert!(!said.to_string().contains(ADA), "{said}");
    let said = own_status(&two);
    assert_eq!(said["defaultAccount"]["username"], ADA, "{said}");
    let by_id = json!({ "clientId": "x", "account": { "homeAccountId": home } });
    let denied = ask(&mut machine.at(&one), "removeAccount", &by_id);
    assert_eq!(
        context(&denied),
        "a rule denies 'one' tokens of that account; see `azbroker rules`"
    );
    drop(broker);

    let _broker = Broker::start(&machine, &["--approvals", "deny"]);
    assert!(accounts(&machine, &two).is_empty());
    assert_eq!(status(&remove(&two)), Some(7));
    let own = machine.azbroker(&["accounts"]);
    assert!(stdout(&own).starts_with(ADA), "{own:?}");
    machine.azbroker(&["rules", "allow", two.to_str().unwrap()]);
    assert_eq!(accounts(&machine, &two).len(), 1);
    assert_eq!(remove(&two)["removed"], true);
}
