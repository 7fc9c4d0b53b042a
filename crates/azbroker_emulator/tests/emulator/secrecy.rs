use std::{
    io::{self, Write},
    sync::{Arc, Mutex, PoisonError},
};

use azbroker_emulator::{Fault, SecretKind, Target, default_world::*};
use tracing::Level;

use crate::harness::*;

#[tokio::test]
async fn nothing_prints_a_secret() {
    let emulator = emulator().await;
    let mut app = App::listen().await;
    let tokens = app.tokens(&emulator, ADA, &[]).await;
    let access_token = tokens["access_token"].as_str().expect("an access token");
    let put = emulator
        .http_client()
        .put(format!("{VAULT_URL}/secrets/new?api-version=7.4"))
        .bearer_auth(access_token)
        .body(r#"{"value":"a-value-set-later-8Hj3Qz"}"#)
        .send()
        .await
        .expect("an answer");
    assert_eq!(put.status(), 200);

    let secrets = emulator.ledger().secrets();
    for kind in [
        SecretKind::Password,
        SecretKind::SessionCookie,
        SecretKind::AuthorizationCode,
        SecretKind::CodeVerifier,
        SecretKind::RefreshToken,
        SecretKind::AccessToken,
        SecretKind::IdToken,
        SecretKind::VaultValue,
    ] {
        assert!(secrets.iter().any(|secret| secret.kind == kind), "{kind:?}");
    }
    assert_eq!(
        secrets
            .iter()
            .filter(|secret| secret.kind == SecretKind::Password)
            .count(),
        3
    );
    assert_eq!(
        secrets
            .iter()
            .filter(|secret| secret.kind == SecretKind::VaultValue)
            .count(),
        2
    );

    let visitor = visitor(&emulator, ADA, azbroker_emulator::Behavior::Complete);
    let visited = visitor
        .visit(&app.authorize_url(&[]))
        .await
        .expect("signed in");
    let entries = emulator.ledger().entries();
    let lines: Vec<_> = entries.iter().map(ToString::to_string).collect();
    let printed = format!(
        "{emulator:?} {:?} {:?} {secrets:?} {visitor:?} {visited:?} {:?} {lines:?}",
        emulator.world(),
        emulator.ledger(),
        emulator.faults()
    );
    for secret in emulator.ledger().secrets() {
        assert!(
            !printed.contains(&secret.value),
            "{:?} is printed",
            secret.kind
        );
    }
    assert!(printed.contains(ADA));
}

#[tokio::test]
async fn no_log_line_holds_a_secret() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    // For the whole process: the lines of other tests may not hold these secrets either.
    tracing::subscriber::set_global_default(subscriber).expect("no other test logs");

    let emulator = emulator().await;
    let mut app = App::listen().await;
    let tokens = app.tokens(&emulator, ADA, &[]).await;
    let refresh_token = tokens["refresh_token"].as_str().expect("a refresh token");
    refresh(&emulator, refresh_token, &[]).await;
    emulator.faults().next(1, Target::Token, Fault::LoseAnswer);
    let url = format!("{AUTHORITY}/oauth2/v2.0/token");
    let lost = emulator
        .http_client()
        .post(url)
        .form(&[("refresh_token", refresh_token)])
        .send()
        .await;
    assert!(lost.is_err());
    let stranger = format!("http://example.com/{refresh_token}?token={refresh_token}");
    emulator
        .http_client()
        .get(stranger)
        .send()
        .await
        .expect("a refusal");
    let vault = format!("{VAULT_URL}/secrets/{SECRET_NAME}?api-version=7.4");
    let access_token = tokens["access_token"].as_str().expect("an access token");
    emulator
        .http_client()
        .get(vault)
        .bearer_auth(access_token)
        .send()
        .await
        .expect("a secret");

    let log = log.text();
    assert!(
        log.contains("login.microsoftonline.com") && log.contains("example.com"),
        "{log}"
    );
    for secret in emulator.ledger().secrets() {
        assert!(
            !log.contains(&secret.value),
            "{:?} is in the log",
            secret.kind
        );
    }
}

/// A log in memory.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
