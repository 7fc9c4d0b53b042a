use crate::{access_tokens::Held, request::Request};
use azbroker_entra::Account;
use azbroker_entra::Scopes;
use azbroker_protocol::{TokenResponse, WireSecret};
use azure_core::credentials::Secret;
use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};
use zeroize::Zeroizing;

/// The reply that was last made of a token: most that follow are the same, and to write one is a fourth of what a silent
/// answer costs.
#[derive(Default)]
pub(crate) struct LastReply(Mutex<Option<Reply>>);

struct Reply {
    account: Arc<Account>,
    scopes: Scopes,
    json: Zeroizing<String>,
}

/// Writes a token that is held as a reply: as it is, to whoever holds it.
pub(crate) fn held_token(request: &Request, account: &Arc<Account>, token: &Held) -> String {
    let mut last = token
        .last_reply
        .0
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    if let Some(last) = &*last
        && Arc::ptr_eq(&last.account, account)
        && last.scopes == request.scopes
    {
        return last.json.to_string();
    }
    let json = self::token(request, account, token, &token.access_token);
    *last = Some(Reply {
        account: account.clone(),
        scopes: request.scopes.clone(),
        json: Zeroizing::new(json.clone()),
    });
    json
}

/// Writes a token as a reply.
///
/// `presented` is the token in the form in which the program presents it.
pub(crate) fn token(
    request: &Request,
    account: &Account,
    token: &Held,
    presented: &Secret,
) -> String {
    let of_type = match request.proof {
        None => TokenResponse::bearer,
        Some(_) => TokenResponse::proof_of_possession,
    };
    let mut response = of_type(
        WireSecret::new(presented.secret()),
        token.expires_on.unix_timestamp(),
    );
    response.granted_scopes = granted_scopes(request, &token.granted_scopes);
    response.id_token = WireSecret::new(token.id_token.expose());
    let account = self::account(account);
    response.client_info.clone_from(&account.client_info);
    response.account = Some(account);
    response.to_json()
}

/// Writes an account.
pub(crate) fn account(account: &Account) -> azbroker_protocol::Account {
    azbroker_protocol::Account {
        environment: account.environment.clone(),
        home_account_id: account.home_account_id.to_string(),
        local_account_id: account.local_account_id.clone(),
        realm: account.tenant_id.clone(),
        username: account.username.clone(),
        name: account.name.clone(),
        given_name: account.given_name.clone(),
        family_name: account.family_name.clone(),
        client_info: account.home_account_id.to_client_info(),
        home_environment: account.environment.clone(),
        ..Default::default()
    }
}

impl fmt::Debug for LastReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LastReply")
    }
}

/// What was asked for, verbatim, then what was granted beyond it: clients take a requested scope that is
/// not here letter by letter for one that was declined.
fn granted_scopes(request: &Request, granted: &str) -> String {
    let mut scopes: Vec<&str> = request.scopes.iter().collect();
    for scope in granted.split_ascii_whitespace() {
        if !scopes.iter().any(|known| known.eq_ignore_ascii_case(scope)) {
            scopes.push(scope);
        }
    }
    scopes.join(" ")
}
