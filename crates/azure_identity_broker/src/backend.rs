mod broker_else_browser;
mod browser;
mod dbus;
mod device_code;
mod own_backend;
mod sign_in_way;

pub(crate) use broker_else_browser::BrokerElseBrowser;
pub(crate) use browser::{BrowserManner, ByBrowser};
pub(crate) use dbus::{BrokerManner, Bus, DbusBackend};
pub(crate) use device_code::{ByDeviceCode, Show};
pub(crate) use own_backend::OwnBackend;
pub(crate) use sign_in_way::SignInWay;

use crate::{ParentWindow, Result, token_request::TokenRequest};
use async_trait::async_trait;
use azbroker_entra::{Account, ClientId};
use azure_core::{credentials::AccessToken, time::OffsetDateTime};
use std::fmt::Debug;

/// Whatever stands behind a credential.
///
/// A backend never caches, never tries again and never decides to become interactive.
#[async_trait]
pub(crate) trait Backend: Debug + Send + Sync {
    /// Acquires a token without showing anything.
    async fn acquire_token_silently(&self, request: &TokenRequest) -> Result<Acquired>;

    /// Acquires a token with the user.
    async fn acquire_token_interactively(
        &self,
        request: &TokenRequest,
        window: ParentWindow,
    ) -> Result<Acquired>;

    /// Lists the accounts held for an application.
    async fn accounts(&self, client_id: &ClientId) -> Result<Accounts>;

    /// Forgets an account.
    async fn remove_account(&self, client_id: &ClientId, account: &Account) -> Result<()>;
}

/// A token and whose it is.
#[derive(Clone, Debug)]
pub(crate) struct Acquired {
    pub(crate) token: AccessToken,
    /// When the next one should be acquired, where the answer says so.
    pub(crate) refresh_on: Option<OffsetDateTime>,
    /// `None` when the answer did not say.
    pub(crate) account: Option<Account>,
}

/// The accounts that a backend holds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Accounts {
    pub(crate) accounts: Vec<Account>,
    /// What keeps them, where the backend says so.
    pub(crate) store: Option<String>,
}
