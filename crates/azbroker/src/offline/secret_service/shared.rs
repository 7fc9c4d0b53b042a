//! What all objects of the secret service have in common: the store, the sessions and the time.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use zbus::message::Header;
use zbus::zvariant::OwnedObjectPath;

use super::paths;
use super::refusal::Refusal;
use super::store::Store;

/// The state behind the objects. No lock is held while anything is awaited.
pub(super) struct Shared {
    store: Mutex<Store>,
    sessions: Mutex<Sessions>,
    now: Box<dyn Fn() -> SystemTime + Send + Sync>,
}

/// Who opened which session.
#[derive(Debug, Default)]
struct Sessions {
    owners: HashMap<OwnedObjectPath, String>,
    opened: u64,
}

impl Shared {
    /// Makes the state of a service that nobody has used.
    pub(super) fn new(now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        let seconds = seconds(now());
        Self {
            store: Mutex::new(Store::new(seconds)),
            sessions: Mutex::default(),
            now: Box::new(now),
        }
    }

    /// Reads or changes the store.
    pub(super) fn with_store<T>(&self, body: impl FnOnce(&mut Store) -> T) -> T {
        // A panic in the middle of a change cannot break the store: each change is one call on a map.
        body(&mut self.store.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The time in seconds since 1970.
    pub(super) fn now(&self) -> u64 {
        seconds((self.now)())
    }

    /// Opens a session for the caller.
    pub(super) fn open_session(&self, caller: &str) -> OwnedObjectPath {
        let mut sessions = self.sessions();
        sessions.opened += 1;
        let session = paths::session(sessions.opened);
        sessions.owners.insert(session.clone(), caller.to_owned());
        session
    }

    /// Makes sure that `session` is one that the sender of `header` has opened.
    pub(super) fn check_session(
        &self,
        session: &OwnedObjectPath,
        header: &Header<'_>,
    ) -> Result<(), Refusal> {
        let sessions = self.sessions();
        let owner = sessions.owners.get(session).map(String::as_str);
        if owner.is_some() && owner == caller(header) {
            return Ok(());
        }
        Err(Refusal::NoSession(format!(
            "the caller has opened no session {session}"
        )))
    }

    /// Ends a session.
    pub(super) fn end_session(&self, session: &OwnedObjectPath) {
        self.sessions().owners.remove(session);
    }

    /// Ends the sessions of a caller who has left, and names them.
    pub(super) fn end_sessions_of(&self, caller: &str) -> Vec<OwnedObjectPath> {
        self.sessions()
            .owners
            .extract_if(|_, owner| owner == caller)
            .map(|(session, _)| session)
            .collect()
    }

    fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Who sent the message, by the unique name that the bus vouches for.
pub(super) fn caller<'h>(header: &'h Header<'_>) -> Option<&'h str> {
    header.sender().map(|sender| sender.as_str())
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

/// Seconds since 1970; 0 for a clock that stands before it.
fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}
