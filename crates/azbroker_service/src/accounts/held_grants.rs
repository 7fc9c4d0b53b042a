use super::known::Known;
use crate::token_store::StoredGrant;
use azbroker_entra::{Account, ClientId, HomeAccountId};
use std::{cmp::Reverse, sync::Arc};

/// The grants in memory, and the accounts they are of.
#[derive(Debug, Default)]
pub(super) struct HeldGrants {
    grants: Vec<HeldGrant>,
    /// Those that were signed out and may still be in a store. Whoever signs them out again must find them.
    leaving: Vec<Arc<Account>>,
    /// None until it is needed, and when it may not hold any more.
    known: Option<Arc<Known>>,
}

#[derive(Debug)]
pub(super) struct HeldGrant {
    pub(super) grant: StoredGrant,
    pub(super) in_store: InStore,
}

/// What the store has of a grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum InStore {
    /// It does not have it, or nobody knows.
    No,
    /// What this one was before it was renewed.
    Earlier,
    Yes,
}

impl HeldGrants {
    /// Each account once; a silent call is answered with it, so it is not made for each of them.
    pub(super) fn known(&mut self) -> Arc<Known> {
        let (grants, leaving) = (&self.grants, &self.leaving);
        let known = self.known.get_or_insert_with(|| {
            let mut held: Vec<_> = grants.iter().map(|held| &held.grant).collect();
            held.sort_by_key(|grant| Reverse(grant.signed_in_on));
            // Who is leaving is nobody's default while there is somebody else.
            let held = held.into_iter().map(|grant| &grant.account);
            Arc::new(Known::of(held.chain(leaving)))
        });
        known.clone()
    }

    /// Whether a store has all of it, and nothing more.
    pub(super) fn rest_in_a_store(&self, is_lasting: bool) -> bool {
        let saved = self.iter().all(|held| held.in_store == InStore::Yes);
        self.leaving.is_empty() && (self.grants.is_empty() || is_lasting && saved)
    }

    pub(super) fn leaving(&self) -> &[Arc<Account>] {
        &self.leaving
    }

    pub(super) fn is_leaving(&self, environment: &str, home_account_id: &HomeAccountId) -> bool {
        let mut leaving = self.leaving.iter();
        leaving.any(|account| is(account, environment, home_account_id))
    }

    /// Drops what is held of an account, which leaves until the stores have followed. Tells whether there was anything.
    pub(super) fn leave(&mut self, environment: &str, home_account_id: &HomeAccountId) -> bool {
        let known = self.known();
        let account = known.exactly(environment, home_account_id.as_str());
        let Some(account) = account else {
            return false;
        };
        if !self.is_leaving(environment, home_account_id) {
            self.leaving.push(account.clone());
        }
        let grants = self.all_mut();
        grants.retain(|held| !is(&held.grant.account, environment, home_account_id));
        true
    }

    /// As [`leave`](Self::leave), for every account.
    pub(super) fn all_leave(&mut self) {
        self.leaving = self.known().all().to_vec();
        self.all_mut().clear();
    }

    /// The stores have followed.
    pub(super) fn has_left(&mut self, environment: &str, home_account_id: &HomeAccountId) {
        let leaving = &mut self.leaving;
        leaving.retain(|account| !is(account, environment, home_account_id));
        self.known = None;
    }

    /// As [`has_left`](Self::has_left), for every account.
    pub(super) fn all_have_left(&mut self) {
        self.leaving.clear();
        self.known = None;
    }

    /// Notes that the store has nothing of an account.
    pub(super) fn is_out_of_store(&mut self, environment: &str, home_account_id: &HomeAccountId) {
        let grants = self.grants.iter_mut();
        grants
            .filter(|held| is(&held.grant.account, environment, home_account_id))
            .for_each(|held| held.in_store = InStore::No);
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &HeldGrant> {
        self.grants.iter()
    }

    pub(super) fn of(&self, account: &Account, client_id: &ClientId) -> Option<&HeldGrant> {
        self.iter().find(|held| held.is(account, client_id))
    }

    /// For changes to all but the account, which [`describe`](Self::describe) changes.
    pub(super) fn of_mut(
        &mut self,
        account: &Account,
        client_id: &ClientId,
    ) -> Option<&mut HeldGrant> {
        let mut held = self.grants.iter_mut();
        held.find(|held| held.is(account, client_id))
    }

    /// Has the account of a grant look as in a newer answer.
    pub(super) fn describe(&mut self, account: &Account, client_id: &ClientId) {
        let held = self.of_mut(account, client_id);
        if let Some(held) = held.filter(|held| *held.grant.account != *account) {
            held.grant.account = Arc::new(account.clone());
            self.known = None;
        }
    }

    /// For grants that come, go or take another's place.
    pub(super) fn all_mut(&mut self) -> &mut Vec<HeldGrant> {
        self.known = None;
        &mut self.grants
    }

    pub(super) fn is_saved(&mut self, grant: &StoredGrant) {
        let mut held = self.grants.iter_mut();
        if let Some(held) = held.find(|held| held.grant.is_of(grant)) {
            held.in_store = InStore::Yes;
        }
    }

    /// Drops a grant that somebody else took out of the store.
    pub(super) fn is_gone(&mut self, grant: &StoredGrant) {
        self.all_mut().retain(|held| !held.grant.is_of(grant));
    }
}

impl HeldGrant {
    pub(super) fn is(&self, account: &Account, client_id: &ClientId) -> bool {
        self.grant.client_id == *client_id
            && is(
                &self.grant.account,
                &account.environment,
                &account.home_account_id,
            )
    }

    /// Notes that the grant is another one than the store has.
    pub(super) fn is_renewed(&mut self) {
        if self.in_store == InStore::Yes {
            self.in_store = InStore::Earlier;
        }
    }
}

fn is(account: &Account, environment: &str, home_account_id: &HomeAccountId) -> bool {
    account.environment == environment && account.home_account_id == *home_account_id
}
