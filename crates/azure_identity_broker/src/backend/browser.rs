//! The system browser, inside the application's own process.

use super::{Accounts, Acquired, Backend};
use crate::{
    BrowserCustomization, ParentWindow, PromptBehavior, Result, entra_failure,
    own_tokens::OwnTokens, token_request::TokenRequest,
};
use async_trait::async_trait;
use azbroker_entra::{
    Account, ClientId, FurtherParameters, LoopbackRedirect, OwnPages, Prompt,
    PromptBehavior as EntraPrompt, RedirectWay, SignIn,
};
use azure_core::time::Duration;
use std::sync::Arc;

/// Signs in through the system browser.
#[derive(Debug)]
pub(crate) struct BrowserBackend {
    tokens: OwnTokens,
    browser: Arc<dyn Prompt>,
    manner: BrowserManner,
}

/// How a sign-in in the browser goes.
#[derive(Clone, Debug, Default)]
pub(crate) struct BrowserManner {
    pub(crate) redirect: LoopbackRedirect,
    pub(crate) prompt: PromptBehavior,
    pub(crate) pages: BrowserCustomization,
    /// How long the user gets, where that is not the usual time.
    pub(crate) timeout: Option<Duration>,
}

impl BrowserBackend {
    pub(crate) fn new(tokens: OwnTokens, browser: Arc<dyn Prompt>, manner: BrowserManner) -> Self {
        Self {
            tokens,
            browser,
            manner,
        }
    }
}

#[async_trait]
impl Backend for BrowserBackend {
    async fn acquire_token_silently(&self, request: &TokenRequest) -> Result<Acquired> {
        self.tokens.acquire_silently(request).await
    }

    async fn acquire_token_interactively(
        &self,
        request: &TokenRequest,
        _window: ParentWindow,
    ) -> Result<Acquired> {
        let (client, wanted) = self.tokens.for_sign_in(request).await?;
        let login_hint = request.account.username().map(str::to_owned);
        let sign_in = SignIn {
            request: wanted,
            prompt_behavior: match (self.manner.prompt, &login_hint) {
                // The page would ask for the account in spite of the hint.
                (PromptBehavior::Automatic, Some(_)) => EntraPrompt::Unspecified,
                (PromptBehavior::Automatic | PromptBehavior::SelectAccount, _) => {
                    EntraPrompt::SelectAccount
                }
                (PromptBehavior::Login, _) => EntraPrompt::Login,
                (PromptBehavior::Consent, _) => EntraPrompt::Consent,
            },
            login_hint,
            further: FurtherParameters::default(),
            // It is the program's own client ID, and its own browser: no other way is tried.
            redirect_way: RedirectWay::LoopbackAt(self.manner.redirect.clone()),
            own_pages: OwnPages {
                success: self.manner.pages.success_page.clone(),
                error: self.manner.pages.error_page.clone(),
            },
        };
        let deadline = self.manner.timeout.unwrap_or(DEADLINE);
        let tokens = sign_in
            .run(client, &*self.browser, deadline)
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

/// What a person gets; below the 300 s that brokers give.
const DEADLINE: Duration = Duration::seconds(280);

#[cfg(test)]
mod tests;
