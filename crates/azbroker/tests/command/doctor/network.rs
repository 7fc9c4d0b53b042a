//! The hops between this machine and Entra ID.

use super::{Machine, assert_hop, assert_not_tried};
use crate::setup::{code, stdout};
use azbroker_emulator::{Fault, Target};

#[test]
fn a_proxy_that_is_not_there() {
    let machine = Machine::new();
    let mut doctor = machine.doctor(&[]);
    let output = doctor
        .env("HTTPS_PROXY", "http://127.0.0.1:9")
        .output()
        .unwrap();
    assert_eq!(code(&output), 3, "{output:?}");
    assert_hop(
        &output,
        "connection",
        "the proxy at 127.0.0.1:9 cannot be reached",
        "correct HTTPS_PROXY",
    );
    assert_not_tried(&output, &["tls", "authority", "clock"]);
}

#[test]
fn a_proxy_whose_name_is_not_found() {
    let machine = Machine::new();
    let mut doctor = machine.doctor(&[]);
    let output = doctor
        .env("HTTPS_PROXY", "http://ada:secret@proxy.invalid:8080")
        .output()
        .unwrap();
    assert_eq!(code(&output), 3, "{output:?}");
    assert_hop(
        &output,
        "dns",
        "the proxy's name proxy.invalid is not found",
        "check the name in HTTPS_PROXY",
    );
    assert!(!stdout(&output).contains("secret@"), "{output:?}");
}

#[test]
fn a_proxy_that_refuses_the_authority() {
    let machine = Machine::new();
    let output = machine
        .doctor(&["--authority-host", "login.nowhere.example"])
        .output()
        .unwrap();
    assert_eq!(code(&output), 3, "{output:?}");
    assert_hop(
        &output,
        "tls",
        "the proxy refuses",
        "check what the proxy allows",
    );
}

#[test]
fn an_authority_whose_name_is_not_found() {
    let machine = Machine::new();
    let mut doctor = machine.doctor(&["--authority-host", "login.invalid"]);
    let output = doctor.env_remove("HTTPS_PROXY").output().unwrap();
    assert_eq!(code(&output), 3, "{output:?}");
    assert_hop(
        &output,
        "dns",
        "the authority's name login.invalid is not found",
        "check the network",
    );
    assert_not_tried(&output, &["connection", "tls", "authority", "clock"]);
}

#[test]
fn a_proxy_that_looks_into_tls() {
    let machine = Machine::new();
    let mut doctor = machine.doctor(&[]);
    // The emulator's own authority is installed nowhere.
    let output = doctor.env_remove("SSL_CERT_FILE").output().unwrap();
    assert_eq!(code(&output), 3, "{output:?}");
    assert_hop(
        &output,
        "tls",
        "comes from an authority that the system's store does not know",
        "add its certificate authority to the system's store",
    );
    assert_not_tried(&output, &["authority", "clock"]);
}

#[test]
fn an_authority_that_cannot_serve() {
    let machine = Machine::new();
    let down = Fault::Status {
        code: 503,
        retry_after: None,
    };
    machine
        .world
        .emulator
        .faults()
        .next(1, Target::Discovery, down);
    let output = machine.doctor(&[]).output().unwrap();
    assert_eq!(code(&output), 4, "{output:?}");
    assert_hop(
        &output,
        "authority",
        "cannot serve for now (HTTP 503)",
        "try again later",
    );
    assert_not_tried(&output, &["clock"]);
}

#[test]
fn an_authority_that_hangs() {
    let machine = Machine::new();
    machine
        .world
        .emulator
        .faults()
        .next(1, Target::Discovery, Fault::Hang);
    let output = machine.doctor(&[]).output().unwrap();
    assert_eq!(code(&output), 4, "{output:?}");
    assert_hop(&output, "tls", "no answer within 5 s", "try again");
}

#[test]
fn a_clock_that_is_wrong() {
    let machine = Machine::new();
    machine
        .world
        .emulator
        .advance_clock(std::time::Duration::from_secs(3_600));
    let output = machine.doctor(&[]).output().unwrap();
    assert_eq!(code(&output), 3, "{output:?}");
    assert_hop(
        &output,
        "clock",
        "60 minutes behind login.microsoftonline.com",
        "timedatectl set-ntp true",
    );
}
