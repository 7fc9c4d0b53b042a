use crate::{
    Client, Error, Grant, Prompt, PromptBehavior, RefusalKind, Result, TokenRequest, Tokens,
    authorization_request::AuthorizationRequest,
    last_page::LastPage,
    redirect_listener::{Redirect, RedirectListener},
};
use azure_core::time::Duration;
use std::pin::pin;

/// A sign-in through the user's browser, with a redirect to this machine's loopback.
///
/// The application must have `http://localhost` among its redirect URIs.
#[derive(Clone, Debug)]
pub struct SignIn {
    /// What the tokens are for.
    pub request: TokenRequest,
    /// A username to offer on the page.
    pub login_hint: Option<String>,
    /// What the page must do.
    pub prompt_behavior: PromptBehavior,
}

impl SignIn {
    /// Has the user sign in and redeems the code.
    ///
    /// Dropping the future ends the sign-in: its port closes, and a late redirect finds nobody.
    ///
    /// # Errors
    ///
    /// [`Error::NotFinished`] after `deadline`; [`Error::NoPrompt`] when there is no browser;
    /// [`Error::Refused`] when Entra ID refuses or the user declines.
    pub async fn run(
        &self,
        client: &Client,
        prompt: &dyn Prompt,
        deadline: Duration,
    ) -> Result<Tokens> {
        self.wait(prompt, deadline).await?.redeem(client).await
    }

    /// Waits for the user alone; the code that comes is still to be redeemed.
    ///
    /// Reach for this where the waiting may be given up, but a code that has come must not be lost.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run), but for what Entra ID says.
    pub async fn wait(&self, prompt: &dyn Prompt, deadline: Duration) -> Result<Redirected> {
        let listener = RedirectListener::bind().await.map_err(Error::NoRedirect)?;
        let redirect_uri = listener.redirect_uri();
        let authorization = AuthorizationRequest::new(self, &redirect_uri);
        tracing::debug!(
            correlation_id = %self.request.correlation_id, redirect_uri, "opening the sign-in page"
        );
        let state = authorization.state.clone();
        let shown = async {
            let mut redirect = pin!(listener.receive(state));
            tokio::select! {
                biased;
                redirect = &mut redirect => Ok::<_, Error>(redirect),
                opened = prompt.open(&authorization.url) => {
                    opened.map_err(Error::NoPrompt)?;
                    Ok(redirect.await)
                }
            }
        };
        let Ok(redirect) = tokio::time::timeout(deadline.unsigned_abs(), shown).await else {
            return Err(Error::NotFinished { waited: deadline });
        };
        tracing::debug!(correlation_id = %self.request.correlation_id, "the redirect has come");
        Ok(Redirected {
            request: self.request.clone(),
            authorization,
            redirect_uri,
            redirect: redirect?,
        })
    }
}

/// A redirect that has come, with the user's browser waiting for its last page.
#[derive(Debug)]
pub struct Redirected {
    request: TokenRequest,
    authorization: AuthorizationRequest,
    redirect_uri: String,
    redirect: Redirect,
}

impl Redirected {
    /// Redeems the code and tells the user how it went.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] when Entra ID refuses or the user declined.
    pub async fn redeem(self, client: &Client) -> Result<Tokens> {
        let result = match &self.redirect.outcome {
            Ok(code) => {
                let grant = Grant::AuthorizationCode {
                    code: code.clone(),
                    verifier: self.authorization.verifier.clone(),
                    redirect_uri: self.redirect_uri,
                };
                client
                    .redeem(&self.request, &grant)
                    .await
                    .and_then(|tokens| {
                        tokens.id_token.check_nonce(&self.authorization.nonce)?;
                        Ok(tokens)
                    })
            }
            Err(refusal) => Err(refusal.clone().into()),
        };
        self.redirect.finish(last_page(&result)).await;
        result
    }
}

fn last_page(result: &Result<Tokens>) -> LastPage {
    match result {
        Ok(_) => LastPage::SignedIn,
        Err(error) => match error.refusal() {
            Some(refusal) if refusal.kind() == RefusalKind::Declined => LastPage::Declined,
            Some(refusal) => LastPage::Failed(refusal.codes().first().copied()),
            None => LastPage::Failed(None),
        },
    }
}
