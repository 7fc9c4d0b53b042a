//! The tokens that are issued.

use aws_lc_rs::digest;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::json;

use super::{claims::Claims, scopes::Scopes};
use crate::{
    cloud::{Account, Cloud},
    ledger::SecretKind,
    random,
};

/// The issuer of access tokens.
///
/// They have the first version's form, which the real service uses for Key Vault and Resource Manager too.
pub(crate) fn access_token_issuer(tenant_id: &str) -> String {
    format!("https://sts.windows.net/{tenant_id}/")
}

/// The issuer of ID tokens.
pub(super) fn id_token_issuer(tenant_id: &str) -> String {
    format!("https://login.microsoftonline.com/{tenant_id}/v2.0")
}

pub(super) fn access_token(
    cloud: &Cloud,
    account: Account,
    client_id: &str,
    scopes: &Scopes,
    claims: &Claims,
) -> String {
    let (tenant, user) = (cloud.tenant(account), cloud.user(account));
    let now = cloud.clock.unix();
    let mut token = json!({
        "aud": scopes.audience,
        "iss": access_token_issuer(&tenant.id),
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
    });
    if !claims.capabilities.is_empty() {
        token["xms_cc"] = json!(claims.capabilities);
    }
    let token = cloud.signing_key.sign(&token);
    cloud.ledger.knows(SecretKind::AccessToken, &token);
    token
}

pub(super) fn id_token(
    cloud: &Cloud,
    account: Account,
    client_id: &str,
    nonce: Option<&str>,
) -> String {
    let (tenant, user) = (cloud.tenant(account), cloud.user(account));
    let now = cloud.clock.unix();
    let mut token = json!({
        "aud": client_id,
        "iss": id_token_issuer(&tenant.id),
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
const ID_TOKEN_LIFETIME_SECONDS: i64 = 3600;
