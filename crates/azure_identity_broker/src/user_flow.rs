//! The one place that decides between cache, silence and the user, for every credential.

use crate::{
    Error, ErrorKind, ParentWindow, Result,
    backend::{Acquired, Backend},
    token_cache::{CacheKey, CachedToken, Found, TokenCache},
    token_request::{TokenRequest, WhichAccount},
};
use azbroker_entra::{Account, Claims};
use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU64, Ordering},
};
use tokio::runtime::Handle;
use tracing::Instrument;

/// Acquires tokens of one user.
#[derive(Debug)]
pub(crate) struct UserFlow {
    backend: Arc<dyn Backend>,
    cache: TokenCache,
    manner: Manner,
    /// The account of this credential, once it is known.
    account: Mutex<Option<Account>>,
    changes: AtomicU64,
    /// There is one user: two sign-ins at a time would only confuse them.
    sign_in: tokio::sync::Mutex<()>,
}

/// What a flow may do by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Manner {
    /// Whether the default account is taken without asking.
    pub(crate) use_default_account: bool,
    /// Whether a sign-in is brought up when silence does not work.
    pub(crate) asks_user: bool,
    /// The window that the sign-in belongs to.
    pub(crate) window: ParentWindow,
}

impl UserFlow {
    pub(crate) fn new(
        backend: Arc<dyn Backend>,
        cache: TokenCache,
        manner: Manner,
        account: Option<Account>,
    ) -> Self {
        Self {
            backend,
            cache,
            manner,
            account: Mutex::new(account),
            changes: AtomicU64::new(0),
            sign_in: tokio::sync::Mutex::default(),
        }
    }

    /// The account of this credential, once it is known.
    pub(crate) fn account(&self) -> Option<Account> {
        self.held_account().clone()
    }

    fn held_account(&self) -> MutexGuard<'_, Option<Account>> {
        self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A token by whatever is needed.
    pub(crate) async fn acquire(self: &Arc<Self>, request: TokenRequest) -> Result<CachedToken> {
        // A proof is of one request, at one time.
        if request.proof.is_some() {
            return self.acquire_anew(request).await;
        }
        let key = CacheKey::of(&request);
        match self.cache.look_up(&key) {
            Found::Fresh(token) => Ok(token),
            Found::ToRefresh(token) => {
                self.refresh(request);
                Ok(token)
            }
            Found::Nothing => {
                self.cache
                    .get_or_acquire(key, || self.acquire_anew(request))
                    .await
            }
        }
    }

    /// How often an answer has changed what is held.
    pub(crate) fn changes(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }

    /// Acquires the successor of a token that is still good, while nobody waits for it.
    fn refresh(self: &Arc<Self>, request: TokenRequest) {
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        let flow = self.clone();
        let refresh = async move {
            match flow.try_silently(&request).await {
                Ok(Silence::Acquired(acquired)) => flow.keep(&request, &acquired),
                Ok(Silence::NeedsUser(reason)) => {
                    tracing::debug!(
                        reason = reason.map(tracing::field::display),
                        "no refresh in the background"
                    );
                }
                Err(error) => {
                    tracing::debug!(reason = %error, "no refresh in the background");
                }
            }
        };
        runtime.spawn(refresh.in_current_span());
    }

    /// Signs the user in on purpose.
    pub(crate) async fn authenticate(&self, request: TokenRequest) -> Result<Account> {
        let _one_user = self.sign_in.lock().await;
        let acquired = self.ask_user(&request).await?;
        let account = acquired.account.clone().ok_or_else(|| {
            Error::new(
                ErrorKind::Malformed,
                "the answer does not say who has signed in",
            )
        })?;
        *self.held_account() = Some(account.clone());
        self.keep(&request, &acquired);
        Ok(account)
    }

    async fn acquire_anew(&self, mut request: TokenRequest) -> Result<CachedToken> {
        let acquired = match self.try_silently(&request).await? {
            Silence::Acquired(acquired) => *acquired,
            Silence::NeedsUser(reason) if !self.manner.asks_user => {
                return Err(may_not_ask(reason));
            }
            Silence::NeedsUser(reason) => {
                take_claims(&mut request, reason);
                let _one_user = self.sign_in.lock().await;
                match self.after_the_others(&mut request).await? {
                    Some(acquired) => acquired,
                    None => self.ask_user(&request).await?,
                }
            }
        };
        self.keep(&request, &acquired);
        Ok(cached(&acquired))
    }

