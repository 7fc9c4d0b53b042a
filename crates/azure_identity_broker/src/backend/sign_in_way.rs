use crate::{Result, token_request::TokenRequest};
use async_trait::async_trait;
use azbroker_entra::{Client, TokenRequest as EntraRequest, Tokens};
use std::fmt::Debug;

/// How the user signs in where no broker sees to it.
#[async_trait]
pub(crate) trait SignInWay: Debug + Send + Sync {
    /// Signs the user in, and redeems what that gives for what is wanted. `request` is the same in our own words.
    async fn sign_in(
        &self,
        client: &Client,
        wanted: EntraRequest,
        request: &TokenRequest,
    ) -> Result<Tokens>;
}
