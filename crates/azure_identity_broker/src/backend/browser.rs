//! The system browser, inside the application's own process.

use super::SignInWay;
use crate::{
    BrowserCustomization, PromptBehavior, Result, entra_failure, token_request::TokenRequest,
};
use async_trait::async_trait;
use azbroker_entra::{
    Client, FurtherParameters, LoopbackRedirect, OwnPages, Prompt, PromptBehavior as EntraPrompt,
    RedirectWay, SignIn, TokenRequest as EntraRequest, Tokens,
};
use azure_core::time::Duration;
use std::sync::Arc;

/// Signs in through the system browser.
#[derive(Debug)]
pub(crate) struct ByBrowser {
    pub(crate) browser: Arc<dyn Prompt>,
    pub(crate) manner: BrowserManner,
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

#[async_trait]
impl SignInWay for ByBrowser {
    async fn sign_in(
        &self,
        client: &Client,
        wanted: EntraRequest,
        request: &TokenRequest,
    ) -> Result<Tokens> {
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
        sign_in
            .run(client, &*self.browser, deadline)
            .await
            .map_err(|error| entra_failure::of(&error))
    }
}

/// What a person gets; below the 300 s that brokers give.
const DEADLINE: Duration = Duration::seconds(280);

#[cfg(test)]
mod tests;
