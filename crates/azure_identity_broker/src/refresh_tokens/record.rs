use super::{HeldToken, TokenKind};
use azbroker_entra::{Account, ClientId, HomeAccountId, RefreshToken};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// How a refresh token is written down. Version 1 is the only one so far.
#[derive(Deserialize, Serialize)]
pub(super) struct Record {
    version: u32,
    client_id: String,
    continuous_access_evaluation: bool,
    refresh_token: Zeroizing<String>,
    environment: String,
    home_account_id: String,
    local_account_id: String,
    tenant_id: String,
    username: String,
    name: String,
    given_name: String,
    family_name: String,
    /// Seconds since 1970, to tell which account signed in last.
    pub(super) kept_on: i64,
}

impl Record {
    const VERSION: u32 = 1;

    pub(super) fn of(held: &HeldToken, kept_on: i64) -> Self {
        let account = held.account.clone();
        Self {
            version: Self::VERSION,
            client_id: held.client_id.to_string(),
            continuous_access_evaluation: held.kind == TokenKind::ContinuousAccessEvaluation,
            refresh_token: Zeroizing::new(held.refresh_token.expose().to_owned()),
            environment: account.environment,
            home_account_id: account.home_account_id.to_string(),
            local_account_id: account.local_account_id,
            tenant_id: account.tenant_id,
            username: account.username,
            name: account.name,
            given_name: account.given_name,
            family_name: account.family_name,
            kept_on,
        }
    }

    /// Whether it is of the same account, application and kind.
    pub(super) fn is_of_same(&self, held: &HeldToken) -> bool {
        self.client_id == held.client_id.as_str()
            && self.environment == held.account.environment
            && self.home_account_id == held.account.home_account_id.as_str()
            && self.continuous_access_evaluation
                == (held.kind == TokenKind::ContinuousAccessEvaluation)
    }

    /// Whether it is this refresh token, and no newer one.
    pub(super) fn holds(&self, held: &HeldToken) -> bool {
        self.refresh_token.as_str() == held.refresh_token.expose()
    }

    /// `None` where it is of another version or makes no sense.
    pub(super) fn into_held(self) -> Option<HeldToken> {
        if self.version != Self::VERSION {
            return None;
        }
        Some(HeldToken {
            client_id: ClientId::parse(&self.client_id).ok()?,
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
            refresh_token: RefreshToken::new(self.refresh_token.as_str().to_owned()),
            kind: match self.continuous_access_evaluation {
                true => TokenKind::ContinuousAccessEvaluation,
                false => TokenKind::Plain,
            },
        })
    }
}
