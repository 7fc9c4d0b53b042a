use crate::{Authority, ClientId, Error, Result};
use azure_core::time::{Duration, OffsetDateTime};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;
use std::fmt;
use zeroize::Zeroizing;

/// What says who signed in.
///
/// Its signature is not checked: it comes straight from the token endpoint over TLS, which
/// [OpenID Connect Core section 3.1.3.7](https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation)
/// accepts in its place. Audience, issuer, expiry and nonce are.
///
/// It is held beside each access token, so it is the text alone; its claims are read where they are needed.
#[derive(Clone)]
pub struct IdToken {
    raw: Zeroizing<String>,
}

impl IdToken {
    /// The token as it came, for the one place that hands it on.
    pub fn expose(&self) -> &str {
        &self.raw
    }

    /// A token as it came.
    pub fn new(raw: String) -> Self {
        Self {
            raw: Zeroizing::new(raw),
        }
    }

    pub(crate) fn claims(&self) -> Result<IdTokenClaims> {
        let mut parts = self.raw.split('.');
        let (Some(_), Some(payload), Some(_), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(Error::Malformed("the ID token is no token of three parts"));
        };
        URL_SAFE_NO_PAD
            .decode(payload.trim_end_matches('='))
            .ok()
            .and_then(|json| serde_json::from_slice(&json).ok())
            .ok_or(Error::Malformed("the ID token's claims cannot be read"))
    }
}

impl fmt::Debug for IdToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdToken")
    }
}

#[derive(Deserialize)]
pub(crate) struct IdTokenClaims {
    aud: String,
    iss: String,
    exp: i64,
    nonce: Option<String>,
    #[serde(default)]
    pub(crate) oid: String,
    #[serde(default)]
    pub(crate) tid: String,
    #[serde(default)]
    pub(crate) preferred_username: String,
    #[serde(default)]
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) given_name: String,
    #[serde(default)]
    pub(crate) family_name: String,
}

impl IdTokenClaims {
    /// Checks that the token is meant for this application, by this authority, now.
    ///
    /// `now` is the server's time where it told it: a machine's clock may be wrong.
    pub(crate) fn check(
        &self,
        authority: &Authority,
        client_id: &ClientId,
        now: OffsetDateTime,
    ) -> Result<()> {
        const LEEWAY: Duration = Duration::minutes(5);
        if !self.aud.eq_ignore_ascii_case(client_id.as_str()) {
            return Err(Error::Malformed("the ID token is for another application"));
        }
        if !self.is_issued_by(authority) {
            return Err(Error::Malformed("the ID token is from another authority"));
        }
        if self.exp.saturating_add(LEEWAY.whole_seconds()) < now.unix_timestamp() {
            return Err(Error::Malformed("the ID token has expired"));
        }
        // Of the object ID and the tenant a home account ID is made, which is read up to its first dot.
        let oid = !self.oid.is_empty() && !self.oid.contains('.');
        if self.preferred_username.is_empty() || !oid || self.tid.is_empty() {
            return Err(Error::Malformed("the ID token does not say who signed in"));
        }
        Ok(())
    }

    /// Checks that the token answers the request that this nonce was made for.
    pub(crate) fn check_nonce(&self, nonce: &str) -> Result<()> {
        if self.nonce.as_deref() == Some(nonce) {
            Ok(())
        } else {
            Err(Error::Malformed("the ID token answers another sign-in"))
        }
    }

    /// `iss` is `https://<host>/<tenant ID>/v2.0`, the host by any of the cloud's names.
    fn is_issued_by(&self, authority: &Authority) -> bool {
        let Ok(issuer) = azure_core::http::Url::parse(&self.iss) else {
            return false;
        };
        let host = match (issuer.host_str(), issuer.port()) {
            (Some(host), Some(port)) => format!("{host}:{port}"),
            (Some(host), None) => host.to_owned(),
            (None, _) => return false,
        };
        let tenant = issuer.path().split('/').nth(1).unwrap_or_default();
        let expected = authority.tenant();
        authority.is_same_environment(&host)
            && tenant.eq_ignore_ascii_case(&self.tid)
            && (!expected.is_id() || expected.as_str().eq_ignore_ascii_case(&self.tid))
    }
}

#[cfg(test)]
mod tests;
