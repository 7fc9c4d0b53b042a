use std::{error::Error, time::Duration};

use azbroker_emulator::{Emulator, Outcome, StartError, Target, World};
use reqwest::{Certificate, Client, Proxy};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::harness::*;

#[tokio::test]
async fn an_unknown_host_is_refused_by_name() {
    let emulator = emulator().await;
    for host in ["example.com", "a.other.vault.azure.net"] {
        let answer = raw(
            &emulator,
            &format!("CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n\r\n"),
        )
        .await;
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
        assert!(
            head.starts_with(&format!("HTTP/1.1 502 {host} is not emulated")),
            "{head}"
        );
        assert!(body.contains(host), "{body}");
        assert!(head.to_lowercase().contains("\r\ndate: "), "{head}");
        let error = emulator
            .http_client()
            .get(format!("https://{host}/x"))
            .send()
            .await;
        assert!(error.is_err());
    }
    assert_eq!(
        emulator.ledger().refused_hosts(),
        ["example.com", "a.other.vault.azure.net"]
    );
    assert_eq!(
        emulator
            .ledger()
            .count(|entry| entry.outcome == Outcome::RefusedHost),
        4
    );
}

#[tokio::test]
async fn a_vault_that_is_not_in_the_world_says_which_are() {
    let emulator = emulator().await;
    let answer = emulator
        .http_client()
        .get("https://other.vault.azure.net/secrets/MySecret?api-version=7.4")
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.status(), 404);
    assert_eq!(
        answer.text().await.expect("a body"),
        r#"{"error":{"code":"VaultNotFound","message":"the emulated world has no vault 'other'; it has demo"}}"#
    );
    assert_eq!(emulator.ledger().refused_hosts(), ["other.vault.azure.net"]);
}

#[tokio::test]
async fn sign_in_pages_are_there_in_plain_http_for_this_machine_and_tokens_are_not() {
    let emulator = emulator().await;
    let client = Client::builder().no_proxy().build().expect("a client");
    let own = emulator.proxy_url();
    let page = |path: &str| format!("{own}/organizations/oauth2/v2.0/{path}");
    let authorize = client.get(page("authorize")).send().await.expect("a page");
    let text = authorize.text().await.expect("a body");
    assert!(text.contains("<h1>Sign-in is not possible</h1>"), "{text}");
    let token = client.post(page("token")).send().await.expect("an answer");
    assert_eq!(token.status(), 400);
    assert!(
        token
            .text()
            .await
            .expect("a body")
            .contains("this is a proxy")
    );
    let named = client
        .get(page("authorize"))
        .header("host", "evil.example")
        .send()
        .await
        .expect("an answer");
    assert!(
        named
            .text()
            .await
            .expect("a body")
            .contains("this is a proxy")
    );
}

#[tokio::test]
async fn plain_http_is_never_forwarded() {
    let emulator = emulator().await;
    let client = emulator.http_client();
    let answer = client
        .get("http://example.com/path?secret")
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.status(), 502);
    assert!(answer.text().await.expect("a body").contains("example.com"));
    assert_eq!(emulator.ledger().entries()[0].path, "");
    let answer = client
        .get("http://login.microsoftonline.com/")
        .send()
        .await
        .expect("an answer");
    assert!(answer.text().await.expect("a body").contains("https only"));
}

