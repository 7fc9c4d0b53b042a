use super::known::Known;
use crate::token_store::StoredGrant;
use azbroker_entra::{Account, ClientId};
use std::{cmp::Reverse, sync::Arc};

/// The grants in memory, and the accounts they are of.
#[derive(Debug, Default)]
pub(super) struct HeldGrants {
    grants: Vec<HeldGrant>,
    /// None until it is needed, and when it may not hold any more.
    known: Option<Arc<Known>>,
}

#[derive(Debug)]
pub(super) struct HeldGrant {
    pub(super) grant: StoredGrant,
    /// Whether the store has it.
    pub(super) saved: bool,
}

impl HeldGrants {
    /// Each account once; a silent call is answered with it, so it is not made for each of them.
    pub(super) fn known(&mut self) -> Arc<Known> {
        let grants = &self.grants;
        let known = self.known.get_or_insert_with(|| {
            let mut held: Vec<_> = grants.iter().map(|held| &held.grant).collect();
            held.sort_by_key(|grant| Reverse(grant.signed_in_on));
            Arc::new(Known::of(held.into_iter().map(|grant| &grant.account)))
        });
        known.clone()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.grants.is_empty()
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
            held.saved = true;
        }
    }
}

impl HeldGrant {
    pub(super) fn is(&self, account: &Account, client_id: &ClientId) -> bool {
        self.grant.client_id == *client_id
            && self.grant.account.environment == account.environment
            && self.grant.account.home_account_id == account.home_account_id
    }
}
