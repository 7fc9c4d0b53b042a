//! Who may do what in a vault.

use axum::{
    http::{HeaderMap, Request, header},
    response::Response,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{
    Site, VaultRefusal,
    proof::{Came, SignedRequest},
};
use crate::{
    entra::{self, REVOCATIONS_CLAIM, TokenFault},
    exchange::Notes,
    world::Role,
};

/// The bearer of a good token.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    pub(super) username: String,
    pub(super) client_id: String,
    object_id: String,
    role: Option<Role>,
}

/// What a caller wants to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Get,
    List,
    Set,
    Update,
    Delete,
    Recover,
    Purge,
}

impl Caller {
    /// Finds out who calls, see [RFC 6750 section 2.1](https://www.rfc-editor.org/rfc/rfc6750#section-2.1).
    pub(super) fn of<T>(site: &Site, request: &Request<T>) -> Result<Self, VaultRefusal> {
        let cloud = &site.cloud;
        let vault = site.vault();
        // The world was checked: the vault's tenant exists.
        let tenant = &cloud.world.tenants[cloud.tenant_named(&vault.tenant).unwrap_or_default()];
        let challenge = format!(
            "Bearer authorization=\"https://login.microsoftonline.com/{}\", resource=\"{AUDIENCE}\"",
            tenant.id
        );
        let Some(presented) = Presented::of(request.headers()) else {
            let message = "AKV10000: Request is missing a Bearer or PoP token.";
            return Err(VaultRefusal::unauthorized(challenge, message));
        };
        let no_proof = |fault: &str| {
            let message = format!("AKV10140: The proof of possession is not accepted: {fault}.");
            VaultRefusal::unauthorized(format!("{challenge}, error=\"invalid_token\""), message)
        };
        let signed = match &presented {
            Presented::Bearer(_) => None,
            Presented::Pop(text) => Some(SignedRequest::parse(text).map_err(no_proof)?),
        };
        let token = match (&presented, &signed) {
            (_, Some(signed)) => signed
                .access_token()
                .ok_or_else(|| no_proof("it has no token in it"))?,
            (Presented::Bearer(text) | Presented::Pop(text), None) => text,
        };
        let issuer = entra::PUBLIC.access_token_issuer(&tenant.id);
        let audiences = [AUDIENCE, AUDIENCE_WITH_SLASH];
        let verified = cloud
            .signing_key
            .verify(token, &issuer, &audiences, cloud.clock.unix());
        let claims = verified.map_err(|fault| {
            let message = match fault {
                TokenFault::Malformed => "AKV10001: The token is not a JSON Web Token.".to_owned(),
                TokenFault::Signature => {
                    "AKV10046: Unable to resolve the key used for signature validation.".to_owned()
                }
                TokenFault::Issuer => format!("AKV10032: Invalid issuer. Expected {issuer}"),
                TokenFault::Audience => format!("AKV10022: Invalid audience. Expected {AUDIENCE}"),
                TokenFault::Expired => {
                    "[TokenExpired] The token is expired or not valid yet.".to_owned()
                }
            };
            VaultRefusal::unauthorized(format!("{challenge}, error=\"invalid_token\""), message)
        })?;
        match &signed {
            Some(signed) => {
                let came = Came {
                    method: request.method(),
                    host: &site.host(),
                    uri: request.uri(),
                };
                let now = cloud.clock.unix();
                signed
                    .check(&claims, came, now, &cloud.seen)
                    .map_err(no_proof)?;
            }
            None if !claims["cnf"].is_null() => {
                return Err(no_proof(
                    "the token is bound to a key, and came without proof",
                ));
            }
            None => {}
        }
        let claim = |name: &str| claims[name].as_str().unwrap_or_default().to_owned();
        if is_revoked(&claims, site) {
            let want = json!({ "access_token": { "nbf": {
                "essential": true,
                "value": cloud.clock.unix().to_string(),
            }}});
            return Err(VaultRefusal::unauthorized(
                claims_header("insufficient_claims", Some(&want.to_string())),
                "AKV10095: Continuous access evaluation: the token was revoked.",
            ));
        }
        let (object_id, client_id) = (claim("oid"), claim("appid"));
        let user = tenant
            .users
            .iter()
            .find(|user| user.object_id.eq_ignore_ascii_case(&object_id));
        let username = user.map_or_else(|| claim("upn"), |user| user.username.clone());
        let role = vault
            .roles
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(&username))
            .map(|(_, role)| *role);
        Ok(Self {
            username,
            client_id,
            object_id,
            role,
        })
    }

    /// Checks the caller's role.
    pub(super) fn may(&self, action: Action, site: &Site) -> Result<(), VaultRefusal> {
        let allowed = match action {
            Action::Get | Action::List => self.role.is_some(),
            _ => self.role == Some(Role::Officer),
        };
        if allowed {
            return Ok(());
        }
        let message = format!(
            "Caller is not authorized to perform action on resource. If role assignments were changed recently, \
             please observe propagation time. Caller: name={};appid={};oid={} \
             Action: 'Microsoft.KeyVault/vaults/secrets/{}' Vault: {} Assignment: (not found)",
            self.username,
            self.client_id,
            self.object_id,
            action.name(),
            site.vault().name,
        );
        Err(VaultRefusal::forbidden("ForbiddenByRbac", message))
    }
}

