use crate::{
    Client, Error, FurtherParameters, Grant, LoopbackRedirect, OwnPages, Paste, PrivateBrowser,
    Prompt, PromptBehavior, RedirectInMemory, RedirectUri, RefusalKind, Result, TokenRequest,
    Tokens, authorization_request::AuthorizationRequest, last_page::LastPage,
    redirect_connections::RedirectConnections, redirect_end::RedirectEnd,
    redirect_listener::RedirectListener,
};
use azure_core::time::Duration;
use std::pin::pin;
use tokio::sync::mpsc::Receiver;

/// A sign-in through a browser of the user's.
#[derive(Clone, Debug)]
pub struct SignIn {
    /// What the tokens are for.
    pub request: TokenRequest,
    /// A username to offer on the page.
    pub login_hint: Option<String>,
    /// What the page must do.
    pub prompt_behavior: PromptBehavior,
    /// What else the page is asked for.
    pub further: FurtherParameters,
    /// How the redirect comes back.
    pub redirect_way: RedirectWay,
    /// What the user's browser shows in the end, where it is not ours.
    pub own_pages: OwnPages,
}

/// How a redirect comes back by itself. The application must have registered its redirect URI.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum RedirectWay {
    /// From the user's own browser to a port of this machine: [`RedirectUri::Loopback`].
    #[default]
    Loopback,
    /// The same, at a redirect URI of the application's own.
    LoopbackAt(LoopbackRedirect),
    /// Read off a window of its own: [`RedirectUri::NativeClient`].
    PrivateWindow(PrivateBrowser),
}

impl SignIn {
    /// Has the user sign in and redeems the code.
    ///
    /// Dropping the future ends the sign-in: its port or its window closes, and a late redirect finds nobody.
    ///
    /// # Errors
    ///
    /// [`Error::NotFinished`] after `deadline`; [`Error::NoPrompt`] when there is no browser;
    /// [`Error::WindowClosed`] when the user closed a private window; [`Error::Refused`] when Entra ID refuses or
    /// the user declines.
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
    /// Reach for this where the waiting may be given up, but a code that has come must not be lost. A private window
    /// opens by itself, without `prompt`.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run), but for what Entra ID says.
    pub async fn wait(&self, prompt: &dyn Prompt, deadline: Duration) -> Result<Redirected> {
        match &self.redirect_way {
            RedirectWay::Loopback => {
                self.wait_at(LoopbackRedirect::default(), prompt, deadline)
                    .await
            }
            RedirectWay::LoopbackAt(redirect) => {
                self.wait_at(redirect.clone(), prompt, deadline).await
            }
            RedirectWay::PrivateWindow(browser) => self.wait_in_window(browser, deadline).await,
        }
    }

    /// Waits for the user, who may also paste the address that the browser ended on.
    ///
    /// `prompt` shows them the address of the sign-in page. A redirect to this machine's loopback is taken too.
    ///
    /// # Errors
    ///
    /// As [`wait`](Self::wait).
    pub async fn wait_by_hand(
        &self,
        redirect_uri: RedirectUri,
        prompt: &dyn Prompt,
        pastes: &mut Receiver<Paste>,
        deadline: Duration,
    ) -> Result<Redirected> {
        let listener = match redirect_uri {
            RedirectUri::Loopback => Some(listen(LoopbackRedirect::default()).await?),
            RedirectUri::NativeClient => None,
        };
        self.wait_for(listener, prompt, pastes, deadline).await
    }

    /// Waits at no port, for the connections that its fuzz target makes.
    #[doc(hidden)]
    pub async fn wait_in_memory(
        &self,
        connections: RedirectInMemory,
        prompt: &dyn Prompt,
        deadline: Duration,
    ) -> Result<Redirected> {
        let listener = RedirectListener::on(connections, LoopbackRedirect::default());
        self.wait_alone(listener, prompt, deadline).await
    }

    async fn wait_at(
        &self,
        redirect: LoopbackRedirect,
        prompt: &dyn Prompt,
        deadline: Duration,
    ) -> Result<Redirected> {
        let listener = listen(redirect).await?;
        self.wait_alone(listener, prompt, deadline).await
    }

    async fn wait_alone(
        &self,
        listener: RedirectListener<impl RedirectConnections>,
        prompt: &dyn Prompt,
        deadline: Duration,
    ) -> Result<Redirected> {
        let (_, mut nobody_pastes) = tokio::sync::mpsc::channel(1);
        self.wait_for(Some(listener), prompt, &mut nobody_pastes, deadline)
            .await
    }

