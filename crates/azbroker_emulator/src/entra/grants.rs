//! Authorization codes and refresh tokens.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use aws_lc_rs::digest;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Instance, Refusal, claims::Claims, scopes::Scopes};
use crate::{
    cloud::{Account, Cloud},
    ledger::SecretKind,
    random,
};

/// What was issued and can be redeemed.
#[derive(Default)]
pub(crate) struct Grants {
    state: Mutex<State>,
}

/// What a code stands for.
#[derive(Clone)]
pub(super) struct CodeGrant {
    pub(super) instance: &'static Instance,
    pub(super) account: Account,
    pub(super) client_id: String,
    pub(super) redirect_uri: String,
    /// The PKCE challenge, see [RFC 7636 section 4.2](https://www.rfc-editor.org/rfc/rfc7636#section-4.2).
    pub(super) challenge: Option<String>,
    pub(super) nonce: Option<String>,
    pub(super) scopes: Scopes,
    pub(super) claims: Claims,
}

/// What a refresh token stands for.
#[derive(Clone)]
pub(super) struct RefreshGrant {
    pub(super) instance: &'static Instance,
    pub(super) account: Account,
    pub(super) client_id: String,
    pub(super) scopes: Scopes,
}

/// What a client presents with a code.
pub(super) struct CodePresented<'a> {
    pub(super) instance: &'static Instance,
    pub(super) code: &'a str,
    pub(super) client_id: &'a str,
    pub(super) redirect_uri: &'a str,
    pub(super) verifier: Option<&'a str>,
}

impl Grants {
    pub(super) fn issue_code(&self, cloud: &Cloud, grant: CodeGrant) -> String {
        let code = format!("emulated-code.{}", random::token());
        cloud.ledger.knows(SecretKind::AuthorizationCode, &code);
        let issued = Issued::new(cloud, grant.account, grant);
        self.state().codes.insert(
            code.clone(),
            Code {
                issued,
                redeemed: false,
            },
        );
        code
    }

    pub(super) fn issue_refresh_token(&self, cloud: &Cloud, grant: RefreshGrant) -> String {
        let sealed = Sealed {
            id: random::hex(),
            username: cloud.user(grant.account).username.clone(),
            client_id: grant.client_id,
            host: grant.instance.hosts[0].to_owned(),
            scope: grant.scopes.requested().join(" "),
            at: cloud.clock.unix(),
            revocations: cloud.revocations(grant.account),
        };
        let text = json!(sealed).to_string();
        let token = format!("{REFRESH_TOKEN}{}", cloud.sealing_key.seal(&text));
        cloud.ledger.knows(SecretKind::RefreshToken, &token);
        token
    }

    /// Redeems a code, which works once; a wrong verifier uses it up too.
    pub(super) fn redeem_code(
        &self,
        cloud: &Cloud,
        presented: &CodePresented<'_>,
    ) -> Result<CodeGrant, Refusal> {
        let mut state = self.state();
        let Some(code) = state.codes.get_mut(presented.code) else {
            return Err(invalid_grant(
                9_002_313,
                "Invalid request. Request is malformed or invalid.",
            ));
        };
        let grant = &code.issued.grant;
        if grant.instance != presented.instance {
            return Err(other_cloud());
        }
        if !grant.client_id.eq_ignore_ascii_case(presented.client_id) {
            return Err(invalid_grant(
                70_000,
                "The code was issued to another application.",
            ));
        }
        if code.redeemed {
            return Err(invalid_grant(
                54_005,
                "OAuth2 Authorization code was already redeemed.",
            ));
        }
        code.redeemed = true;
        if code.issued.age(cloud) >= CODE_LIFETIME_SECONDS {
            return Err(invalid_grant(
                70_008,
                "The provided authorization code has expired.",
            ));
        }
        if code.issued.is_revoked(cloud) {
            return Err(revoked());
        }
        if grant.redirect_uri != presented.redirect_uri {
            let message = format!(
                "The reply address '{}' does not match the reply address '{}' provided when requesting the code.",
                presented.redirect_uri, grant.redirect_uri
            );
            return Err(invalid_grant(500_112, message));
        }
        if !proves(grant.challenge.as_deref(), presented.verifier) {
            let message = "The Code_Verifier does not match the code_challenge supplied in the authorization request.";
            return Err(invalid_grant(501_481, message));
        }
        Ok(grant.clone())
    }

