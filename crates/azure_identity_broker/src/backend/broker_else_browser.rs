use super::{Accounts, Acquired, Backend, ByBrowser, OwnBackend};
use crate::{ErrorKind, ParentWindow, Result, token_request::TokenRequest};
use async_trait::async_trait;
use azbroker_entra::{Account, ClientId};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// The broker, or the system browser where there is no broker.
#[derive(Debug)]
pub(crate) struct BrokerElseBrowser {
    broker: Arc<dyn Backend>,
    browser: OwnBackend<ByBrowser>,
    /// Set by the first sign-in in the browser: a broker that comes up later does not know that account,
    /// and the user would have to sign in twice.
    stays_with_browser: AtomicBool,
}

impl BrokerElseBrowser {
    pub(crate) fn new(broker: Arc<dyn Backend>, browser: OwnBackend<ByBrowser>) -> Self {
        Self {
            broker,
            browser,
            stays_with_browser: AtomicBool::new(false),
        }
    }

    /// What the broker answered, unless it is the browser's turn.
    async fn ask_broker<T>(&self, call: impl Future<Output = Result<T>>) -> Option<Result<T>> {
        if self.stays_with_browser.load(Ordering::Relaxed) {
            return None;
        }
        match call.await {
            Err(error) if error.kind() == ErrorKind::BrokerMissing => {
                tracing::debug!(reason = %error, "no broker: the system browser takes its place");
                None
            }
            result => Some(result),
        }
    }
}

#[async_trait]
impl Backend for BrokerElseBrowser {
    async fn acquire_token_silently(&self, request: &TokenRequest) -> Result<Acquired> {
        match self
            .ask_broker(self.broker.acquire_token_silently(request))
            .await
        {
            Some(result) => result,
            None => self.browser.acquire_token_silently(request).await,
        }
    }

    async fn acquire_token_interactively(
        &self,
        request: &TokenRequest,
        window: ParentWindow,
    ) -> Result<Acquired> {
        let call = self.broker.acquire_token_interactively(request, window);
        if let Some(result) = self.ask_broker(call).await {
            return result;
        }
        let acquired = self
            .browser
            .acquire_token_interactively(request, window)
            .await?;
        self.stays_with_browser.store(true, Ordering::Relaxed);
        Ok(acquired)
    }

    async fn accounts(&self, client_id: &ClientId) -> Result<Accounts> {
        match self.ask_broker(self.broker.accounts(client_id)).await {
            Some(result) => result,
            None => self.browser.accounts(client_id).await,
        }
    }

    async fn remove_account(&self, client_id: &ClientId, account: &Account) -> Result<()> {
        let call = self.broker.remove_account(client_id, account);
        match self.ask_broker(call).await {
            Some(result) => result,
            None => self.browser.remove_account(client_id, account).await,
        }
    }
}