    /// While this request waited for the user, another one may have learnt who the user is.
    async fn after_the_others(&self, request: &mut TokenRequest) -> Result<Option<Acquired>> {
        let (None, Some(account)) = (request.account.known(), self.account()) else {
            return Ok(None);
        };
        request.account = WhichAccount::Known(Box::new(account));
        match self.try_silently(request).await? {
            Silence::Acquired(acquired) => Ok(Some(*acquired)),
            Silence::NeedsUser(reason) => {
                take_claims(request, reason);
                Ok(None)
            }
        }
    }

    async fn try_silently(&self, request: &TokenRequest) -> Result<Silence> {
        if matches!(request.account, WhichAccount::Default) && !self.manner.use_default_account {
            return Ok(Silence::NeedsUser(None));
        }
        match self.backend.acquire_token_silently(request).await {
            Ok(acquired) => {
                check_account(request, &acquired)?;
                Ok(Silence::Acquired(Box::new(acquired)))
            }
            Err(error) if error.kind() == ErrorKind::InteractionRequired => {
                tracing::debug!(reason = %error, "silence does not work");
                Ok(Silence::NeedsUser(Some(error)))
            }
            Err(error) => Err(error),
        }
    }

    async fn ask_user(&self, request: &TokenRequest) -> Result<Acquired> {
        tracing::debug!("asking the user");
        let acquired = self
            .backend
            .acquire_token_interactively(request, self.manner.window)
            .await?;
        // Another user at the same browser is not the one this credential is for.
        match other_account(request, &acquired) {
            None => Ok(acquired),
            Some((asked, got)) => Err(Error::new(
                ErrorKind::InteractionRequired,
                format!(
                    "{} signed in, which is not the account asked for",
                    got.username
                ),
            )
            .with_next_step(format!("sign in as {}", asked.username))),
        }
    }

    /// Remembers whose token it is, where that was not known, and keeps it for those who ask by that account. Who
    /// signed in on purpose meanwhile stays this credential's user.
    ///
    /// A token that meets a challenge is good for those who ask without one.
    fn keep(&self, request: &TokenRequest, acquired: &Acquired) {
        let Some(account) = &acquired.account else {
            return;
        };
        self.held_account().get_or_insert_with(|| account.clone());
        if request.proof.is_none() {
            let request = TokenRequest {
                account: WhichAccount::Known(Box::new(account.clone())),
                claims: None,
                ..request.clone()
            };
            self.cache.put(CacheKey::of(&request), cached(acquired));
        }
        self.changes.fetch_add(1, Ordering::Release);
    }
}

enum Silence {
    Acquired(Box<Acquired>),
    /// With the reason, unless silence was not tried.
    NeedsUser(Option<Error>),
}

fn cached(acquired: &Acquired) -> CachedToken {
    CachedToken {
        token: acquired.token.clone(),
        refresh_on: acquired.refresh_on,
    }
}

/// Claims that Entra ID asked for in its refusal must be in the request that follows.
fn take_claims(request: &mut TokenRequest, reason: Option<Error>) {
    let wanted: Option<Claims> = reason.and_then(|reason| reason.parsed_claims().cloned());
    if wanted.is_some() {
        request.claims = wanted;
    }
}

/// An answer for somebody else would hand out a token that nobody asked for.
fn check_account(request: &TokenRequest, acquired: &Acquired) -> Result<()> {
    match other_account(request, acquired) {
        None => Ok(()),
        Some((asked, _)) => Err(Error::new(
            ErrorKind::Malformed,
            format!("the answer is for another account than {}", asked.username),
        )),
    }
}

/// The account asked for and the one that answered, if they differ.
fn other_account<'a>(
    request: &'a TokenRequest,
    acquired: &'a Acquired,
) -> Option<(&'a Account, &'a Account)> {
    let (asked, got) = (request.account.known()?, acquired.account.as_ref()?);
    (asked.home_account_id != got.home_account_id).then_some((asked, got))
}

/// What silence failed with says best what the user must do.
fn may_not_ask(reason: Option<Error>) -> Error {
    reason.unwrap_or_else(|| {
        Error::signed_out(
            "no account is chosen yet, and the credential may not ask the user by itself",
        )
    })
}

#[cfg(test)]
mod tests;
