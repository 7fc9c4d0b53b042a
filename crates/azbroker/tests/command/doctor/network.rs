//! The hops between this machine and Entra ID.

use super::{Machine, assert_hop, assert_not_tried, hop};
use crate::setup::{code, stdout};
use azbroker_emulator::{Fault, Target};
use std::{
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    process::Output,
};

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
fn a_proxy_whose_address_is_none() {
    let machine = Machine::new();
    for (proxy, shown) in [
        ("ftp://x", "'ftp://x'"),
        ("http://", "'http://'"),
        (
            "http://ada:secret@127.0.0.1:99999",
            "'http://…@127.0.0.1:99999'",
        ),
    ] {
        let mut doctor = machine.doctor(&[]);
        let output = doctor.env("HTTPS_PROXY", proxy).output().unwrap();
        assert_eq!(code(&output), 3, "{output:?}");
        let found = format!("HTTPS_PROXY is {shown}, which is no URL of a proxy");
        assert_hop(&output, "proxy", &found, "correct it, as http://host:port");
        assert_not_tried(&output, &["dns", "connection", "tls", "authority", "clock"]);
    }
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
fn an_authority_that_gives_no_answer_after_its_handshake() {
    let machine = Machine::new();
    for (fault, found) in [
        (Fault::Hang, "is connected to, but: no answer within 8 s"),
        (Fault::Drop, "is connected to, but: error sending request"),
    ] {
        machine
            .world
            .emulator
            .faults()
            .next(1, Target::Discovery, fault);
        let output = machine.doctor(&[]).output().unwrap();
        assert_eq!(code(&output), 4, "{output:?}");
        let (tls, _) = hop(&output, "tls");
        assert!(tls.starts_with('✓'), "{tls}");
        assert_hop(
            &output,
            "authority",
            found,
            "see https://status.entra.microsoft.com",
        );
        assert_not_tried(&output, &["clock"]);
    }
}

#[test]
fn an_authority_that_never_completes_tls() {
    let machine = Machine::new();
    let address = silent_after(|_| {});
    let mut doctor = machine.doctor(&["--authority-host", &address.to_string()]);
    let output = doctor.env_remove("HTTPS_PROXY").output().unwrap();
    assert_no_handshake(
        &output,
        "the authority is there, but: no handshake within 4 s",
        "check the network and its firewall",
    );
}

#[test]
fn a_proxy_through_which_no_handshake_comes() {
    let machine = Machine::new();
    for answer in ["", "HTTP/1.1 200 Connection established\r\n\r\n"] {
        let address = silent_after(move |stream| {
            let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
            // The connection that only shows that the proxy is there says nothing.
            if lines.any(|line| line.is_empty()) {
                (&*stream).write_all(answer.as_bytes()).unwrap();
            }
        });
        let mut doctor = machine.doctor(&[]);
        let output = doctor
            .env("HTTPS_PROXY", format!("http://{address}"))
            .output()
            .unwrap();
        assert_no_handshake(
            &output,
            "the proxy is there, but: no handshake within 4 s",
            "check that the proxy reaches the authority",
        );
    }
}

fn assert_no_handshake(output: &Output, found: &str, cure: &str) {
    assert_eq!(code(output), 4, "{output:?}");
    let (connection, _) = hop(output, "connection");
    assert!(connection.starts_with('✓'), "{connection}");
    assert_hop(output, "tls", found, cure);
    assert_not_tried(output, &["authority", "clock"]);
}

/// Where something takes each connection, does this with it, and then keeps it without a word.
fn silent_after(first: impl Fn(&TcpStream) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut kept = Vec::new();
        for stream in listener.incoming().map_while(Result::ok) {
            first(&stream);
            kept.push(stream);
        }
    });
    address
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

#[test]
fn a_machine_on_which_nothing_is_trusted() {
    let machine = Machine::new();
    for file in ["/nonexistent", "/etc/passwd", ""] {
        let mut doctor = machine.doctor(&[]);
        let output = doctor.env("SSL_CERT_FILE", file).output().unwrap();
        assert_eq!(code(&output), 3, "{output:?}");
        let found =
            "no certificate authority is trusted on this machine: there is none in SSL_CERT_FILE=";
        assert_hop(&output, "tls", found, "correct or unset SSL_CERT_FILE");
        assert!(hop(&output, "tls").0.ends_with(&format!("={file}")));
        assert_not_tried(&output, &["authority", "clock"]);
    }
}
