//! Accounts between the wire and our own form.

use azbroker_entra::{Account, HomeAccountId};
use azbroker_protocol::{Account as WireAccount, TokenResponse};
use azure_core::base64;
use serde::{Deserialize, de::DeserializeOwned};

/// Reads an account; `None` when what makes it one is missing.
pub(super) fn read(wire: &WireAccount) -> Option<Account> {
    let required = [&wire.environment, &wire.realm, &wire.username];
    if required.into_iter().any(String::is_empty) {
        return None;
    }
    Some(Account {
        environment: wire.environment.clone(),
        home_account_id: HomeAccountId::parse(&wire.home_account_id)?,
        local_account_id: wire.local_account_id.clone(),
        tenant_id: wire.realm.clone(),
        username: wire.username.clone(),
        name: wire.name.clone(),
        given_name: wire.given_name.clone(),
        family_name: wire.family_name.clone(),
    })
}

/// Writes an account, with everything known of it.
pub(super) fn write(account: &Account) -> WireAccount {
    WireAccount {
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
        ..WireAccount::default()
    }
}

/// Whose token it is: by the account beside it, or, as newer brokers leave that out, by what the ID token
/// and the client information say.
pub(super) fn of_token(response: &TokenResponse) -> Option<Account> {
    if let Some(account) = response.account.as_ref().and_then(read) {
        return Some(account);
    }
    let claims: IdTokenClaims = part(response.id_token.expose().split('.').nth(1)?)?;
    let home = part(&response.client_info).unwrap_or_else(|| ClientInfo {
        uid: claims.oid.clone(),
        utid: claims.tid.clone(),
    });
    let issuer = azure_core::http::Url::parse(&claims.iss).ok();
    let host = issuer.as_ref().and_then(|url| url.host_str());
    let wire = WireAccount {
        environment: host.unwrap_or(PUBLIC_CLOUD).to_owned(),
        home_account_id: format!("{}.{}", home.uid, home.utid),
        local_account_id: claims.oid,
        realm: first_of(claims.tid, home.utid),
        username: claims.preferred_username,
        name: claims.name,
        given_name: claims.given_name,
        family_name: claims.family_name,
        ..WireAccount::default()
    };
    read(&wire)
}

/// The environment that known clients assume where nothing names one.
const PUBLIC_CLOUD: &str = "login.microsoftonline.com";

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct IdTokenClaims {
    iss: String,
    oid: String,
    tid: String,
    preferred_username: String,
    name: String,
    given_name: String,
    family_name: String,
}

#[derive(Deserialize)]
struct ClientInfo {
    uid: String,
    utid: String,
}

/// base64url of JSON; padding is tolerated.
fn part<T: DeserializeOwned>(text: &str) -> Option<T> {
    let json = base64::decode_url_safe(text.trim_end_matches('=')).ok()?;
    serde_json::from_slice(&json).ok()
}

fn first_of(preferred: String, other: String) -> String {
    if preferred.is_empty() {
        other
    } else {
        preferred
    }
}
