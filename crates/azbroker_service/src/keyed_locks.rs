use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError, Weak},
};
use tokio::sync::OwnedMutexGuard;

/// A lock for each key, as long as somebody holds or awaits it; with what its holders leave for one another.
#[derive(Debug)]
pub(crate) struct KeyedLocks<K, V = ()> {
    locks: Mutex<HashMap<K, Weak<tokio::sync::Mutex<V>>>>,
}

impl<K: Eq + Hash, V: Default> KeyedLocks<K, V> {
    pub(crate) fn new() -> Self {
        Self {
            locks: Mutex::new(HashMap::new()),
        }
    }

    /// Waits for the key's lock. The flag says whether somebody else had it.
    pub(crate) async fn lock(&self, key: K) -> (OwnedMutexGuard<V>, Waited) {
        let lock = self.of(key);
        match lock.clone().try_lock_owned() {
            Ok(guard) => (guard, Waited::No),
            Err(_) => (lock.lock_owned().await, Waited::Yes),
        }
    }

    fn of(&self, key: K) -> Arc<tokio::sync::Mutex<V>> {
        let mut locks = self.locks.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lock) = locks.get(&key).and_then(Weak::upgrade) {
            return lock;
        }
        locks.retain(|_, lock| lock.strong_count() > 0);
        let lock = Arc::new(tokio::sync::Mutex::new(V::default()));
        locks.insert(key, Arc::downgrade(&lock));
        lock
    }
}

/// Whether a lock was free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waited {
    /// It was free.
    No,
    /// Somebody else had it first.
    Yes,
}
