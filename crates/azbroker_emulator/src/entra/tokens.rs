//! The tokens that are issued.

use aws_lc_rs::digest;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::json;

use super::{Instance, claims::Claims, scopes::Scopes};
use crate::{
    cloud::{Account, Cloud},
    ledger::SecretKind,
    random,
};

/// Who issues a token to whom.
#[derive(Clone, Copy, Debug)]
pub(super) struct Issue<'a> {
    pub(super) instance: &'static Instance,
    pub(super) account: Account,
    pub(super) client_id: &'a str,
}

pub(super) fn access_token(
    cloud: &Cloud,
    issue: Issue<'_>,
    scopes: &Scopes,
    claims: &Claims,
    key: Option<&str>,
) -> String {
    let Issue {
        instance,
        account,
        client_id,
    } = issue;
    let (tenant, user) = (cloud.tenant(account), cloud.user(account));
    let now = cloud.clock.unix();
    let mut token = json!({
        "aud": scopes.audience,
        "iss": instance.access_token_issuer(&tenant.id),
        "iat": now,
        "nbf": now,
        "exp": now + i64::from(cloud.world.access_token_lifetime_seconds),
        "acr": "1",
        "amr": ["pwd"],
        "appid": client_id,
        "appidacr": "0",
        "idtyp": "user",
        "name": user.name,
        "oid": user.object_id,
        "scp": scopes.permissions.join(" "),
        "sub": subject(&user.object_id, client_id),
        "tid": tenant.id,
        "unique_name": user.username,
        "upn": user.username,
        "uti": random::token(),
        "ver": "1.0",
        EMULATOR_CLAIM: true,
        REVOCATIONS_CLAIM: cloud.faults.access_revocations(&user.username),
    });
    if !claims.capabilities.is_empty() {
        token["xms_cc"] = json!(claims.capabilities);
    }
    if let Some(key) = key {
        token["cnf"] = json!({ "kid": key });
    }
    let token = cloud.signing_key.sign(&token);
    cloud.ledger.knows(SecretKind::AccessToken, &token);
    token
}

pub(super) fn id_token(cloud: &Cloud, issue: Issue<'_>, nonce: Option<&str>) -> String {
    let Issue {
        instance,
        account,
        client_id,
    } = issue;
    let (tenant, user) = (cloud.tenant(account), cloud.user(account));
    let now = cloud.clock.unix();
    let mut token = json!({
        "aud": client_id,
        "iss": instance.id_token_issuer(&tenant.id),
        "iat": now,
        "nbf": now,
        "exp": now + ID_TOKEN_LIFETIME_SECONDS,
        "name": user.name,
        "oid": user.object_id,
        "preferred_username": user.username,
        "sub": subject(&user.object_id, client_id),
        "tid": tenant.id,
        "uti": random::token(),
        "ver": "2.0",
        EMULATOR_CLAIM: true,
    });
    if let Some(nonce) = nonce {
        token["nonce"] = json!(nonce);
    }
    let token = cloud.signing_key.sign(&token);
    cloud.ledger.knows(SecretKind::IdToken, &token);
    token
}

/// The `client_info` of an answer: who signed in, as clients name accounts.
pub(super) fn client_info(cloud: &Cloud, account: Account) -> String {
    let info = json!({"uid": cloud.user(account).object_id, "utid": cloud.tenant(account).id});
    URL_SAFE_NO_PAD.encode(info.to_string())
}

/// A subject that two applications cannot compare, see
/// [OpenID Connect Core section 8.1](https://openid.net/specs/openid-connect-core-1_0.html#PairwiseAlg).
fn subject(object_id: &str, client_id: &str) -> String {
    let both = format!("{object_id} {client_id}");
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, both.as_bytes()))
}

/// Marks a token as one that no real service issued.
const EMULATOR_CLAIM: &str = "azbroker_emulator";
/// How often the user's access tokens had been revoked when this one was issued.
pub(crate) const REVOCATIONS_CLAIM: &str = "azbroker_emulator_revocations";
const ID_TOKEN_LIFETIME_SECONDS: i64 = 3600;
