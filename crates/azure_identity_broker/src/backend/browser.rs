//! The system browser, inside the application's own process.

mod failure;

use super::{Accounts, Acquired, Backend};
use crate::{
    Error, ParentWindow, Result,
    token_request::{TokenRequest, WhichAccount},
};
use async_trait::async_trait;
use azbroker_entra::{
    Account, Client, ClientId, Grant, Prompt, PromptBehavior, RedirectWay, RefreshToken, SignIn,
    TokenRequest as EntraRequest, Tokens,
};
use azure_core::{credentials::AccessToken, time::Duration};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Signs in through the system browser and keeps the refresh tokens in memory.
#[derive(Debug)]
pub(crate) struct BrowserBackend {
    client: Client,
    browser: Arc<dyn Prompt>,
    /// The last one to sign in is last.
    held: Mutex<Vec<Held>>,
}

#[derive(Clone, Debug)]
struct Held {
    client_id: ClientId,
    account: Account,
    refresh_token: RefreshToken,
}

impl BrowserBackend {
    pub(crate) fn new(client: Client, browser: Arc<dyn Prompt>) -> Self {
        Self {
            client,
            browser,
            held: Mutex::default(),
        }
    }

    fn find(&self, request: &TokenRequest) -> Option<Held> {
        let held = self.held();
        let mut fitting = held.iter().rev().filter(|held| {
            held.client_id == request.client_id
                && request
                    .authority
                    .is_same_environment(&held.account.environment)
        });
        match &request.account {
            WhichAccount::Default => fitting.next(),
            WhichAccount::Hinted(username) => {
                fitting.find(|held| held.account.username.eq_ignore_ascii_case(username))
            }
            WhichAccount::Known(account) => {
                fitting.find(|held| held.account.home_account_id == account.home_account_id)
            }
        }
        .cloned()
    }

    fn keep(&self, client_id: &ClientId, tokens: Tokens) -> Acquired {
        let account = tokens.account;
        if let Some(refresh_token) = tokens.refresh_token {
            self.forget(client_id, &account);
            self.held().push(Held {
                client_id: client_id.clone(),
                account: account.clone(),
                refresh_token,
            });
        }
        Acquired {
            token: AccessToken::new(tokens.access_token, tokens.expires_on),
            refresh_on: tokens.refresh_on,
            account: Some(account),
        }
    }

    fn forget(&self, client_id: &ClientId, account: &Account) {
        self.held().retain(|held| {
            held.client_id != *client_id || held.account.home_account_id != account.home_account_id
        });
    }

    fn held(&self) -> MutexGuard<'_, Vec<Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Backend for BrowserBackend {
    async fn acquire_token_silently(&self, request: &TokenRequest) -> Result<Acquired> {
        let Some(held) = self.find(request) else {
            return Err(nobody_has_signed_in(request));
        };
        let grant = Grant::RefreshToken(held.refresh_token);
        match self.client.redeem(&entra_request(request), &grant).await {
            Ok(tokens) => Ok(self.keep(&request.client_id, tokens)),
            Err(error) => {
                if error
                    .refusal()
                    .is_some_and(|refusal| refusal.ends_refresh_token())
                {
                    self.forget(&request.client_id, &held.account);
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
        Ok(self.keep(&request.client_id, tokens))
    }

    async fn accounts(&self, client_id: &ClientId) -> Result<Accounts> {
        let held = self.held();
        let own = held.iter().filter(|held| held.client_id == *client_id);
        Ok(Accounts {
            accounts: own.map(|held| held.account.clone()).collect(),
            store: None,
        })
    }

    async fn remove_account(&self, client_id: &ClientId, account: &Account) -> Result<()> {
        self.forget(client_id, account);
        Ok(())
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
