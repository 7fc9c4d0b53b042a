//! `azbroker log`: who got what.

use super::{
    desktop::Desktop,
    programs::{self, Broker, Machine, call, status},
};
use crate::setup::{code, stderr, stdout};
use azbroker_emulator::default_world::ADA;
use std::{collections::BTreeSet, os::unix::fs::PermissionsExt, process::Command};

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
            (Some(2), None),
            (Some(2), None),
            (Some(2), Some(7)),
            (Some(2), Some(2))
        ]
    );
    let text = machine.azbroker(&["log"]);
    assert!(
        stdout(&text).contains(" (7 times since the last such line)\n"),
        "{text:?}"
    );
}

#[test]
fn every_refusal_that_differs_is_in_the_log_of_a_broker_that_runs() {
    let machine = Machine::new();
    let _broker = Broker::start(&machine, &["--approvals", "ask"]);
    let one = machine.program("one");
    let mut wanted = BTreeSet::new();
    for number in 0..12 {
        let resource = format!("https://vault{number}.example");
        let request = programs::request().replace("https://vault.azure.net", &resource);
        let texts = ["0.0", programs::CORRELATION_ID, &request];
        let program = &mut machine.at(&one);
        let method = "acquireTokenSilently";
        let silent = programs::call_of(program, programs::INTERFACE, method, &texts);
        assert_eq!(status(&silent), Some(2));
        wanted.insert(resource);
    }
    // The last lines come to the disk a quarter of a second after they were put into words.
    let logged = || {
        let log = machine.azbroker(&["log", "--output", "json"]);
        let lines = stdout(&log).lines();
        let entries = lines.map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        let refused = entries.filter(|entry| entry["outcome"] == "refused");
        let resources = refused.map(|entry| {
            assert_eq!(entry["times"], serde_json::Value::Null, "{entry}");
            entry["resource"].as_str().unwrap().to_owned()
        });
        resources.collect::<BTreeSet<_>>()
    };
    let last = (0..1_000)
        .map(|_| logged())
        .find(|logged| *logged == wanted);
    assert!(last.is_some(), "{:?}", logged());
}

#[test]
fn a_line_for_refusals_of_several_kinds_says_so() {
    let machine = Machine::new();
    std::fs::create_dir_all(machine.state()).unwrap();
    let written = r#"{"time":"2026-05-04T09:00:00Z","program":"/usr/bin/one","process":7,"clientId":null,"account":null,"resource":null,"outcome":"refused","status":2,"reason":"no","times":40,"severalKinds":true,"correlationId":"c"}"#;
    std::fs::write(machine.state().join("log.jsonl"), written).unwrap();
    let text = machine.azbroker(&["log"]);
    assert_eq!(
        stdout(&text),
        "2026-05-04T09:00:00Z  refused  /usr/bin/one (7)  -  -  application -  correlation c  40 refusals of several \
         kinds, too many to be named one by one; the last one: status 2: no\n"
    );
    let json = machine.azbroker(&["log", "--output", "json"]);
    let json: serde_json::Value = serde_json::from_str(stdout(&json)).unwrap();
    assert_eq!(
        json,
        serde_json::from_str::<serde_json::Value>(written).unwrap()
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
fn the_log_names_the_account_of_a_refusal_and_the_reply_does_not() {
    let machine = Machine::new();
    let desktop = Desktop::start(&machine, Some("deny"));
    let broker = Broker::start(&machine, &["--approvals", "ask"]);
    let (one, two) = (machine.program("one"), machine.program("two"));
    machine.azbroker(&["rules", "deny", one.to_str().unwrap()]);
    // None of them names an account.
    for (program, method) in [
        (&one, "acquireTokenSilently"),
        (&one, "acquireTokenInteractively"),
        (&two, "acquireTokenInteractively"),
    ] {
        let denied = call(&mut machine.at(program), method);
        assert_eq!(status(&denied), Some(7), "{denied}");
        assert!(!denied.to_string().contains(ADA), "{denied}");
    }
    assert_eq!(desktop.shown().len(), 1);
    broker.end_in_order();
    let log = machine.azbroker(&["log", "--output", "json"]);
    let refused: Vec<_> = stdout(&log)
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .filter(|entry| entry["outcome"] == "refused")
        .map(|entry| (entry["program"].clone(), entry["account"].clone()))
        .collect();
    // Of those that are the same, few have a line each.
    let expected = [&one, &one, &two].map(|path| (path.to_str().unwrap().into(), ADA.into()));
    assert_eq!(refused, expected);
}

#[test]
fn a_pipe_in_the_place_of_the_log_is_not_waited_for() {
    let machine = Machine::new();
    let folder = machine.state();
    std::fs::create_dir_all(&folder).unwrap();
    let made = Command::new("mkfifo")
        .arg(folder.join("log.jsonl"))
        .status();
    assert!(made.unwrap().success());
    let log = machine.azbroker(&["log"]);
    assert_eq!(code(&log), 3);
    let said = stderr(&log);
    assert!(
        said.contains("log.jsonl cannot be read: it is no file\nhint: move away what is there"),
        "{said}"
    );
}

#[test]
fn silence_of_a_log_that_cannot_be_written_is_not_told_as_peace() {
    let machine = Machine::new();
    let folder = machine.state();
    std::fs::create_dir_all(&folder).unwrap();
    let quiet = machine.azbroker(&["log"]);
    assert_eq!(code(&quiet), 0, "{quiet:?}");
    assert!(
        stderr(&quiet).starts_with("no token was asked for yet"),
        "{quiet:?}"
    );

    std::os::unix::fs::symlink("/nonexistent/log", folder.join("log.jsonl")).unwrap();
    let dangling = machine.azbroker(&["log"]);
    assert_eq!(code(&dangling), 3, "{dangling:?}");
    let said = stderr(&dangling);
    assert!(
        said.contains("log.jsonl cannot be read: No such file or directory"),
        "{said}"
    );

    std::fs::remove_file(folder.join("log.jsonl")).unwrap();
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o500)).unwrap();
    // To root such a folder is open all the same.
    let is_root = rustix::process::getuid().is_root();
    let without_rights: &[&str] = match is_root {
        true => &["setpriv", "--bounding-set=-dac_override"],
        false => &["env"],
    };
    let closed = machine
        .at(without_rights[0])
        .args(&without_rights[1..])
        .args([env!("CARGO_BIN_EXE_azbroker"), "log"])
        .output()
        .unwrap();
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o700)).unwrap();
    assert_eq!(code(&closed), 3, "{closed:?}");
    let said = stderr(&closed);
    assert!(
        said.contains("cannot be written (Permission denied"),
        "{said}"
    );
}
