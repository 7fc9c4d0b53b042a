//! The refresh tokens of an application that signs in without a broker.

#[cfg(feature = "persistence")]
mod file;
#[cfg(feature = "persistence")]
mod keyring;
mod memory;
#[cfg(feature = "persistence")]
mod persistent;
#[cfg(feature = "persistence")]
mod record;

pub(crate) use memory::MemoryStore;
#[cfg(feature = "persistence")]
pub(crate) use persistent::PersistentStore;

use crate::Result;
use async_trait::async_trait;
use azbroker_entra::{Account, ClientId, RefreshToken};
use std::{fmt::Debug, sync::Arc};

/// One refresh token, and what it is for.
#[derive(Clone, Debug)]
pub(crate) struct HeldToken {
    pub(crate) client_id: ClientId,
    pub(crate) account: Account,
    pub(crate) refresh_token: RefreshToken,
    pub(crate) kind: TokenKind,
}

/// What the program is capable of stands in its tokens, so those of one kind never answer for the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum TokenKind {
    Plain,
    ContinuousAccessEvaluation,
}

/// A place that keeps refresh tokens for one process or for several.
#[async_trait]
pub(crate) trait RefreshTokenStore: Debug + Send + Sync {
    /// Those of an application, the one that was kept last at the end.
    async fn list(&self, client_id: &ClientId) -> Result<Vec<HeldToken>>;

    /// Keeps one in the place of the one before it.
    async fn keep(&self, token: &HeldToken) -> Result<()>;

    /// Forgets one, if it is still the one that is kept.
    async fn forget(&self, token: &HeldToken) -> Result<()>;
}

/// The refresh tokens of a credential.
#[derive(Clone, Debug)]
pub(crate) struct RefreshTokens(Arc<dyn RefreshTokenStore>);

impl RefreshTokens {
    pub(crate) fn kept_in(store: impl RefreshTokenStore + 'static) -> Self {
        Self(Arc::new(store))
    }

    pub(crate) async fn list(
        &self,
        client_id: &ClientId,
        kind: TokenKind,
    ) -> Result<Vec<HeldToken>> {
        let mut held = self.0.list(client_id).await?;
        held.retain(|held| held.kind == kind);
        Ok(held)
    }

    pub(crate) async fn keep(&self, token: HeldToken) -> Result<()> {
        self.0.keep(&token).await
    }

    /// Forgets a token that Entra ID does not take any more. Another process may have a newer one already.
    pub(crate) async fn forget_refused(&self, token: &HeldToken) -> Result<()> {
        self.0.forget(token).await
    }

    pub(crate) async fn accounts(&self, client_id: &ClientId) -> Result<Vec<Account>> {
        let mut accounts: Vec<Account> = Vec::new();
        for held in self.0.list(client_id).await? {
            accounts.retain(|known| !is_same(known, &held.account));
            accounts.push(held.account);
        }
        Ok(accounts)
    }

    pub(crate) async fn forget_account(
        &self,
        client_id: &ClientId,
        account: &Account,
    ) -> Result<()> {
        for held in self.0.list(client_id).await? {
            if is_same(&held.account, account) {
                self.0.forget(&held).await?;
            }
        }
        Ok(())
    }
}

impl HeldToken {
    /// Whether one takes the other's place.
    pub(crate) fn is_of_same(&self, other: &Self) -> bool {
        self.client_id == other.client_id
            && self.kind == other.kind
            && is_same(&self.account, &other.account)
    }
}

fn is_same(one: &Account, other: &Account) -> bool {
    one.home_account_id == other.home_account_id && one.environment == other.environment
}

#[cfg(all(test, feature = "persistence"))]
mod tests;
