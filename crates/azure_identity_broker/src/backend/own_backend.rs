use super::{Accounts, Acquired, Backend, SignInWay};
use crate::{ParentWindow, Result, own_tokens::OwnTokens, token_request::TokenRequest};
use async_trait::async_trait;
use azbroker_entra::{Account, ClientId};

/// Entra ID itself, asked from inside the application's own process.
#[derive(Debug)]
pub(crate) struct OwnBackend<W> {
    tokens: OwnTokens,
    way: W,
}

impl<W: SignInWay> OwnBackend<W> {
    pub(crate) fn new(tokens: OwnTokens, way: W) -> Self {
        Self { tokens, way }
    }
}

#[async_trait]
impl<W: SignInWay> Backend for OwnBackend<W> {
    async fn acquire_token_silently(&self, request: &TokenRequest) -> Result<Acquired> {
        self.tokens.acquire_silently(request).await
    }

    async fn acquire_token_interactively(
        &self,
        request: &TokenRequest,
        _window: ParentWindow,
    ) -> Result<Acquired> {
        let (client, wanted) = self.tokens.for_sign_in(request).await?;
        let tokens = self.way.sign_in(client, wanted, request).await?;
        self.tokens.keep(request, tokens).await
    }

    async fn accounts(&self, client_id: &ClientId) -> Result<Accounts> {
        self.tokens.accounts(client_id).await
    }

    async fn remove_account(&self, client_id: &ClientId, account: &Account) -> Result<()> {
        self.tokens.remove_account(client_id, account).await
    }
}
