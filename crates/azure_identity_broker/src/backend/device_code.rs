//! A browser at another device, for programs without one.

use super::SignInWay;
use crate::{DeviceCodePrompt, Result, entra_failure, token_request::TokenRequest};
use async_trait::async_trait;
use azbroker_entra::{Client, DeviceSignIn, TokenRequest as EntraRequest, Tokens};
use azure_core::time::Duration;
use std::{fmt, sync::Arc};

/// Shows the user a code, and waits until it was entered.
#[derive(Debug)]
pub(crate) struct ByDeviceCode {
    pub(crate) show: Show,
    /// How long the user gets, where the code is good for longer.
    pub(crate) timeout: Option<Duration>,
}

/// The program's way to show a code.
#[derive(Clone)]
pub(crate) struct Show(pub(crate) Arc<dyn Fn(&DeviceCodePrompt) + Send + Sync>);

#[async_trait]
impl SignInWay for ByDeviceCode {
    async fn sign_in(
        &self,
        client: &Client,
        wanted: EntraRequest,
        _request: &TokenRequest,
    ) -> Result<Tokens> {
        let mut sign_in = DeviceSignIn::begin(client, wanted)
            .await
            .map_err(|error| entra_failure::of(&error))?;
        if let Some(timeout) = self.timeout {
            sign_in = sign_in.lasting_at_most(timeout);
        }
        (self.show.0)(&DeviceCodePrompt::of(&sign_in));
        sign_in
            .wait(client)
            .await
            .map_err(|error| entra_failure::of(&error))
    }
}

impl fmt::Debug for Show {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Show")
    }
}