#[tokio::test]
async fn another_port_of_an_emulated_host_is_refused() {
    let emulator = emulator().await;
    let answer = raw(
        &emulator,
        "CONNECT demo.vault.azure.net:8443 HTTP/1.1\r\nHost: x\r\n\r\n",
    )
    .await;
    assert!(
        answer.starts_with("HTTP/1.1 502 demo.vault.azure.net is emulated on port 443, not 8443"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_browser_that_opens_the_proxy_itself_is_told_what_it_is() {
    let emulator = emulator().await;
    let answer = raw(
        &emulator,
        "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    )
    .await;
    assert!(
        answer.starts_with("HTTP/1.1 400 ") && answer.contains("HTTPS_PROXY"),
        "{answer}"
    );
}

#[tokio::test]
async fn the_metadata_probe_is_answered_at_once() {
    let emulator = emulator().await;
    let url =
        "http://169.254.169.254/metadata/identity/oauth2/token?resource=https://vault.azure.net";
    let (status, body) = get_json(&emulator, url).await;
    assert_eq!(status, 400);
    assert_eq!(
        body,
        serde_json::json!({"error": "invalid_request", "error_description": "Identity not found"})
    );
    let entries = emulator.ledger().entries();
    assert_eq!(
        (entries[0].target, &*entries[0].host),
        (Target::Metadata, "169.254.169.254")
    );
}

#[tokio::test]
async fn a_client_that_does_not_trust_the_authority_gets_nowhere() {
    let emulator = emulator().await;
    let other = Emulator::start(World::default())
        .await
        .expect("another one");
    let client = Client::builder()
        .proxy(Proxy::all(emulator.proxy_url()).expect("a URL"))
        .tls_certs_only([
            Certificate::from_pem(other.certificate_authority_pem().as_bytes())
                .expect("a certificate"),
        ])
        .build()
        .expect("a client");
    assert!(
        client
            .get("https://demo.vault.azure.net/")
            .send()
            .await
            .is_err()
    );
    assert_eq!(emulator.ledger().entries(), []);
}

#[tokio::test]
async fn it_listens_on_the_loopback_address_alone() {
    let emulator = emulator().await;
    let url = emulator.proxy_url();
    let (host, port) = url
        .trim_start_matches("http://")
        .trim_end_matches('/')
        .rsplit_once(':')
        .expect("a port");
    assert_eq!(host, "127.0.0.1");
    let port: u16 = port.parse().expect("a number");
    // Who listens on every address of the machine is reached by this one too.
    let other = tokio::net::TcpStream::connect(("127.0.0.2", port)).await;
    assert!(other.is_err(), "{other:?}");
    tokio::net::TcpStream::connect(("127.0.0.1", port))
        .await
        .expect("a connection");
}

#[tokio::test]
async fn a_taken_port_is_named() {
    let emulator = emulator().await;
    let port = emulator.proxy_address().port();
    let error = Emulator::start_on(World::default(), port)
        .await
        .expect_err("the port is taken");
    assert!(matches!(error, StartError::Listen { .. }));
    assert_eq!(
        error.to_string(),
        format!("cannot listen on 127.0.0.1:{port}")
    );
    assert!(error.source().is_some());
}

#[tokio::test]
async fn an_impossible_world_does_not_start() {
    let world = World {
        access_token_lifetime_seconds: 0,
        ..World::default()
    };
    let error = Emulator::start(world).await.expect_err("it is impossible");
    assert_eq!(error.to_string(), "the world is not possible");
    let cause = error.source().expect("a cause").to_string();
    assert_eq!(
        cause,
        "access_token_lifetime_seconds: must be from 1 to 86400"
    );
}

#[tokio::test]
async fn dropping_the_emulator_ends_open_connections() {
    let emulator = emulator().await;
    let mut stream = TcpStream::connect(emulator.proxy_address())
        .await
        .expect("it listens");
    stream
        .write_all(b"CONNECT demo.vault.azure.net:443 HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .expect("sent");
    let mut first = [0; 12];
    stream.read_exact(&mut first).await.expect("granted");
    assert_eq!(&first, b"HTTP/1.1 200");
    let address = emulator.proxy_address();
    drop(emulator);
    let mut rest = Vec::new();
    // The end of the stream, or a reset: either way it is over.
    let _ = stream.read_to_end(&mut rest).await;
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn answers_carry_the_time_of_the_emulated_clock() {
    let hour_behind = World {
        clock_offset_seconds: -3600,
        ..World::default()
    };
    let emulator = Emulator::start(hour_behind).await.expect("it starts");
    let here = emulator_time(&Emulator::start(World::default()).await.expect("it starts")).await;
    let there = emulator_time(&emulator).await;
    assert!((3590..=3610).contains(&(here - there)), "{here} {there}");
    let tokens = App::listen()
        .await
        .tokens(&emulator, azbroker_emulator::default_world::ADA, &[])
        .await;
    let issued = claims_of(&tokens["access_token"])["iat"]
        .as_i64()
        .expect("a number");
    assert!((here - issued - 3600).abs() < 30, "{here} {issued}");
}

/// The seconds of the day in the `Date` header, from a fixed day on.
async fn emulator_time(emulator: &Emulator) -> i64 {
    let answer = emulator
        .http_client()
        .get("https://demo.vault.azure.net/")
        .send()
        .await
        .expect("an answer");
    let date = answer.headers()["date"].to_str().expect("text").to_owned();
    let format = time::macros::format_description!(
        "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
    );
    time::PrimitiveDateTime::parse(&date, format)
        .expect("a date")
        .assume_utc()
        .unix_timestamp()
}

#[tokio::test]
async fn a_watcher_sees_each_request_as_it_is_answered() {
    let emulator = emulator().await;
    let mut feed = emulator.ledger().subscribe();
    let ledger = emulator.ledger().clone();
    let waiting = tokio::spawn(async move { ledger.wait_for(|entries| entries.len() == 2).await });
    for _ in 0..2 {
        emulator
            .http_client()
            .get("https://demo.vault.azure.net/secrets")
            .send()
            .await
            .expect("an answer");
    }
    assert_eq!(feed.recv().await.expect("the first").sequence, 0);
    assert_eq!(feed.recv().await.expect("the second").sequence, 1);
    let entries = tokio::time::timeout(Duration::from_secs(30), waiting)
        .await
        .expect("in time")
        .expect("no panic");
    assert_eq!(entries.len(), 2);
}

/// Sends text to the proxy and reads until it closes.
async fn raw(emulator: &Emulator, request: &str) -> String {
    let mut stream = TcpStream::connect(emulator.proxy_address())
        .await
        .expect("it listens");
    stream.write_all(request.as_bytes()).await.expect("sent");
    stream.shutdown().await.expect("done sending");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    answer
}
