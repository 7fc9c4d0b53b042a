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
    scopes: String,
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

/// A token, and when it is time for the next one.
#[derive(Clone, Debug)]
pub(crate) struct CachedToken {
    pub(crate) token: AccessToken,
    /// From then on a new one is acquired in the background.
    pub(crate) refresh_on: Option<OffsetDateTime>,
}

/// What [`TokenCache::look_up`] found.
#[derive(Debug)]
pub(crate) enum Found {
    /// A token that is good for some time.
    Fresh(CachedToken),
    /// A good token, and it is this caller's turn to have a new one acquired in the background.
    ToRefresh(CachedToken),
    /// None that could be handed out.
    Nothing,
}

impl TokenCache {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            slots: Mutex::default(),
            clock,
        }
    }

    /// Looks for a token, without waiting for anybody.
    ///
    /// A request that meets a challenge is answered by nothing that is held: the challenge refuses it.
    pub(crate) fn look_up(&self, key: &CacheKey) -> Found {
        if key.claims.is_some() {
            return Found::Nothing;
        }
        let slot = {
            let slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
            slots.get(key).cloned()
        };
        let Some(slot) = slot else {
            return Found::Nothing;
        };
        let now = self.clock.now();
        let mut state = slot.state();
        match &state.token {
            Some(held) if is_fresh(&held.token, now) => {
                let held = held.clone();
                let due = held.refresh_on.is_some_and(|at| at <= now);
                if !due || state.next_refresh.is_some_and(|next| now < next) {
                    return Found::Fresh(held);
                }
                // One at a time, and after a failure not at once again.
                state.next_refresh = Some(now + BETWEEN_REFRESHES);
                Found::ToRefresh(held)
            }
            _ => Found::Nothing,
        }
    }

    /// The token of `key`, or what `acquire` gives.
    ///
    /// Whoever comes while a request for the same key is under way waits for it and shares its outcome, be
    /// it a token or a failure; a request that meets a challenge is answered by nothing older. When the task
    /// that made the request is dropped, the next one makes it anew.
    pub(crate) async fn get_or_acquire<F>(
        &self,
        key: CacheKey,
        acquire: impl FnOnce() -> F,
    ) -> Result<CachedToken>
    where
        F: Future<Output = Result<CachedToken>>,
    {
        let may_be_held = key.claims.is_none();
        let slot = self.slot(key);
        let finished_before = slot.finished.load(Ordering::Acquire);
        let _turn = slot.turn.lock().await;
        let finished_meanwhile = slot.finished.load(Ordering::Acquire) != finished_before;
        if let Some(outcome) = slot.outcome(self.clock.now(), may_be_held, finished_meanwhile) {
            return outcome;
        }
        let result = acquire().await;
        slot.keep(result.clone());
        slot.finished.fetch_add(1, Ordering::Release);
        result
    }

    /// Keeps a token that was acquired under another key.
    pub(crate) fn put(&self, key: CacheKey, token: CachedToken) {
        self.slot(key).keep(Ok(token));
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

/// The place of one key.
#[derive(Debug, Default)]
struct Slot {
    /// Locked for an instant, never while somebody waits for an answer.
    state: Mutex<State>,
    /// Whoever makes the request for the key has it.
    turn: tokio::sync::Mutex<()>,
    /// How many requests have ended, to tell waiters from late comers.
    finished: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    token: Option<CachedToken>,
    /// What the last request failed with, for those who waited for it.
    failure: Option<Error>,
    /// Before then no other refresh begins in the background.
    next_refresh: Option<OffsetDateTime>,
}

impl Slot {
    /// What answers a request without asking anybody.
    fn outcome(
        &self,
        now: OffsetDateTime,
        may_be_held: bool,
        finished_meanwhile: bool,
    ) -> Option<Result<CachedToken>> {
        let state = self.state();
        if finished_meanwhile && let Some(error) = &state.failure {
            return Some(Err(error.clone()));
        }
        let held = state.token.as_ref()?;
        let fresh = may_be_held && is_fresh(&held.token, now);
        // A token so short-lived that it is never fresh still serves those who waited for it.
        let waited_for = finished_meanwhile && held.token.expires_on > now;
        (fresh || waited_for).then(|| Ok(held.clone()))
    }

    fn keep(&self, result: Result<CachedToken>) {
        let mut state = self.state();
        match result {
            Ok(token) => {
                *state = State {
                    token: Some(token),
                    ..State::default()
                }
            }
            Err(error) => state.failure = Some(error),
        }
    }

    /// Whether somebody uses the slot or may still find a token in it.
    fn is_wanted(self: &Arc<Self>, now: OffsetDateTime) -> bool {
        let held = || {
            let state = self.state();
            let token = state.token.as_ref();
            token.is_some_and(|held| is_fresh(&held.token, now))
        };
        Arc::strong_count(self) > 1 || held()
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A refresh that failed is not tried again before.
const BETWEEN_REFRESHES: Duration = Duration::seconds(30);

/// A token that is about to expire might do so on its way.
const EXPIRY_MARGIN: Duration = Duration::minutes(5);

pub(crate) fn is_fresh(token: &AccessToken, now: OffsetDateTime) -> bool {
    token.expires_on - now > EXPIRY_MARGIN
}

#[cfg(test)]
mod tests;
