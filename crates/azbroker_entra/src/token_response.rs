use crate::{Account, Error, IdToken, RefreshToken, Result, TokenRequest};
use azure_core::{
    credentials::Secret,
    time::{Duration, OffsetDateTime},
};
use serde::Deserialize;

/// What a redeemed grant gave.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Tokens {
    /// The access token.
    pub access_token: Secret,
    /// When it expires, by this machine's clock.
    pub expires_on: OffsetDateTime,
    /// From when on it should be renewed, where Entra ID said so.
    pub refresh_on: Option<OffsetDateTime>,
    /// The scopes granted, as Entra ID wrote them.
    pub granted_scopes: Vec<String>,
    /// What buys the next access token.
    pub refresh_token: Option<RefreshToken>,
    /// Who signed in, as Entra ID signed it.
    pub id_token: IdToken,
    /// Who signed in.
    pub account: Account,
}

impl Tokens {
    /// Reads the answer of the token endpoint.
    ///
    /// `asked_at` is when the request left, by this machine's clock; `server_time` is the answer's own.
    pub(crate) fn from_json(
        json: &[u8],
        request: &TokenRequest,
        asked_at: OffsetDateTime,
        server_time: Option<OffsetDateTime>,
    ) -> Result<Self> {
        let response: TokenResponse = serde_json::from_slice(json)
            .map_err(|_| Error::Malformed("the answer is no token response"))?;
        let (token_type, other) = match request.bound_to {
            None => ("bearer", "the access token is no bearer token"),
            // Whoever got hold of a bearer token could use it, which is what was to be kept from happening.
            Some(_) => ("pop", "the access token is not bound to a key"),
        };
        if !response.token_type.eq_ignore_ascii_case(token_type) {
            return Err(Error::Malformed(other));
        }
        let id_token = response
            .id_token
            .map(IdToken::new)
            .ok_or(Error::Malformed("the answer has no ID token"))?;
        let claims = id_token.claims()?;
        claims.check(
            &request.authority,
            &request.client_id,
            server_time.unwrap_or(asked_at),
        )?;
        let after = |seconds: i64| asked_at + Duration::seconds(seconds.clamp(0, LONGEST));
        Ok(Self {
            account: Account::new(&request.authority, claims, response.client_info.as_deref()),
            access_token: Secret::new(response.access_token),
            expires_on: after(response.expires_in),
            refresh_on: response.refresh_in.map(after),
            granted_scopes: response
                .scope
                .split_ascii_whitespace()
                .map(str::to_owned)
                .collect(),
            refresh_token: response.refresh_token.map(RefreshToken::new),
            id_token,
        })
    }
}

/// A year: no access token lives longer, and no sum with it can overflow.
const LONGEST: i64 = 365 * 24 * 60 * 60;

#[derive(Deserialize)]
struct TokenResponse {
    #[serde(default = "bearer")]
    token_type: String,
    access_token: String,
    expires_in: i64,
    refresh_in: Option<i64>,
    #[serde(default)]
    scope: String,
    refresh_token: Option<String>,
    id_token: Option<String>,
    client_info: Option<String>,
}

fn bearer() -> String {
    "Bearer".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Authority, ClientId, CorrelationId, KeyId, Scopes};

    #[test]
    fn a_token_of_another_type_than_was_asked_for_is_never_given_out() {
        let request = |bound_to| TokenRequest {
            authority: Authority::public_cloud(),
            client_id: ClientId::azure_cli(),
            scopes: Scopes::parse(["a/.default"]).unwrap(),
            claims: None,
            bound_to,
            correlation_id: CorrelationId::new_v4(),
        };
        let key = KeyId::parse("key").unwrap();
        for (token_type, bound_to, fault) in [
            ("pop", None, "the access token is no bearer token"),
            (
                "Bearer",
                Some(key),
                "the access token is not bound to a key",
            ),
        ] {
            let json =
                format!(r#"{{"token_type":"{token_type}","access_token":"t","expires_in":3600}}"#);
            let request = request(bound_to);
            let now = OffsetDateTime::UNIX_EPOCH;
            let answer = Tokens::from_json(json.as_bytes(), &request, now, None);
            assert!(matches!(answer, Err(Error::Malformed(text)) if text == fault));
        }
    }
}
