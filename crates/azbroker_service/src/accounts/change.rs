use super::{Accounts, HeldGrant, keeper::Keeper};
use crate::token_store::{StoreError, StoredGrant};
use azbroker_entra::{Account, ClientId, HomeAccountId, RefreshToken, Tokens};
use std::sync::PoisonError;
use tokio::sync::MutexGuard;

/// The right to change what is held. There is one at a time, so that a look and the change that follows
/// from it are one, and the store sees the changes in their order.
///
/// Memory changes first. A change that ends half way leaves its grants marked as not saved, and the next
/// one saves them.
#[derive(Debug)]
pub(crate) struct Change<'a> {
    pub(super) accounts: &'a Accounts,
    pub(super) keeper: MutexGuard<'a, Keeper>,
}

/// What became of a refresh token's successor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Renewed {
    /// It is held in the place of the one redeemed.
    Kept,
    /// A newer sign-in has taken the place of the one redeemed; the newer one is still held.
    Superseded,
    /// The account was removed meanwhile; nothing is held.
    Gone,
}

impl Change<'_> {
    /// Opens the store. What was brought while it could not be opened stays, and is saved.
    pub(super) async fn open(&mut self) {
        match self.keeper.open().await {
            Ok(kept) => {
                {
                    let mut grants = self.accounts.lock();
                    for grant in kept {
                        if !grants
                            .iter()
                            .any(|held| held.is(&grant.account, &grant.client_id))
                        {
                            grants.push(HeldGrant { grant, saved: true });
                        }
                    }
                }
                self.save().await;
            }
            Err(reason) => {
                tracing::info!("accounts rest in memory: {reason}");
                self.settle(Some(reason));
            }
        }
    }

    /// Keeps the refresh token that a sign-in brought, in the store before the caller gets its reply.
    pub(crate) async fn keep(&mut self, tokens: &Tokens, client_id: &ClientId) {
        self.open_if_closed().await;
        let Some(refresh_token) = tokens.refresh_token.clone() else {
            return;
        };
        let grant = StoredGrant {
            account: self.accounts.home_view(&tokens.account),
            client_id: client_id.clone(),
            refresh_token,
            signed_in_on: self.accounts.clock.now(),
        };
        {
            let mut grants = self.accounts.lock();
            grants.retain(|held| !held.is(&grant.account, client_id));
            grants.push(HeldGrant {
                grant,
                saved: false,
            });
        }
        self.save().await;
    }

    /// Puts what a redemption brought in the place of the refresh token that was redeemed, if that one is
    /// still the one held.
    pub(crate) async fn renew(
        &mut self,
        tokens: &Tokens,
        client_id: &ClientId,
        redeemed: &RefreshToken,
    ) -> Renewed {
        let account = self.accounts.home_view(&tokens.account);
        {
            let mut grants = self.accounts.lock();
            let Some(held) = grants.iter_mut().find(|held| held.is(&account, client_id)) else {
                return Renewed::Gone;
            };
            if held.grant.refresh_token != *redeemed {
                return Renewed::Superseded;
            }
            let Some(refresh_token) = tokens.refresh_token.clone() else {
                return Renewed::Kept;
            };
            held.grant.account = account;
            held.grant.refresh_token = refresh_token;
            held.saved = false;
        }
        self.save().await;
        Renewed::Kept
    }

    /// Forgets a refresh token that was refused, and none that took its place. Tells whether it was held.
    pub(crate) async fn forget(
        &mut self,
        account: &Account,
        client_id: &ClientId,
        refused: &RefreshToken,
    ) -> bool {
        let held = self.accounts.refresh_token(account, client_id);
        if held.as_ref() != Some(refused) {
            return false;
        }
        let (environment, home_account_id) = (&account.environment, &account.home_account_id);
        let removed = self.remove(environment, home_account_id, Some(client_id));
        if let Err(fault) = removed.await {
            tracing::warn!("a refused refresh token is still in the store: {fault}");
        }
        true
    }

    /// Forgets an account, or only what one application has of it. Tells whether there was anything.
    ///
    /// # Errors
    ///
    /// When the store still keeps it.
    pub(crate) async fn remove(
        &mut self,
        environment: &str,
        home_account_id: &HomeAccountId,
        client_id: Option<&ClientId>,
    ) -> Result<bool, StoreError> {
        // What it keeps there would come back with it.
        self.open_if_closed().await;
        let removed = {
            let mut grants = self.accounts.lock();
            let before = grants.len();
            grants.retain(|held| {
                held.grant.account.environment != environment
                    || held.grant.account.home_account_id != *home_account_id
                    || client_id.is_some_and(|client_id| held.grant.client_id != *client_id)
            });
            grants.len() < before
        };
        let Some(store) = self.keeper.store() else {
            return Ok(removed);
        };
        let done = store.remove(environment, home_account_id, client_id).await;
        match done {
            Ok(()) => {
                self.save().await;
                Ok(removed)
            }
            Err(fault) => {
                self.settle(Some(fault.clone()));
                Err(fault)
            }
        }
    }

    async fn open_if_closed(&mut self) {
        if self.keeper.store().is_none() {
            self.open().await;
        }
    }

    /// Has the store follow: whatever it does not have yet is saved.
    async fn save(&mut self) {
        let Some(store) = self.keeper.store() else {
            return;
        };
        let unsaved: Vec<StoredGrant> = {
            let grants = self.accounts.lock();
            let unsaved = grants.iter().filter(|held| !held.saved);
            unsaved.map(|held| held.grant.clone()).collect()
        };
        for grant in unsaved {
            if let Err(fault) = store.save(&grant).await {
                tracing::warn!("an account is held in memory only: {fault}");
                self.settle(Some(fault));
                return;
            }
            for held in self.accounts.lock().iter_mut() {
                if held.is(&grant.account, &grant.client_id) {
                    held.saved = true;
                }
            }
        }
        self.settle(None);
    }

    fn settle(&mut self, fault: Option<StoreError>) {
        self.keeper.fault = fault;
        *self
            .accounts
            .description
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = self.keeper.description();
    }
}
