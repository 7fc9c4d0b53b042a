use crate::{reply::LastReply, request::Request};
use azbroker_entra::{Account, ClientId, Clock, HomeAccountId, IdToken, KeyId, Tenant, Tokens};
use azure_core::{
    credentials::Secret,
    time::{Duration, OffsetDateTime},
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

/// Access tokens that are still good, in memory only.
#[derive(Debug)]
pub(crate) struct AccessTokens {
    clock: Arc<dyn Clock>,
    held: Mutex<HashMap<Owner, OfOwner>>,
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
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Use {
    scopes: String,
    tenant: Tenant,
    /// A token of a program that can handle challenges is another one than a plain token.
    capabilities: Vec<String>,
    /// So is one that is bound to a key.
    bound_to: Option<KeyId>,
}

/// Sorted by use. Most applications have one token, for which a map would take several times the room.
type OfOwner = Vec<Arc<Held>>;

/// An access token with what a reply says beside it.
#[derive(Debug)]
pub(crate) struct Held {
    used: Use,
    pub(crate) access_token: Secret,
    pub(crate) expires_on: OffsetDateTime,
    /// As Entra ID wrote them, with spaces between them.
    pub(crate) granted_scopes: String,
    pub(crate) id_token: IdToken,
    /// A program asks for it again and again, in the same words.
    pub(crate) last_reply: LastReply,
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
        let all = self.lock();
        let held = all.get(&key.owner)?;
        let held = held[place(held, &key.used).ok()?].clone();
        (held.expires_on - Self::MARGIN > self.clock.now()).then_some(held)
    }

    /// More than any application asks for, of one account and one application. Callers choose scopes freely, so
    /// there must be an end; accounts and applications are as many as the user has signed in.
    const MOST: usize = 200;

    /// Keeps the access token of an answer, and drops what has expired of that account and application; of too
    /// many, those that expire first.
    pub(crate) fn put(&self, key: Key, tokens: &Tokens) -> Arc<Held> {
        let token = Arc::new(Held {
            used: key.used,
            access_token: tokens.access_token.clone(),
            expires_on: tokens.expires_on,
            granted_scopes: tokens.granted_scopes.join(" "),
            id_token: tokens.id_token.clone(),
            last_reply: LastReply::default(),
        });
        let now = self.clock.now();
        let mut all = self.lock();
        let held = all.entry(key.owner).or_default();
        held.retain(|token| token.expires_on > now);
        keep(held, token.clone(), Self::MOST);
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

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Owner, OfOwner>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where the token for a use is, or where it belongs.
fn place(held: &OfOwner, used: &Use) -> Result<usize, usize> {
    held.binary_search_by(|token| token.used.cmp(used))
}

/// Puts a token in its place; of too many, those go that expire first.
fn keep(held: &mut OfOwner, token: Arc<Held>, most: usize) {
    if let Ok(place) = place(held, &token.used) {
        held[place] = token;
        return;
    }
    while held.len() >= most {
        let first = held.iter().enumerate();
        let Some((first, _)) = first.min_by_key(|(_, token)| token.expires_on) else {
            break;
        };
        held.remove(first);
    }
    let (Ok(place) | Err(place)) = place(held, &token.used);
    if held.is_empty() {
        held.reserve_exact(1);
    }
    held.insert(place, token);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(scope: &str, minutes: i64) -> Arc<Held> {
        Arc::new(Held {
            used: Use {
                scopes: scope.to_owned(),
                tenant: Tenant::parse("contoso.example").unwrap(),
                capabilities: Vec::new(),
                bound_to: None,
            },
            access_token: Secret::new(scope.to_owned()),
            expires_on: OffsetDateTime::UNIX_EPOCH + Duration::minutes(minutes),
            granted_scopes: String::new(),
            id_token: IdToken::new(String::new()),
            last_reply: LastReply::default(),
        })
    }

    fn scopes(held: &OfOwner) -> Vec<&str> {
        held.iter().map(|token| &*token.used.scopes).collect()
    }

    #[test]
    fn of_too_many_tokens_the_one_that_expires_first_is_dropped() {
        let mut held = OfOwner::new();
        for (scope, minutes) in [("c", 20), ("a", 60), ("b", 10)] {
            keep(&mut held, token(scope, minutes), 3);
        }
        keep(&mut held, token("a", 61), 3);
        assert_eq!(scopes(&held), ["a", "b", "c"], "its place is its own");
        keep(&mut held, token("d", 30), 4);
        assert_eq!(scopes(&held), ["a", "b", "c", "d"], "there is room");
        keep(&mut held, token("aa", 30), 4);
        assert_eq!(scopes(&held), ["a", "aa", "c", "d"]);
        let found = place(&held, &token("d", 0).used).unwrap();
        assert_eq!(held[found].access_token.secret(), "d");
    }
}
