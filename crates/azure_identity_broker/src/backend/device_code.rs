//! A browser at another device, for programs without one.

use super::{Accounts, Acquired, Backend};
use crate::{
    DeviceCodePrompt, ParentWindow, Result, entra_failure, own_tokens::OwnTokens,
    token_request::TokenRequest,
};
use async_trait::async_trait;
use azbroker_entra::{Account, ClientId, DeviceSignIn};
use azure_core::time::Duration;
use std::{fmt, sync::Arc};

/// Shows the user a code, and waits until it was entered.
#[derive(Debug)]
pub(crate) struct DeviceCodeBackend {
    tokens: OwnTokens,
    show: Show,
    /// How long the user gets, where the code is good for longer.
    timeout: Option<Duration>,
}

/// The program's way to show a code.
#[derive(Clone)]
pub(crate) struct Show(pub(crate) Arc<dyn Fn(&DeviceCodePrompt) + Send + Sync>);

impl DeviceCodeBackend {
    pub(crate) fn new(tokens: OwnTokens, show: Show, timeout: Option<Duration>) -> Self {
        Self {
            tokens,
            show,
            timeout,
        }
    }
}

#[async_trait]
impl Backend for DeviceCodeBackend {
    async fn acquire_token_silently(&self, request: &TokenRequest) -> Result<Acquired> {
        self.tokens.acquire_silently(request).await
    }

    async fn acquire_token_interactively(
        &self,
        request: &TokenRequest,
        _window: ParentWindow,
    ) -> Result<Acquired> {
        let (client, wanted) = self.tokens.for_sign_in(request).await?;
        let mut sign_in = DeviceSignIn::begin(client, wanted)
            .await
            .map_err(|error| entra_failure::of(&error))?;
        if let Some(timeout) = self.timeout {
            sign_in = sign_in.lasting_at_most(timeout);
        }
        (self.show.0)(&DeviceCodePrompt::of(&sign_in));
        let tokens = sign_in
            .wait(client)
            .await
            .map_err(|error| entra_failure::of(&error))?;
        self.tokens.keep(request, tokens).await
    }

    async fn accounts(&self, client_id: &ClientId) -> Result<Accounts> {
        self.tokens.accounts(client_id).await
    }

    async fn remove_account(&self, client_id: &ClientId, account: &Account) -> Result<()> {
        self.tokens.remove_account(client_id, account).await
    }
}

impl fmt::Debug for Show {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Show")
    }
}
