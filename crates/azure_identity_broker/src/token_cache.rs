use crate::{
    Error, Result,
    token_request::{TokenRequest, WhichAccount},
};
use azbroker_entra::{Authority, Claims, ClientId, Clock, HomeAccountId};
use azure_core::{
    credentials::AccessToken,
    time::{Duration, OffsetDateTime},
};
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// Access tokens in memory, and at most one request in flight for each key.
#[derive(Debug)]
pub(crate) struct TokenCache {
    slots: Mutex<HashMap<CacheKey, Arc<Slot>>>,
    clock: Arc<dyn Clock>,
}

/// What two requests must share for one token to serve both.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct CacheKey {
    authority: Authority,
    client_id: ClientId,
    account: KeyAccount,
    scopes: Vec<String>,
    claims: Option<Claims>,
    /// Services may revoke such a token, and expect their challenge to be answered.
    enable_cae: bool,
}

impl CacheKey {
    pub(crate) fn of(request: &TokenRequest) -> Self {
        Self {
            authority: request.authority.clone(),
            client_id: request.client_id.clone(),
            account: match &request.account {
                WhichAccount::Default => KeyAccount::Default,
                WhichAccount::Hinted(username) => KeyAccount::Hinted(username.to_lowercase()),
                WhichAccount::Known(account) => KeyAccount::Known(account.home_account_id.clone()),
            },
            scopes: request.scopes.sorted(),
            claims: request.claims.clone(),
            enable_cae: request.enable_cae,
        }
    }
}

impl TokenCache {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            slots: Mutex::default(),
            clock,
        }
    }

    /// The token of `key`, or what `acquire` gives.
    ///
    /// Whoever comes while a request for the same key is under way waits for it and shares its outcome, be
    /// it a token or a failure. When the task that made the request is dropped, the next one makes it anew.
    pub(crate) async fn get_or_acquire<F>(
        &self,
        key: CacheKey,
        acquire: impl FnOnce() -> F,
    ) -> Result<AccessToken>
    where
        F: Future<Output = Result<AccessToken>>,
    {
        // A challenge refuses the token that is held, whatever it is.
        let may_be_held = key.claims.is_none();
        let slot = self.slot(key);
        let finished_before = slot.finished.load(Ordering::Acquire);
        let mut outcome = slot.outcome.lock().await;
        let now = self.clock.now();
        match &*outcome {
            Outcome::Token(token) if may_be_held && is_fresh(token, now) => {
                return Ok(token.clone());
            }
            // A token so short-lived that it is never fresh still serves those who waited for it.
            Outcome::Token(token)
                if token.expires_on > now && slot.has_finished_since(finished_before) =>
            {
                return Ok(token.clone());
            }
            Outcome::Failed(error) if slot.has_finished_since(finished_before) => {
                return Err(error.clone());
            }
            _ => {}
        }
        let result = acquire().await;
        *outcome = match &result {
            Ok(token) => Outcome::Token(token.clone()),
            Err(error) => Outcome::Failed(error.clone()),
        };
        slot.finished.fetch_add(1, Ordering::Release);
        result
    }

    /// Keeps a token that was acquired under another key.
    pub(crate) fn put(&self, key: CacheKey, token: &AccessToken) {
        // Whoever holds the slot is about to put a newer token there.
        if let Ok(mut outcome) = self.slot(key).outcome.try_lock() {
            *outcome = Outcome::Token(token.clone());
        }
    }

    fn slot(&self, key: CacheKey) -> Arc<Slot> {
        let now = self.clock.now();
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.retain(|known, slot| *known == key || slot.is_wanted(now));
        slots.entry(key).or_default().clone()
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum KeyAccount {
    Default,
    Hinted(String),
    Known(HomeAccountId),
}

/// The place of one key. Its lock is held during the request for that key, and no other is.
#[derive(Debug, Default)]
struct Slot {
    outcome: tokio::sync::Mutex<Outcome>,
    /// How many requests have ended, to tell waiters from late comers.
    finished: AtomicU64,
}

#[derive(Debug, Default)]
enum Outcome {
    #[default]
    None,
    Token(AccessToken),
    Failed(Error),
}

impl Slot {
    fn has_finished_since(&self, before: u64) -> bool {
        self.finished.load(Ordering::Acquire) != before
    }

    /// Whether somebody uses the slot or may still find a token in it.
    fn is_wanted(self: &Arc<Self>, now: OffsetDateTime) -> bool {
        Arc::strong_count(self) > 1
            || self.outcome.try_lock().is_ok_and(
                |outcome| matches!(&*outcome, Outcome::Token(token) if is_fresh(token, now)),
            )
    }
}

/// A token that is about to expire might do so on its way.
const EXPIRY_MARGIN: Duration = Duration::minutes(5);

fn is_fresh(token: &AccessToken, now: OffsetDateTime) -> bool {
    token.expires_on - now > EXPIRY_MARGIN
}

#[cfg(test)]
mod tests;