impl Action {
    fn name(self) -> &'static str {
        match self {
            Self::Get => "getSecret/action",
            Self::List => "readMetadata/action",
            Self::Set => "setSecret/action",
            Self::Update => "update/action",
            Self::Delete => "delete",
            Self::Recover => "recover/action",
            Self::Purge => "purge/action",
        }
    }
}

/// Whether the program answers challenges and the user's tokens were revoked since this one was issued.
fn is_revoked(claims: &Value, site: &Site) -> bool {
    let answers = claims["xms_cc"].as_array().is_some_and(|values| {
        let mut values = values.iter().filter_map(Value::as_str);
        values.any(|value| value.eq_ignore_ascii_case("CP1"))
    });
    let username = claims["upn"].as_str().unwrap_or_default();
    let issued_after = claims[REVOCATIONS_CLAIM].as_u64().unwrap_or_default();
    answers && issued_after < site.cloud.faults.access_revocations(username)
}

/// The answer that wants a new token with these claims.
pub(crate) fn claims_challenge(error: &str, claims: Option<&str>, notes: &Notes) -> Response {
    VaultRefusal::unauthorized(
        claims_header(error, claims),
        "The token must be asked for again, with the claims of the challenge.",
    )
    .into_response(notes)
}

/// A token as it stands in a request.
#[derive(Debug, PartialEq, Eq)]
enum Presented<'a> {
    Bearer(&'a str),
    /// Inside a signed request.
    Pop(&'a str),
}

impl<'a> Presented<'a> {
    fn of(headers: &'a HeaderMap) -> Option<Self> {
        let (scheme, token) = headers
            .get(header::AUTHORIZATION)?
            .to_str()
            .ok()?
            .split_once(' ')?;
        let token = Some(token.trim()).filter(|token| !token.is_empty())?;
        match scheme {
            _ if scheme.eq_ignore_ascii_case("Bearer") => Some(Self::Bearer(token)),
            _ if scheme.eq_ignore_ascii_case("PoP") => Some(Self::Pop(token)),
            _ => None,
        }
    }
}

fn claims_header(error: &str, claims: Option<&str>) -> String {
    let claims = claims
        .map(|claims| format!(", claims=\"{}\"", STANDARD.encode(claims)))
        .unwrap_or_default();
    format!(
        "Bearer realm=\"\", authorization_uri=\"https://login.microsoftonline.com/common/oauth2/authorize\", \
         error=\"{error}\"{claims}"
    )
}

const AUDIENCE: &str = "https://vault.azure.net";
const AUDIENCE_WITH_SLASH: &str = "https://vault.azure.net/";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_bearer_or_pop_token_counts() {
        let kind = |value: &str| {
            let headers =
                HeaderMap::from_iter([(header::AUTHORIZATION, value.parse().expect("a header"))]);
            Presented::of(&headers).map(|presented| format!("{presented:?}"))
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(kind("Bearer abc"), some(r#"Bearer("abc")"#));
        assert_eq!(kind("bearer  abc"), some(r#"Bearer("abc")"#));
        assert_eq!(kind("pop abc"), some(r#"Pop("abc")"#));
        assert_eq!(kind("Basic abc"), None);
        assert_eq!(kind("Bearer "), None);
        assert_eq!(kind("Bearer"), None);
    }
}