    /// Without a listener, what is pasted is the address of the native client's page.
    async fn wait_for(
        &self,
        listener: Option<RedirectListener<impl RedirectConnections>>,
        prompt: &dyn Prompt,
        pastes: &mut Receiver<Paste>,
        deadline: Duration,
    ) -> Result<Redirected> {
        let redirect_uri = listener.as_ref().map_or_else(
            || RedirectUri::NATIVE_CLIENT.to_owned(),
            RedirectListener::redirect_uri,
        );
        let authorization = AuthorizationRequest::new(self, &redirect_uri);
        self.log_opening(&redirect_uri);
        let state = authorization.state.clone();
        let comes = async {
            match listener {
                Some(listener) => RedirectEnd::Listener(listener.receive(state.clone()).await),
                None => std::future::pending().await,
            }
        };
        let shown = async {
            let mut comes = pin!(comes);
            let mut pasted = pin!(paste_of(pastes, &redirect_uri, &state));
            let opened = tokio::select! {
                biased;
                end = &mut comes => return Ok::<_, Error>(end),
                end = &mut pasted => return Ok(end),
                opened = prompt.open(&authorization.url) => opened,
            };
            opened.map_err(Error::NoPrompt)?;
            tokio::select! {
                end = comes => Ok(end),
                end = pasted => Ok(end),
            }
        };
        let Ok(end) = tokio::time::timeout(deadline.unsigned_abs(), shown).await else {
            return Err(Error::NotFinished { waited: deadline });
        };
        let end = end?;
        Ok(self.redirected(authorization, redirect_uri, end))
    }

    #[cfg(unix)]
    async fn wait_in_window(
        &self,
        browser: &PrivateBrowser,
        deadline: Duration,
    ) -> Result<Redirected> {
        let redirect_uri = RedirectUri::NATIVE_CLIENT.to_owned();
        let authorization = AuthorizationRequest::new(self, &redirect_uri);
        self.log_opening(&redirect_uri);
        let shown = browser.sign_in(&authorization.url, &authorization.state);
        let Ok(end) = tokio::time::timeout(deadline.unsigned_abs(), shown).await else {
            return Err(Error::NotFinished { waited: deadline });
        };
        let (outcome, closing) = end?;
        let end = RedirectEnd::Window(outcome, closing);
        Ok(self.redirected(authorization, redirect_uri, end))
    }

    #[cfg(not(unix))]
    async fn wait_in_window(&self, _: &PrivateBrowser, _: Duration) -> Result<Redirected> {
        let reason = "there are no private windows on this system yet";
        Err(Error::NoPrompt(crate::PromptError::new(reason)))
    }

    fn log_opening(&self, redirect_uri: &str) {
        tracing::debug!(
            correlation_id = %self.request.correlation_id, redirect_uri, "opening the sign-in page"
        );
    }

    fn redirected(
        &self,
        authorization: AuthorizationRequest,
        redirect_uri: String,
        end: RedirectEnd,
    ) -> Redirected {
        tracing::debug!(correlation_id = %self.request.correlation_id, "the redirect has come");
        Redirected {
            request: self.request.clone(),
            authorization,
            redirect_uri,
            end,
            own_pages: self.own_pages.clone(),
        }
    }
}

async fn listen(redirect: LoopbackRedirect) -> Result<RedirectListener> {
    let port = redirect.port();
    let listener = RedirectListener::bind(redirect).await;
    listener.map_err(|source| match port {
        Some(port) => Error::NoPort { port, source },
        None => Error::NoRedirect(source),
    })
}

/// Waits for a paste that fits, and tells who pasted what was made of each.
async fn paste_of(pastes: &mut Receiver<Paste>, redirect_uri: &str, state: &str) -> RedirectEnd {
    while let Some(paste) = pastes.recv().await {
        match paste.text.outcome(redirect_uri, state) {
            Ok(outcome) => {
                let _ = paste.answer.send(Ok(()));
                return RedirectEnd::Pasted(outcome);
            }
            Err(fault) => drop(paste.answer.send(Err(fault))),
        }
    }
    std::future::pending().await
}

/// A redirect that has come, with the user's browser waiting for its last page.
#[derive(Debug)]
pub struct Redirected {
    request: TokenRequest,
    authorization: AuthorizationRequest,
    redirect_uri: String,
    end: RedirectEnd,
    own_pages: OwnPages,
}

impl Redirected {
    /// Redeems the code and tells the user how it went.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] when Entra ID refuses or the user declined.
    pub async fn redeem(self, client: &Client) -> Result<Tokens> {
        let result = match self.end.outcome() {
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
                        tokens
                            .id_token
                            .claims()?
                            .check_nonce(&self.authorization.nonce)?;
                        Ok(tokens)
                    })
            }
            Err(refusal) => Err(refusal.clone().into()),
        };
        let page = self.own_pages.instead_of(last_page(&result));
        self.end.finish(page).await;
        result
    }
}

fn last_page(result: &Result<Tokens>) -> LastPage {
    match result {
        Ok(_) => LastPage::SignedIn,
        Err(error) => match error.refusal() {
            Some(refusal) if refusal.kind() == RefusalKind::Declined => LastPage::Declined,
            _ => LastPage::Failed(error.to_sentence()),
        },
    }
}
