//! The system browser, inside the application's own process.

mod failure;

use super::{Accounts, Acquired, Backend};
use crate::{
    Error, ParentWindow, Result,
    refresh_tokens::{HeldToken, RefreshTokens, TokenKind},
    token_request::{TokenRequest, WhichAccount},
};
use async_trait::async_trait;
use azbroker_entra::{
    Account, Client, ClientId, Grant, Prompt, PromptBehavior, RedirectWay, SignIn,
    TokenRequest as EntraRequest, Tokens,
};
use azure_core::{credentials::AccessToken, time::Duration};
use std::sync::Arc;

/// Signs in through the system browser; the refresh tokens are in the application's own keeping.
#[derive(Debug)]
pub(crate) struct BrowserBackend {
    client: Client,
    browser: Arc<dyn Prompt>,
    held: RefreshTokens,
}

impl BrowserBackend {
    pub(crate) fn new(client: Client, browser: Arc<dyn Prompt>, held: RefreshTokens) -> Self {
        Self {
            client,
            browser,
            held,
        }
    }

    async fn find(&self, request: &TokenRequest) -> Result<Option<HeldToken>> {
        let held = self.held.list(&request.client_id, of(request)).await?;
        let mut fitting = held.into_iter().rev().filter(|held| {
            request
                .authority
                .is_same_environment(&held.account.environment)
        });
        Ok(match &request.account {
            WhichAccount::Default => fitting.next(),
            WhichAccount::Hinted(username) => {
                fitting.find(|held| held.account.username.eq_ignore_ascii_case(username))
            }
            WhichAccount::Known(account) => {
                fitting.find(|held| held.account.home_account_id == account.home_account_id)
            }
        })
    }

    async fn keep(&self, request: &TokenRequest, tokens: Tokens) -> Result<Acquired> {
        let account = tokens.account;
        if let Some(refresh_token) = tokens.refresh_token {
            let held = HeldToken {
                client_id: request.client_id.clone(),
                account: account.clone(),
                refresh_token,
                kind: of(request),
            };
            self.held.keep(held).await?;
        }
        Ok(Acquired {
            token: AccessToken::new(tokens.access_token, tokens.expires_on),
            refresh_on: tokens.refresh_on,
            account: Some(account),
        })
    }
}

fn of(request: &TokenRequest) -> TokenKind {
    match request.enable_cae {
        true => TokenKind::ContinuousAccessEvaluation,
        false => TokenKind::Plain,
    }
}

#[async_trait]
impl Backend for BrowserBackend {
    async fn acquire_token_silently(&self, request: &TokenRequest) -> Result<Acquired> {
        let Some(held) = self.find(request).await? else {
            return Err(nobody_has_signed_in(request));
        };
        let grant = Grant::RefreshToken(held.refresh_token.clone());
        match self.client.redeem(&entra_request(request), &grant).await {
            Ok(tokens) => self.keep(request, tokens).await,
            Err(error) => {
                if error
                    .refusal()
                    .is_some_and(|refusal| refusal.ends_refresh_token())
                {
                    self.held.forget_refused(&held).await?;
                }
                Err(failure::of(&error))
            }
        }
    }

    async fn acquire_token_interactively(
        &self,
        request: &TokenRequest,
        _window: ParentWindow,
    ) -> Result<Acquired> {
        let login_hint = request.account.username().map(str::to_owned);
        let sign_in = SignIn {
            request: entra_request(request),
            prompt_behavior: match login_hint {
                // The page would ask for the account in spite of the hint.
                Some(_) => PromptBehavior::Unspecified,
                None => PromptBehavior::SelectAccount,
            },
            login_hint,
            // It is the program's own client ID, and its own browser: no other way is tried.
            redirect_way: RedirectWay::Loopback,
        };
        let tokens = sign_in
            .run(&self.client, &*self.browser, DEADLINE)
            .await
            .map_err(|error| failure::of(&error))?;
        self.keep(request, tokens).await
    }

    async fn accounts(&self, client_id: &ClientId) -> Result<Accounts> {
        Ok(Accounts {
            accounts: self.held.accounts(client_id).await?,
            store: None,
        })
    }

    async fn remove_account(&self, client_id: &ClientId, account: &Account) -> Result<()> {
        self.held.forget_account(client_id, account).await
    }
}

/// What a person gets; below the 300 s that brokers give.
const DEADLINE: Duration = Duration::seconds(280);

fn entra_request(request: &TokenRequest) -> EntraRequest {
    EntraRequest {
        authority: request.authority.clone(),
        client_id: request.client_id.clone(),
        scopes: request.scopes.clone(),
        claims: request.claims_parameter(),
        bound_to: None,
        correlation_id: request.correlation_id,
    }
}

fn nobody_has_signed_in(request: &TokenRequest) -> Error {
    let message = match request.account.username() {
        Some(username) => format!("{username} has not signed in to this program yet"),
        None => "nobody has signed in to this program yet".to_owned(),
    };
    Error::signed_out(message)
}

#[cfg(test)]
mod tests;
