use crate::{Authority, id_token::IdTokenClaims};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A user known to Entra ID, as a response told.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Account {
    /// The one name of the cloud's host.
    pub environment: String,
    /// The stable key of the account over tenants.
    pub home_account_id: HomeAccountId,
    /// Object ID in [`tenant_id`](Self::tenant_id).
    pub local_account_id: String,
    /// The tenant that issued the tokens.
    pub tenant_id: String,
    /// User principal name.
    pub username: String,
    /// Display name, or empty.
    pub name: String,
    /// Given name, or empty.
    pub given_name: String,
    /// Family name, or empty.
    pub family_name: String,
}

impl Account {
    /// Puts an account together from what a token response says.
    pub(crate) fn new(
        authority: &Authority,
        claims: IdTokenClaims,
        client_info: Option<&str>,
    ) -> Self {
        let home = client_info
            .and_then(ClientInfo::parse)
            .unwrap_or_else(|| ClientInfo {
                uid: claims.oid.clone(),
                utid: claims.tid.clone(),
            });
        Self {
            environment: authority.environment().to_owned(),
            home_account_id: HomeAccountId::new(&home.uid, &home.utid),
            local_account_id: claims.oid,
            tenant_id: claims.tid,
            username: claims.preferred_username,
            name: claims.name,
            given_name: claims.given_name,
            family_name: claims.family_name,
        }
    }
}

/// `<object ID in the home tenant>.<home tenant ID>`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HomeAccountId(String);

impl HomeAccountId {
    /// Joins the object ID in the home tenant and that tenant's ID.
    pub fn new(object_id: &str, tenant_id: &str) -> Self {
        Self(format!("{object_id}.{tenant_id}").to_ascii_lowercase())
    }

    /// Reads what [`Display`](fmt::Display) wrote; `None` unless it has two parts.
    pub fn parse(text: &str) -> Option<Self> {
        let (object_id, tenant_id) = text.split_once('.')?;
        let whole = !object_id.is_empty() && !tenant_id.is_empty();
        whole.then(|| Self::new(object_id, tenant_id))
    }

    /// The ID as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The home tenant's ID.
    pub fn tenant_id(&self) -> &str {
        self.0
            .split_once('.')
            .map_or("", |(_, tenant_id)| tenant_id)
    }

    /// base64url of `{"uid":…,"utid":…}`, the form in which the ID travels beside tokens.
    pub fn to_client_info(&self) -> String {
        let (uid, utid) = self.0.split_once('.').unwrap_or_default();
        let info = ClientInfo { uid, utid };
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(&info).unwrap_or_default())
    }
}

impl fmt::Display for HomeAccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[derive(Serialize, Deserialize)]
struct ClientInfo<T = String> {
    uid: T,
    utid: T,
}

impl ClientInfo {
    fn parse(text: &str) -> Option<Self> {
        let json = URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()?;
        let info: Self = serde_json::from_slice(&json).ok()?;
        // A home account ID is read up to its first dot, or nobody could name the account again.
        let whole = !info.uid.is_empty() && !info.uid.contains('.') && !info.utid.is_empty();
        whole.then_some(info)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn client_info_that_names_nobody_is_none() {
        let encoded = |json: &str| URL_SAFE_NO_PAD.encode(json);
        assert!(ClientInfo::parse(&encoded(r#"{"uid":"u","utid":"t"}"#)).is_some());
        for json in [
            r#"{"uid":"","utid":"t"}"#,
            r#"{"uid":"u","utid":""}"#,
            r#"{"uid":".u","utid":"t"}"#,
            "{}",
        ] {
            assert!(ClientInfo::parse(&encoded(json)).is_none(), "{json}");
        }
    }
}
