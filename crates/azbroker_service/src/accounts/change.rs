use super::{
    Accounts,
    held_grants::HeldGrant,
    keeper::{Erased, Keeper},
};
use crate::token_store::{StoreError, StoredGrant, TokenStore};
use azbroker_entra::{Account, ClientId, HomeAccountId, RefreshToken, Tokens};
use std::sync::{Arc, PoisonError};
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
    /// Opens the best store there is. What was brought while it could not be opened stays, and is saved.
    pub(super) async fn open(&mut self) {
        let before = self.keeper.store();
        let found = match self.keeper.open_best().await {
            Ok(found) => found,
            Err(reason) => {
                // It is tried again and again, and said once.
                let is_new = self.keeper.fault.as_ref() != Some(&reason);
                match (is_new, self.keeper.lacks_what_was_named()) {
                    (true, true) => tracing::warn!("accounts rest in memory: {reason}"),
                    (true, false) => tracing::info!("accounts rest in memory: {reason}"),
                    (false, _) => tracing::debug!("accounts still rest in memory"),
                }
                return self.settle(Some(reason));
            }
        };
        let after = self.keeper.store();
        {
            let mut grants = self.accounts.lock();
            let grants = grants.all_mut();
            let same = before.zip(after).is_some_and(|(a, b)| Arc::ptr_eq(&a, &b));
            if !same {
                grants.iter_mut().for_each(|held| held.saved = false);
            }
            for grant in found.kept {
                if !grants.iter().any(|held| held.grant.is_of(&grant)) {
                    grants.push(HeldGrant { grant, saved: true });
                }
            }
            for grant in found.elsewhere {
                let saved = false;
                match grants.iter_mut().find(|held| held.grant.is_of(&grant)) {
                    Some(held) if held.grant.signed_in_on >= grant.signed_in_on => {}
                    Some(held) => *held = HeldGrant { grant, saved },
                    None => grants.push(HeldGrant { grant, saved }),
                }
            }
        }
        self.save().await;
    }

    /// Keeps the refresh token that a sign-in brought, in the store before the caller gets its reply.
    pub(crate) async fn keep(&mut self, tokens: &Tokens, client_id: &ClientId) {
        self.open().await;
        let Some(refresh_token) = tokens.refresh_token.clone() else {
            return;
        };
        let grant = StoredGrant {
            account: self.accounts.home_view(&tokens.account),
            client_id: client_id.clone(),
            refresh_token: Some(refresh_token),
            signed_in_on: self.accounts.clock.now(),
        };
        {
            let mut grants = self.accounts.lock();
            let grants = grants.all_mut();
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
            let Some(held) = grants.of_mut(&account, client_id) else {
                return Renewed::Gone;
            };
            if held.grant.refresh_token.as_ref() != Some(redeemed) {
                return Renewed::Superseded;
            }
            let Some(refresh_token) = tokens.refresh_token.clone() else {
                return Renewed::Kept;
            };
            held.grant.refresh_token = Some(refresh_token);
            held.saved = false;
            grants.describe(&account, client_id);
        }
        self.save().await;
        Renewed::Kept
    }

    /// Forgets a refresh token that was refused, and none that took its place. Tells whether it was held.
    ///
    /// The account stays known: with another one in its place a program would get somebody else's token unasked.
    pub(crate) async fn forget(
        &mut self,
        account: &Account,
        client_id: &ClientId,
        refused: &RefreshToken,
    ) -> bool {
        let grant = {
            let mut grants = self.accounts.lock();
            let held = grants.of_mut(account, client_id);
            let Some(held) = held.filter(|held| held.grant.refresh_token.as_ref() == Some(refused))
            else {
                return false;
            };
            held.grant.refresh_token = None;
            held.saved = false;
            held.grant.clone()
        };
        if let Some(store) = self.keeper.store() {
            match store.save_in_place_of(&grant, refused).await {
                Ok(()) => self.is_saved(&grant),
                Err(fault) => tracing::debug!("the store did not follow: {fault}"),
            }
            self.save().await;
        }
        true
    }

    /// Forgets an account, or only what one application has of it. Tells whether there was anything.
    ///
    /// # Errors
    ///
    /// When a store still keeps it, or may do so.
    pub(crate) async fn remove(
        &mut self,
        environment: &str,
        home_account_id: &HomeAccountId,
        client_id: Option<&ClientId>,
    ) -> Result<bool, StoreError> {
        // What it keeps there would come back with it.
        self.open().await;
        let removed = {
            let mut grants = self.accounts.lock();
            let grants = grants.all_mut();
            let before = grants.len();
            grants.retain(|held| {
                held.grant.account.environment != environment
                    || held.grant.account.home_account_id != *home_account_id
                    || client_id.is_some_and(|client_id| held.grant.client_id != *client_id)
            });
            grants.len() < before
        };
        if client_id.is_none() {
            let default = &self.accounts.default;
            default.forget(environment, home_account_id).await;
        }
        let left = self.keeper.out_of_reach();
        let removed = || left.map_or(Ok(removed), Err);
        let Some(store) = self.keeper.store() else {
            return removed();
        };
        let mut done = store.remove(environment, home_account_id, client_id).await;
        if done.is_err()
            && let Some(store) = self.keeper.reopen().await
        {
            done = store.remove(environment, home_account_id, client_id).await;
        }
        match done {
            Ok(()) => {
                self.save().await;
                removed()
            }
            Err(fault) => {
                self.settle(Some(fault.clone()));
                Err(fault)
            }
        }
    }

    /// Forgets everything, also what a store has that could not be read. Says how many accounts were held.
    pub(crate) async fn remove_all(&mut self) -> (usize, Erased) {
        self.open().await;
        let held = self.accounts.known().all().len();
        self.accounts.lock().all_mut().clear();
        let mut erased = self.keeper.erase().await;
        if let Err(error) = self.accounts.default.forget_all().await {
            erased.left.push(format!(
                "the default account is still written down: {error}"
            ));
        }
        self.settle(None);
        // After what could not be read is gone, a store may be of use again.
        self.open().await;
        (held, erased)
    }

    /// Has the store follow: whatever it does not have yet is saved.
    async fn save(&mut self) {
        let Some(store) = self.keeper.store() else {
            return;
        };
        let mut saved = self.save_to(store.as_ref()).await;
        if saved.is_err()
            && let Some(store) = self.keeper.reopen().await
        {
            saved = self.save_to(store.as_ref()).await;
        }
        match saved {
            Ok(()) => {
                self.keeper.empty_left().await;
                self.settle(None);
            }
            Err(fault) => {
                if self.keeper.fault.as_ref() != Some(&fault) {
                    tracing::warn!("an account is held in memory only: {fault}");
                }
                self.settle(Some(fault));
            }
        }
    }

    async fn save_to(&self, store: &dyn TokenStore) -> Result<(), StoreError> {
        let unsaved: Vec<StoredGrant> = {
            let grants = self.accounts.lock();
            let unsaved = grants.iter().filter(|held| !held.saved);
            unsaved.map(|held| held.grant.clone()).collect()
        };
        for grant in unsaved {
            store.save(&grant).await?;
            self.is_saved(&grant);
        }
        Ok(())
    }

    fn is_saved(&self, grant: &StoredGrant) {
        self.accounts.lock().is_saved(grant);
    }

    fn settle(&mut self, fault: Option<StoreError>) {
        self.keeper.fault = fault;
        *self
            .accounts
            .report
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = self.keeper.report();
    }
}
