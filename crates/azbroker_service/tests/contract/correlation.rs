use crate::setup::{CORRELATION_ID, Setup, SharedStore, status};
use azbroker_emulator::{Target, World, default_world};
use azbroker_service::Configuration;
use std::{cell::RefCell, io};
use tracing_subscriber::{
    filter::{LevelFilter, Targets},
    layer::SubscriberExt,
};

#[tokio::test]
async fn the_callers_correlation_id_reaches_entra_id_on_both_ways() {
    let setup = Setup::new().await;
    setup.sign_in(default_world::ADA).await;
    setup.let_pass(56);
    assert_eq!(status(&setup.silent().await), None);
    let entries = setup.emulator.ledger().entries();
    let grants: Vec<_> = entries
        .iter()
        .filter(|entry| matches!(entry.target, Target::Token | Target::Authorize))
        .inspect(|entry| {
            assert_eq!(
                entry.client_request_id.as_deref(),
                Some(CORRELATION_ID),
                "{entry}"
            );
        })
        .map(|entry| entry.grant_type.as_deref())
        .collect();
    assert_eq!(
        grants,
        [None, Some("authorization_code"), Some("refresh_token")]
    );
}

#[tokio::test]
async fn every_line_about_a_request_names_it_and_none_above_debug_a_person() {
    log_into_threads();
    let world = World {
        clock_offset_seconds: 3600,
        ..World::default()
    };
    let store = SharedStore::default();
    let setup = Setup::with(world, Configuration::default(), store).await;
    *setup.store.broken.lock().unwrap() = true;
    setup.sign_in(default_world::ADA).await;
    setup.let_pass(56);
    setup.silent().await;

    let lines = logged_here();
    for text in [
        "this machine's clock is 60 minutes behind",
        "an account is held in memory only",
        "flow=\"interactive\"",
        "flow=\"silent\"",
        "opening the sign-in page",
    ] {
        assert!(
            lines.iter().any(|line| line.contains(text)),
            "{text}: {lines:#?}"
        );
    }
    for line in lines {
        assert!(
            line.contains(&format!("request{{correlation_id={CORRELATION_ID}")),
            "{line}"
        );
        let quiet = !line.contains("DEBUG");
        assert!(!(quiet && line.contains(default_world::ADA)), "{line}");
    }
}

/// Has each thread keep what is logged on it; each test runs on a thread of its own. A subscriber for one
/// thread alone would not do: the other threads could turn lines off for good.
fn log_into_threads() {
    let ours = Targets::new()
        .with_target("azbroker_service", LevelFilter::DEBUG)
        .with_target("azbroker_entra", LevelFilter::DEBUG);
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(|| ThisThread)
        .with_ansi(false);
    let subscriber = tracing_subscriber::registry().with(ours).with(lines);
    tracing::subscriber::set_global_default(subscriber).unwrap();
    tracing::callsite::rebuild_interest_cache();
}

fn logged_here() -> Vec<String> {
    LOGGED.with_borrow(|bytes| {
        let text = String::from_utf8_lossy(bytes);
        text.lines().map(str::to_owned).collect()
    })
}

thread_local! {
    static LOGGED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

struct ThisThread;

impl io::Write for ThisThread {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOGGED.with_borrow_mut(|logged| logged.extend_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
