use super::{
    Accounts,
    held_grants::{HeldGrant, InStore},
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
    /// The account was removed meanwhile, here or in the store by another broker; nothing is held.
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
                self.keeper.fault = Some(reason.clone());
                self.finish_sign_outs().await;
                return self.settle(Some(reason));
            }
        };
        let after = self.keeper.store();
        {
            let mut grants = self.accounts.lock();
            let leaving = grants.leaving().to_vec();
            let stays = |grant: &StoredGrant| {
                !leaving.iter().any(|account| {
                    account.environment == grant.account.environment
                        && account.home_account_id == grant.account.home_account_id
                })
            };
            let grants = grants.all_mut();
            let same = before.zip(after).is_some_and(|(a, b)| Arc::ptr_eq(&a, &b));
            if !same {
                let held = grants.iter_mut();
                held.for_each(|held| held.in_store = InStore::No);
            }
            for grant in found.kept.into_iter().filter(stays) {
                if !grants.iter().any(|held| held.grant.is_of(&grant)) {
                    let in_store = InStore::Yes;
                    grants.push(HeldGrant { grant, in_store });
                }
            }
            for grant in found.elsewhere.into_iter().filter(stays) {
                let in_store = InStore::No;
                match grants.iter_mut().find(|held| held.grant.is_of(&grant)) {
                    Some(held) if held.grant.signed_in_on >= grant.signed_in_on => {}
                    Some(held) => *held = HeldGrant { grant, in_store },
                    None => grants.push(HeldGrant { grant, in_store }),
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
            let in_store = InStore::No;
            grants.push(HeldGrant { grant, in_store });
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
            held.is_renewed();
            grants.describe(&account, client_id);
        }
        self.save().await;
        match self.accounts.lock().of(&account, client_id) {
            Some(_) => Renewed::Kept,
            None => Renewed::Gone,
        }
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
            held.is_renewed();
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

    /// Forgets an account. Tells whether there was anything.
    ///
    /// # Errors
    ///
    /// When a store still keeps it, or may do so. An account that was held is still known then, without a refresh token,
    /// and whatever changes the store tries it again.
    pub(crate) async fn remove(
        &mut self,
        environment: &str,
        home_account_id: &HomeAccountId,
    ) -> Result<bool, StoreError> {
        let was_leaving = self
            .accounts
            .lock()
            .is_leaving(environment, home_account_id);
        // What it keeps there would come back with it.
        self.open().await;
        let was_held = self.accounts.lock().leave(environment, home_account_id);
        let default = &self.accounts.default;
        default.forget(environment, home_account_id).await;
        if !was_held {
            // Another broker may have brought it.
            self.erase(environment, home_account_id).await?;
            return Ok(was_leaving);
        }
        self.save().await;
        let is_leaving = self
            .accounts
            .lock()
            .is_leaving(environment, home_account_id);
        match self.keeper.still_kept.clone().filter(|_| is_leaving) {
            Some(fault) => Err(fault),
            None => Ok(true),
        }
    }

    /// Forgets everything, also what a store has that could not be read. Says how many accounts were held.
    pub(crate) async fn remove_all(&mut self) -> (usize, Erased) {
        let were_leaving = self.accounts.lock().leaving().len();
        self.open().await;
        let held = self.accounts.known().all().len().max(were_leaving);
        self.accounts.lock().all_leave();
        let mut erased = self.keeper.erase().await;
        if erased.left.is_empty() {
            self.accounts.lock().all_have_left();
        }
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

    /// Takes an account out of every store.
    async fn erase(
        &mut self,
        environment: &str,
        home_account_id: &HomeAccountId,
    ) -> Result<(), StoreError> {
        let out_of_reach = self.keeper.out_of_reach();
        if let Some(store) = self.keeper.store() {
            let mut done = store.remove(environment, home_account_id, None).await;
            if done.is_err()
                && let Some(store) = self.keeper.reopen().await
            {
                done = store.remove(environment, home_account_id, None).await;
            }
            done?;
            // Whoever has signed in again since is saved anew.
            let mut grants = self.accounts.lock();
            grants.is_out_of_store(environment, home_account_id);
        }
        out_of_reach.map_or(Ok(()), Err)
    }

    /// Has the stores follow the sign-outs that they did not take.
    pub(super) async fn finish_sign_outs(&mut self) {
        self.keeper.still_kept = None;
        let leaving = self.accounts.lock().leaving().to_vec();
        for account in leaving {
            let (environment, home_account_id) = (&account.environment, &account.home_account_id);
            if let Err(fault) = self.erase(environment, home_account_id).await {
                tracing::debug!("a sign-out is not in the store yet: {fault}");
                self.keeper.still_kept = Some(fault);
                return;
            }
            self.accounts.lock().has_left(environment, home_account_id);
        }
    }

    /// Has the store follow: whoever was signed out goes, and whatever it does not have yet is saved.
    async fn save(&mut self) {
        self.finish_sign_outs().await;
        let Some(store) = self.keeper.store() else {
            let fault = self.keeper.fault.clone();
            return self.settle(fault);
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
        let unsaved: Vec<(StoredGrant, InStore)> = {
            let grants = self.accounts.lock();
            let unsaved = grants.iter().filter(|held| held.in_store != InStore::Yes);
            unsaved
                .map(|held| (held.grant.clone(), held.in_store))
                .collect()
        };
        for (grant, in_store) in unsaved {
            if in_store == InStore::No {
                store.save(&grant).await?;
            } else if !store.save_renewed(&grant).await? {
                tracing::debug!("an account is gone from the store: another broker signed it out");
                self.accounts.lock().is_gone(&grant);
                continue;
            }
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
