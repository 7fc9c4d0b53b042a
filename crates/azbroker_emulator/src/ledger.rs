//! What the emulator was asked and what it issued.

mod entry;

use std::{
    collections::HashSet,
    fmt::{Debug, Formatter},
    fs::{File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{broadcast, watch};

pub use entry::{Entry, Outcome};

use crate::faults::Target;

/// The emulator's list of what it was asked and what it issued.
///
/// A clone is another handle to the same list.
#[derive(Clone)]
pub struct Ledger {
    shared: Arc<Shared>,
}

impl Ledger {
    /// Returns every request so far, oldest first.
    pub fn entries(&self) -> Vec<Entry> {
        self.state().entries.clone()
    }

    /// Returns every secret the emulator issued, was sent, or knows.
    ///
    /// A test looks for each of them in logs, errors and messages, where none may be.
    pub fn secrets(&self) -> Vec<KnownSecret> {
        self.state().secrets.clone()
    }

    /// Returns the number of requests the condition holds for.
    pub fn count(&self, condition: impl Fn(&Entry) -> bool) -> usize {
        self.state()
            .entries
            .iter()
            .filter(|entry| condition(entry))
            .count()
    }

    /// Returns the number of requests to the token endpoint, refused and failed ones too.
    pub fn token_requests(&self) -> usize {
        self.count(|entry| entry.target == Target::Token && entry.method == "POST")
    }

    /// Returns each host that was asked for and is not emulated, once, in order.
    pub fn refused_hosts(&self) -> Vec<String> {
        let mut hosts: Vec<String> = Vec::new();
        for entry in &self.state().entries {
            if entry.outcome == Outcome::RefusedHost && !hosts.contains(&entry.host) {
                hosts.push(entry.host.clone());
            }
        }
        hosts
    }

    /// Waits until the condition holds for the requests so far, and returns them.
    ///
    /// It looks once at the start and once after each request, and never gives up: put a timeout around it.
    pub async fn wait_for(&self, mut condition: impl FnMut(&[Entry]) -> bool) -> Vec<Entry> {
        let mut changed = self.shared.changed.subscribe();
        loop {
            // Marked as seen before looking, so that a request in between wakes the next wait.
            changed.borrow_and_update();
            {
                let state = self.state();
                if condition(&state.entries) {
                    return state.entries.clone();
                }
            }
            // The sender lives as long as this handle.
            let _ = changed.changed().await;
        }
    }

    /// Returns a stream of the requests from now on, each as it is answered.
    pub fn subscribe(&self) -> broadcast::Receiver<Entry> {
        self.shared.feed.subscribe()
    }

    pub(crate) fn new() -> Self {
        Self::of(None)
    }

    /// A ledger that also adds a line to a file for each request, before the request is answered.
    pub(crate) fn kept_in(file: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        Ok(Self::of(Some(
            options.append(true).create(true).mode(0o600).open(file)?,
        )))
    }

    fn of(file: Option<File>) -> Self {
        Self {
            shared: Arc::new(Shared {
                file,
                state: Mutex::default(),
                changed: watch::Sender::new(0),
                feed: broadcast::Sender::new(FEED_CAPACITY),
            }),
        }
    }

    pub(crate) fn record(&self, mut entry: Entry) {
        let mut state = self.state();
        entry.sequence = state.entries.len();
        state.entries.push(entry.clone());
        // While nobody else can write; a line that is lost is one of a disk that is full.
        if let Some(mut file) = self.shared.file.as_ref()
            && let Err(error) = file.write_all(entry.to_json_line().as_bytes())
        {
            tracing::error!("the ledger's file cannot be written: {error}");
        }
        drop(state);
        self.shared.changed.send_modify(|changes| *changes += 1);
        // Fails when nobody listens, which is fine.
        let _ = self.shared.feed.send(entry);
    }

    pub(crate) fn knows(&self, kind: SecretKind, value: &str) {
        // An empty secret would be found in every text.
        if value.is_empty() {
            return;
        }
        let mut state = self.state();
        if state.known.insert((kind, value.to_owned())) {
            state.secrets.push(KnownSecret {
                kind,
                value: value.to_owned(),
            });
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Debug for Ledger {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        let state = self.state();
        f.debug_struct("Ledger")
            .field("entries", &state.entries)
            .field("secrets", &state.secrets.len())
            .finish()
    }
}

/// A secret that must not show up in a log or message.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct KnownSecret {
    /// What it is.
    pub kind: SecretKind,
    /// The secret itself.
    pub value: String,
}

impl Debug for KnownSecret {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KnownSecret")
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// What a known secret is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SecretKind {
    /// A user's password.
    Password,
    /// The cookie of a signed-in browser.
    SessionCookie,
    /// An authorization code.
    AuthorizationCode,
    /// A PKCE code verifier that a client sent.
    CodeVerifier,
    /// A refresh token.
    RefreshToken,
    /// A code that a device polls with.
    DeviceCode,
    /// An access token.
    AccessToken,
    /// An ID token.
    IdToken,
    /// The value of a secret in a vault.
    VaultValue,
}

struct Shared {
    file: Option<File>,
    state: Mutex<State>,
    changed: watch::Sender<usize>,
    feed: broadcast::Sender<Entry>,
}

#[derive(Default)]
struct State {
    entries: Vec<Entry>,
    secrets: Vec<KnownSecret>,
    known: HashSet<(SecretKind, String)>,
}

const FEED_CAPACITY: usize = 1024;
