use crate::{
    AcquireOptions,
    token_cache::{CachedToken, is_fresh},
};
use azure_core::{credentials::AccessToken, time::OffsetDateTime};
use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicUsize, Ordering},
    },
};

/// Answers to requests that were made before in the same words, found without reading them anew.
///
/// A program asks for the same few scopes again and again. Parsing them, and naming them in errors that do
/// not happen, would cost many times what the token costs that is handed out. Nothing is allocated but the
/// token, and nothing is written that another thread reads: even a lock for readers counts them, and cores that
/// count in one place wait for each other.
#[derive(Debug, Default)]
pub(crate) struct Shortcut {
    shelves: [Shelf; SHELVES],
    hasher: RandomState,
}

/// All answers, for some of the threads; as far from the next one as cores fetch memory at a time.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Shelf(RwLock<HashMap<u64, Arc<Entry>>>);

#[derive(Debug)]
struct Entry {
    scopes: Box<[Box<str>]>,
    tenant_id: Option<Box<str>>,
    enable_cae: bool,
    answer: CachedToken,
    /// How often answers had changed what is held. Whatever changes later may have replaced this one.
    changes: u64,
}

impl Shortcut {
    /// The token of an earlier request in the same words, where nothing has changed and nothing is due.
    pub(crate) fn find(
        &self,
        scopes: &[&str],
        options: &AcquireOptions,
        changes: u64,
        now: OffsetDateTime,
    ) -> Option<AccessToken> {
        if !options.may_be_held() {
            return None;
        }
        let hash = self.hash(scopes, options);
        let shelf = &self.shelves[of_this_thread()];
        let entries = shelf.0.read().unwrap_or_else(PoisonError::into_inner);
        let entry = entries.get(&hash)?;
        let answer = &entry.answer;
        let good = entry.changes == changes
            && is_fresh(&answer.token, now)
            && answer.refresh_on.is_none_or(|at| now < at)
            && entry.is_for(scopes, options);
        good.then(|| answer.token.clone())
    }

    /// Remembers an answer for the next request in the same words.
    pub(crate) fn remember(
        &self,
        scopes: &[&str],
        options: &AcquireOptions,
        changes: u64,
        answer: &CachedToken,
    ) {
        if !options.may_be_held() {
            return;
        }
        let entry = Arc::new(Entry {
            scopes: scopes.iter().map(|&scope| scope.into()).collect(),
            tenant_id: options.tenant_id.as_deref().map(Into::into),
            enable_cae: options.enable_cae,
            answer: answer.clone(),
            changes,
        });
        let hash = self.hash(scopes, options);
        for shelf in &self.shelves {
            let mut entries = shelf.0.write().unwrap_or_else(PoisonError::into_inner);
            // A program that never asks twice in the same words must not fill the memory.
            if entries.len() >= MOST && !entries.contains_key(&hash) {
                entries.clear();
            }
            entries.insert(hash, entry.clone());
        }
    }

    fn hash(&self, scopes: &[&str], options: &AcquireOptions) -> u64 {
        self.hasher
            .hash_one((scopes, options.tenant_id.as_deref(), options.enable_cae))
    }
}

impl Entry {
    fn is_for(&self, scopes: &[&str], options: &AcquireOptions) -> bool {
        self.enable_cae == options.enable_cae
            && self.tenant_id.as_deref() == options.tenant_id.as_deref()
            && self.scopes.len() == scopes.len()
            && self
                .scopes
                .iter()
                .zip(scopes)
                .all(|(own, asked)| **own == **asked)
    }
}

/// The shelf that this thread reads, in every credential; threads take them in turns.
fn of_this_thread() -> usize {
    static THREADS: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static SHELF: usize = THREADS.fetch_add(1, Ordering::Relaxed) % SHELVES;
    }
    SHELF.with(|shelf| *shelf)
}

const SHELVES: usize = 16;
const MOST: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use azure_core::time::Duration;

    const NOON: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    fn answer(text: &'static str) -> CachedToken {
        CachedToken {
            token: AccessToken::new(text, NOON + Duration::hours(1)),
            refresh_on: Some(NOON + Duration::minutes(30)),
        }
    }

    fn asked(tenant: Option<&str>, enable_cae: bool) -> AcquireOptions {
        AcquireOptions {
            tenant_id: tenant.map(str::to_owned),
            enable_cae,
            ..Default::default()
        }
    }

    #[test]
    fn only_the_same_words_find_an_answer() {
        let shortcut = Shortcut::default();
        let words: [(&[&str], AcquireOptions); 5] = [
            (&["a"], asked(None, false)),
            (&["a", "b"], asked(None, false)),
            (&["ab"], asked(None, false)),
            (&["a"], asked(Some("t"), false)),
            (&["a"], asked(None, true)),
        ];
        let texts = ["0", "1", "2", "3", "4"];
        for ((scopes, options), text) in words.iter().zip(texts) {
            assert!(shortcut.find(scopes, options, 7, NOON).is_none(), "{text}");
            shortcut.remember(scopes, options, 7, &answer(text));
        }
        for ((scopes, options), text) in words.iter().zip(texts) {
            let found = shortcut.find(scopes, options, 7, NOON).unwrap();
            assert_eq!(found.token.secret(), text);
        }
    }

    #[test]
    fn what_changed_what_is_due_and_what_is_challenged_is_not_found() {
        let shortcut = Shortcut::default();
        let options = asked(None, false);
        shortcut.remember(&["a"], &options, 7, &answer("t"));
        let at = |changes, minutes| {
            let now = NOON + Duration::minutes(minutes);
            shortcut.find(&["a"], &options, changes, now).is_some()
        };
        assert!(at(7, 29));
        assert!(!at(8, 29));
        assert!(!at(7, 30));
        let challenged = AcquireOptions {
            claims: Some("{}".to_owned()),
            ..options.clone()
        };
        assert!(shortcut.find(&["a"], &challenged, 7, NOON).is_none());
    }

    #[test]
    fn every_thread_finds_what_one_remembered_and_not_all_look_in_one_place() {
        let shortcut = Shortcut::default();
        let options = asked(None, false);
        shortcut.remember(&["a"], &options, 7, &answer("t"));
        let find = || {
            let found = shortcut.find(&["a"], &options, 7, NOON);
            found.map(|_| of_this_thread())
        };
        let places: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..SHELVES).map(|_| scope.spawn(find)).collect();
            let found = threads.into_iter().map(|thread| thread.join().unwrap());
            found.map(Option::unwrap).collect()
        });
        assert!(places.iter().any(|place| *place != places[0]));
    }

    #[test]
    fn it_does_not_grow_without_end() {
        let shortcut = Shortcut::default();
        for number in 0..1_000 {
            let scope = number.to_string();
            shortcut.remember(&[&scope], &asked(None, false), 0, &answer("t"));
        }
        for shelf in &shortcut.shelves {
            assert!(shelf.0.read().unwrap().len() <= MOST);
        }
    }
}
