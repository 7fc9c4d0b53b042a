//! Sign-ins under way, browsers that are signed in, and consents given.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::authorize_request::AuthorizeRequest;
use crate::{
    cloud::{Account, Cloud},
    ledger::SecretKind,
    random,
};

/// The state of all sign-ins; pages carry nothing but the ID of theirs.
#[derive(Default)]
pub(crate) struct SignIns {
    state: Mutex<State>,
}

/// A sign-in between two pages.
#[derive(Clone)]
pub(super) struct SignIn {
    pub(super) request: AuthorizeRequest,
    pub(super) stage: Stage,
    browser: String,
    started: i64,
}

/// What the user is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Who they are.
    Account,
    /// The password of this account.
    Password(Account),
    /// Whether the application may act for this account, whose password was right.
    Consent(Account),
}

impl SignIns {
    /// Starts a sign-in, which only this browser can continue.
    pub(super) fn start(&self, cloud: &Cloud, browser: &str, request: AuthorizeRequest) -> String {
        let id = random::token();
        let started = cloud.clock.unix();
        let mut state = self.state();
        state
            .sign_ins
            .retain(|_, sign_in| started - sign_in.started < SIGN_IN_LIFETIME_SECONDS);
        let sign_in = SignIn {
            request,
            stage: Stage::Account,
            browser: browser.to_owned(),
            started,
        };
        state.sign_ins.insert(id.clone(), sign_in);
        id
    }

    pub(super) fn get(&self, cloud: &Cloud, id: &str, browser: &str) -> Option<SignIn> {
        let now = cloud.clock.unix();
        let state = self.state();
        let sign_in = state.sign_ins.get(id)?;
        let fits = sign_in.browser == browser && now - sign_in.started < SIGN_IN_LIFETIME_SECONDS;
        fits.then(|| sign_in.clone())
    }

    pub(super) fn advance(&self, id: &str, stage: Stage) {
        if let Some(sign_in) = self.state().sign_ins.get_mut(id) {
            sign_in.stage = stage;
        }
    }

    /// Ends a sign-in; false when another request did already.
    pub(super) fn finish(&self, id: &str) -> bool {
        self.state().sign_ins.remove(id).is_some()
    }

    /// The accounts this browser is signed in with, those of a revoked session left out.
    pub(super) fn accounts(&self, cloud: &Cloud, session: &str) -> Vec<Account> {
        let state = self.state();
        let signed_in = state.sessions.get(session).into_iter().flatten();
        signed_in
            .filter(|(account, revocations)| cloud.revocations(*account) == *revocations)
            .map(|(account, _)| *account)
            .collect()
    }

    /// Adds an account to the browser's session and returns the session's new ID.
    ///
    /// The ID changes with each sign-in, so that one known before it is worth nothing after.
    pub(super) fn sign_in(&self, cloud: &Cloud, session: &str, account: Account) -> String {
        let id = random::token();
        cloud.ledger.knows(SecretKind::SessionCookie, &id);
        let mut state = self.state();
        let mut accounts = state.sessions.remove(session).unwrap_or_default();
        accounts.retain(|(other, _)| *other != account);
        accounts.push((account, cloud.revocations(account)));
        state.sessions.insert(id.clone(), accounts);
        id
    }

    pub(super) fn has_consent(&self, account: Account, client_id: &str) -> bool {
        self.state()
            .consents
            .contains(&(account, client_id.to_ascii_lowercase()))
    }

    pub(super) fn consent(&self, account: Account, client_id: &str) {
        self.state()
            .consents
            .insert((account, client_id.to_ascii_lowercase()));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Default)]
struct State {
    sign_ins: HashMap<String, SignIn>,
    /// Accounts by session, each with how often it was revoked when it signed in.
    sessions: HashMap<String, Vec<(Account, u64)>>,
    consents: HashSet<(Account, String)>,
}

const SIGN_IN_LIFETIME_SECONDS: i64 = 3600;
