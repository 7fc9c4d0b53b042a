use crate::request::Request;
use azbroker_entra::{Account, ClientId, Clock, HomeAccountId, IdToken, KeyId, Tenant, Tokens};
use azure_core::{
    credentials::Secret,
    time::{Duration, OffsetDateTime},
};
use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
};

/// Access tokens that are still good, in memory only.
#[derive(Debug)]
pub(crate) struct AccessTokens {
    clock: Arc<dyn Clock>,
    held: Mutex<HashMap<Owner, HashMap<Use, Arc<Held>>>>,
}

/// What an access token is for.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    owner: Owner,
    used: Use,
}

/// Who signed in, and to which application.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Owner {
    environment: String,
    home_account_id: HomeAccountId,
    client_id: ClientId,
}

/// What an application wants with it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Use {
    tenant: Tenant,
    scopes: Vec<String>,
    /// A token of a program that can handle challenges is another one than a plain token.
    capabilities: Vec<String>,
    /// So is one that is bound to a key.
    bound_to: Option<KeyId>,
}

/// An access token with what a reply says beside it.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) access_token: Secret,
    pub(crate) expires_on: OffsetDateTime,
    pub(crate) granted_scopes: Vec<String>,
    pub(crate) id_token: IdToken,
}

impl Key {
    /// What the token is for that a request wants of an account.
    pub(crate) fn new(request: &Request, account: &Account, tenant: Tenant) -> Self {
        let claims = request.claims.as_ref();
        Self {
            owner: Owner {
                environment: account.environment.clone(),
                home_account_id: account.home_account_id.clone(),
                client_id: request.client_id.clone(),
            },
            used: Use {
                tenant,
                scopes: request.scopes.sorted(),
                capabilities: claims.map_or_else(Vec::new, |claims| claims.capabilities().to_vec()),
                bound_to: request.bound_to.clone(),
            },
        }
    }
}

impl AccessTokens {
    /// A token with less than this left is as good as none: clients refuse it.
    const MARGIN: Duration = Duration::minutes(5);

    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            held: Mutex::new(HashMap::new()),
        }
    }

    pub(crate) fn get(&self, key: &Key) -> Option<Arc<Held>> {
        let held = self.lock().get(&key.owner)?.get(&key.used)?.clone();
        (held.expires_on - Self::MARGIN > self.clock.now()).then_some(held)
    }

    /// More than any application asks for, of one account and one application. Callers choose scopes freely, so
    /// there must be an end; accounts and applications are as many as the user has signed in.
    const MOST: usize = 200;

    /// Keeps the access token of an answer, and drops what has expired of that account and application; of too
    /// many, those that expire first.
    pub(crate) fn put(&self, key: Key, tokens: &Tokens) -> Arc<Held> {
        let token = Arc::new(Held {
            access_token: tokens.access_token.clone(),
            expires_on: tokens.expires_on,
            granted_scopes: tokens.granted_scopes.clone(),
            id_token: tokens.id_token.clone(),
        });
        let now = self.clock.now();
        let mut all = self.lock();
        let held = all.entry(key.owner).or_default();
        held.retain(|_, token| token.expires_on > now);
        make_room(held, &key.used, Self::MOST, |token| token.expires_on);
        held.insert(key.used, token.clone());
        token
    }

    /// Drops all tokens of an account, or only those of one application.
    pub(crate) fn remove(
        &self,
        environment: &str,
        home_account_id: &HomeAccountId,
        client_id: Option<&ClientId>,
    ) {
        self.lock().retain(|owner, _| {
            owner.environment != environment
                || owner.home_account_id != *home_account_id
                || client_id.is_some_and(|client_id| owner.client_id != *client_id)
        });
    }

    /// Drops all tokens.
    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Owner, HashMap<Use, Arc<Held>>>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Leaves room for one with this key: of too many, those go that expire first.
fn make_room<K: Clone + Eq + Hash, V>(
    held: &mut HashMap<K, V>,
    key: &K,
    most: usize,
    expires_on: impl Fn(&V) -> OffsetDateTime,
) {
    while held.len() >= most && !held.contains_key(key) {
        let first = held.iter().min_by_key(|(_, value)| expires_on(value));
        let Some(first) = first.map(|(key, _)| key.clone()) else {
            return;
        };
        held.remove(&first);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_too_many_tokens_the_one_that_expires_first_is_dropped() {
        let expires_in = |minutes| OffsetDateTime::UNIX_EPOCH + Duration::minutes(minutes);
        let mut held = HashMap::from([
            ("a", expires_in(60)),
            ("b", expires_in(10)),
            ("c", expires_in(20)),
        ]);
        make_room(&mut held, &"d", 4, |time| *time);
        make_room(&mut held, &"a", 3, |time| *time);
        assert_eq!(held.len(), 3, "there is room, or the place is its own");
        make_room(&mut held, &"d", 3, |time| *time);
        assert!(!held.contains_key("b"), "{held:?}");
        assert_eq!(held.len(), 2);
    }
}