    /// Redeems a refresh token.
    ///
    /// It stays good: the service hands out a new one but does not take the old one back, so an answer that
    /// gets lost loses nobody's account.
    pub(super) fn redeem_refresh_token(
        &self,
        cloud: &Cloud,
        instance: &Instance,
        token: &str,
        client_id: &str,
    ) -> Result<RefreshGrant, Refusal> {
        let Some(issued) = Sealed::open(cloud, token) else {
            return Err(invalid_grant(
                9_002_313,
                "Invalid request. Request is malformed or invalid.",
            ));
        };
        if issued.grant.instance != instance {
            return Err(other_cloud());
        }
        if !issued.grant.client_id.eq_ignore_ascii_case(client_id) {
            return Err(invalid_grant(
                70_000,
                "The refresh token was issued to another application.",
            ));
        }
        if issued.is_revoked(cloud) {
            return Err(revoked());
        }
        if issued.age(cloud) >= REFRESH_TOKEN_LIFETIME_SECONDS {
            return Err(invalid_grant(
                700_082,
                "The refresh token has expired due to inactivity.",
            ));
        }
        Ok(issued.grant)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Default)]
struct State {
    codes: HashMap<String, Code>,
}

/// What a refresh token holds: it is its own record, so that it outlives the emulator that issued it.
#[derive(Serialize, Deserialize)]
struct Sealed {
    /// Tells two of the same second apart.
    id: String,
    username: String,
    client_id: String,
    /// The first name of the cloud that issued it.
    host: String,
    scope: String,
    at: i64,
    revocations: u64,
}

impl Sealed {
    fn open(cloud: &Cloud, token: &str) -> Option<Issued<RefreshGrant>> {
        let text = cloud.sealing_key.open(token.strip_prefix(REFRESH_TOKEN)?)?;
        let sealed: Self = serde_json::from_str(&text).ok()?;
        let account = cloud.account_where(|_, user| user.username == sealed.username)?;
        Some(Issued {
            grant: RefreshGrant {
                account,
                client_id: sealed.client_id,
                instance: Instance::of_host(&sealed.host)?,
                scopes: Scopes::parse(&sealed.scope).ok()?,
            },
            account,
            at: sealed.at,
            revocations: sealed.revocations,
        })
    }
}

struct Code {
    issued: Issued<CodeGrant>,
    redeemed: bool,
}

struct Issued<T> {
    grant: T,
    account: Account,
    at: i64,
    revocations: u64,
}

impl<T> Issued<T> {
    fn new(cloud: &Cloud, account: Account, grant: T) -> Self {
        Self {
            grant,
            account,
            at: cloud.clock.unix(),
            revocations: cloud.revocations(account),
        }
    }

    fn age(&self, cloud: &Cloud) -> i64 {
        cloud.clock.unix() - self.at
    }

    fn is_revoked(&self, cloud: &Cloud) -> bool {
        cloud.revocations(self.account) > self.revocations
    }
}

/// Whether the verifier fits the challenge; a verifier without a challenge is a downgrade and does not, see
/// [RFC 9700 section 2.1.1](https://www.rfc-editor.org/rfc/rfc9700#section-2.1.1).
fn proves(challenge: Option<&str>, verifier: Option<&str>) -> bool {
    match (challenge, verifier) {
        (None, None) => true,
        (Some(challenge), Some(verifier)) => {
            is_verifier(verifier)
                && URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, verifier.as_bytes()))
                    == challenge
        }
        _ => false,
    }
}

/// The form of [RFC 7636 section 4.1](https://www.rfc-editor.org/rfc/rfc7636#section-4.1).
fn is_verifier(text: &str) -> bool {
    (43..=128).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
}

fn invalid_grant(aadsts: u32, message: impl Into<String>) -> Refusal {
    Refusal::bad_request("invalid_grant", aadsts, message)
}

fn other_cloud() -> Refusal {
    invalid_grant(70_000, "The grant was issued in another cloud.")
}

fn revoked() -> Refusal {
    let message = "The provided grant has expired due to it being revoked, a fresh auth token is needed. \
                   The user might have changed or reset their password.";
    invalid_grant(50_173, message).with_suberror("bad_token")
}

const REFRESH_TOKEN: &str = "emulated-refresh-token.";
const CODE_LIFETIME_SECONDS: i64 = 600;
const REFRESH_TOKEN_LIFETIME_SECONDS: i64 = 90 * 86_400;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verifier_must_fit_its_challenge() {
        // The example of RFC 7636, appendix B.
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        assert!(proves(Some(challenge), Some(verifier)));
        assert!(proves(None, None));
        assert!(!proves(Some(challenge), None));
        assert!(!proves(None, Some(verifier)));
        assert!(!proves(Some(challenge), Some(challenge)));
        assert!(!proves(
            Some("47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"),
            Some("")
        ));
    }
}
