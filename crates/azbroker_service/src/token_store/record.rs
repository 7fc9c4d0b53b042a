use super::StoredGrant;
use azbroker_entra::{Account, ClientId, HomeAccountId, RefreshToken};
use azure_core::time::OffsetDateTime;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// The form in which a grant is kept. Version 1 is the only one so far.
#[derive(Serialize, Deserialize)]
pub(super) struct Record {
    version: u32,
    client_id: String,
    /// Empty where Entra ID refused the one that was there: the account is known and must sign in.
    refresh_token: Zeroizing<String>,
    /// In nanoseconds since 1970: of two sign-ins within a second the later one is still the default.
    signed_in_on: i128,
    environment: String,
    home_account_id: String,
    local_account_id: String,
    tenant_id: String,
    username: String,
    name: String,
    given_name: String,
    family_name: String,
}

impl Record {
    const VERSION: u32 = 1;

    pub(super) fn of(grant: &StoredGrant) -> Self {
        let account = grant.account.clone();
        let refresh_token = grant.refresh_token.as_ref().map(RefreshToken::expose);
        Self {
            version: Self::VERSION,
            client_id: grant.client_id.to_string(),
            refresh_token: Zeroizing::new(refresh_token.unwrap_or_default().to_owned()),
            signed_in_on: grant.signed_in_on.unix_timestamp_nanos(),
            environment: account.environment,
            home_account_id: account.home_account_id.to_string(),
            local_account_id: account.local_account_id,
            tenant_id: account.tenant_id,
            username: account.username,
            name: account.name,
            given_name: account.given_name,
            family_name: account.family_name,
        }
    }

    /// The grant; `None` where it is of another version or makes no sense.
    pub(super) fn into_grant(self) -> Option<StoredGrant> {
        if self.version != Self::VERSION {
            return None;
        }
        let refresh_token = Some(self.refresh_token.as_str()).filter(|token| !token.is_empty());
        Some(StoredGrant {
            account: Account {
                environment: self.environment,
                home_account_id: HomeAccountId::parse(&self.home_account_id)?,
                local_account_id: self.local_account_id,
                tenant_id: self.tenant_id,
                username: self.username,
                name: self.name,
                given_name: self.given_name,
                family_name: self.family_name,
            },
            client_id: ClientId::parse(&self.client_id).ok()?,
            refresh_token: refresh_token.map(|token| RefreshToken::new(token.to_owned())),
            signed_in_on: OffsetDateTime::from_unix_timestamp_nanos(self.signed_in_on).ok()?,
        })
    }
}
