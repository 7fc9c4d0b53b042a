//! What who a program is decides by itself, whatever the rules say.

use super::programs::{
    self, Broker, INTERFACE, Machine, call, call_of, context, sandboxed, status,
};
use crate::setup::{code, stderr, stdout};
use azbroker_emulator::default_world::ADA;
use std::{fs, os::unix::fs::PermissionsExt, process::Command};

#[test]
fn programs_of_other_users_get_nothing_even_where_everybody_may() {
    let machine = Machine::new();
    let _broker = Broker::start(&machine, &["--approvals", "same-user"]);
    let one = machine.program("one");
    assert_eq!(
        status(&call(&mut machine.at(&one), "acquireTokenSilently")),
        None
    );
    // In a user namespace everybody can be somebody else, but to the bus is still the same user.
    let mut inside = machine.at("unshare");
    inside.args(["--user", "--map-user=1234"]).arg(&one);
    assert_eq!(status(&call(&mut inside, "acquireTokenSilently")), None);
    let is_root = Command::new("id").arg("-u").output().unwrap().stdout == b"0\n";
    if is_root {
        // Only root can be another user. The folder is the test's own, and is opened for this.
        let open = fs::Permissions::from_mode(0o755);
        fs::set_permissions(machine.home(), open).unwrap();
        for (interface, method, texts) in every_method() {
            let mut other = machine.at("setpriv");
            other.args(["--reuid=65534", "--clear-groups"]).arg(&one);
            let texts: Vec<_> = texts.iter().map(String::as_str).collect();
            let answer = call_of(&mut other, interface, method, &texts);
            assert_eq!(
                (status(&answer), context(&answer)),
                (
                    Some(7),
                    "this broker serves the programs of its own user alone; use a broker of yours"
                ),
                "{method}"
            );
            assert!(!answer.to_string().contains(ADA), "{method}: {answer}");
        }
        for action in LOG_CONTROL {
            let mut other = machine.at("setpriv");
            other.args(["--reuid=65534", "--clear-groups"]).arg(&one);
            let refused = other.args(log_control(action)).output().unwrap();
            assert!(stderr(&refused).contains("Access denied"), "{refused:?}");
        }
        let accounts = machine.azbroker(&["accounts"]);
        assert!(stdout(&accounts).starts_with(ADA), "{accounts:?}");
    }
}

#[test]
fn a_program_in_a_sandbox_does_not_change_how_the_broker_logs() {
    let machine = Machine::new();
    let _broker = Broker::start(&machine, &["--approvals", "same-user"]);
    let one = machine.program("one");
    let info = machine.home().join("info");
    fs::write(&info, "[Application]\nname=org.example.App\n").unwrap();
    let level = || {
        let read = machine.at(&one).args(log_control(LOG_CONTROL[0])).output();
        stdout(&read.unwrap()).to_owned()
    };
    let before = level();
    for action in &LOG_CONTROL[1..] {
        let mut flatpak = sandboxed(&machine, &one, &[(&info, "/.flatpak-info")]);
        let refused = flatpak.args(log_control(action)).output().unwrap();
        assert!(stderr(&refused).contains("Access denied"), "{refused:?}");
    }
    assert_eq!(level(), before);
    let own = machine.at(&one).args(log_control(LOG_CONTROL[1])).output();
    assert_eq!(code(&own.unwrap()), 0);
    assert_ne!(level(), before);
}

/// What can be read and changed of the broker's own log.
const LOG_CONTROL: [&[&str]; 3] = [
    &["get-property", "LogLevel"],
    &["set-property", "LogLevel", "s", "err"],
    &["set-property", "LogTarget", "s", "console"],
];

/// What makes busctl do one of these.
fn log_control(action: &[&str]) -> Vec<String> {
    let of = [
        programs::NAME,
        "/org/freedesktop/LogControl1",
        "org.freedesktop.LogControl1",
    ];
    [&["--user", action[0]], &of[..], &action[1..]]
        .concat()
        .into_iter()
        .map(str::to_owned)
        .collect()
}

/// All that this broker answers, but for its version, which is no secret.
fn every_method() -> Vec<(&'static str, &'static str, Vec<String>)> {
    const OWN: &str = "com.github.azbroker.Broker1";
    const BY_HAND: &str = "com.github.azbroker.SignIn1";
    let home = "a0a00000-0000-4000-8000-000000000001.72f9a1c4-6d0b-4e53-9c1e-0d5a4b7c2e10";
    let account = format!(r#"{{"clientId":"x","account":{{"username":"{ADA}"}}}}"#);
    let pinned = format!(
        r#"{{"account":{{"homeAccountId":"{home}","environment":"login.microsoftonline.com"}}}}"#
    );
    let signed = format!(
        r#"{{"clientId":"x","popParams":{{"homeAccountId":"{home}","httpMethod":"GET","uriHost":"h","uriPath":"/"}}}}"#
    );
    let three = |request: &str| {
        vec![
            "0.0".to_owned(),
            programs::CORRELATION_ID.to_owned(),
            request.to_owned(),
        ]
    };
    let token = programs::request();
    let by_hand = vec![
        programs::CORRELATION_ID.to_owned(),
        "paste".to_owned(),
        token.clone(),
    ];
    vec![
        (INTERFACE, "getAccounts", three(r#"{"clientId":"x"}"#)),
        (INTERFACE, "acquireTokenSilently", three(&token)),
        (INTERFACE, "acquireTokenInteractively", three(&token)),
        (INTERFACE, "cancelInteractiveFlow", three("{}")),
        (INTERFACE, "removeAccount", three(&account)),
        (INTERFACE, "acquirePrtSsoCookie", three("{}")),
        (INTERFACE, "generateSignedHttpRequest", three(&signed)),
        (OWN, "getStatus", three("{}")),
        (OWN, "setDefaultAccount", three(&pinned)),
        (OWN, "removeAllAccounts", three("{}")),
        (BY_HAND, "begin", by_hand),
        (BY_HAND, "paste", vec!["http://localhost/".to_owned()]),
        (BY_HAND, "wait", Vec::new()),
    ]
}

#[test]
fn nobody_but_the_users_own_hand_signs_everybody_out() {
    let machine = Machine::new();
    let _broker = Broker::start(&machine, &["--approvals", "same-user"]);
    let one = machine.program("one");
    let info = machine.home().join("info");
    fs::write(&info, "[Application]\nname=org.example.App\n").unwrap();
    let own = every_method()
        .into_iter()
        .filter(|(_, method, _)| matches!(*method, "setDefaultAccount" | "removeAllAccounts"));
    for (interface, method, texts) in own {
        let texts: Vec<_> = texts.iter().map(String::as_str).collect();
        for (mut program, name) in [
            (machine.at(&one), "one"),
            (
                sandboxed(&machine, &one, &[(&info, "/.flatpak-info")]),
                "org.example.App",
            ),
            (sandboxed(&machine, &one, &[]), "an unknown program"),
        ] {
            let answer = call_of(&mut program, interface, method, &texts);
            let said = format!(
                "'{name}' may not do this for all programs; use the `azbroker` that the broker runs"
            );
            assert_eq!((status(&answer), context(&answer)), (Some(7), &*said));
        }
    }
    let accounts = machine.azbroker(&["accounts"]);
    assert!(stdout(&accounts).starts_with(ADA), "{accounts:?}");
    let logout = machine.azbroker(&["logout", "--all"]);
    assert_eq!(stderr(&logout).lines().count(), 1, "{logout:?}");
    assert_eq!(code(&logout), 0, "{logout:?}");
}
