use super::{Broker, Issued};
use crate::{
    denial::Denial,
    proof_of_possession::{ProofKey, ProofKeyError, ProofOfPossession},
    request::{Request, SigningRequest},
};
use azbroker_entra::HomeAccountId;
use azbroker_protocol::Status;
use azure_core::credentials::Secret;

impl Broker {
    /// Names the key that the token of a request is to be bound to.
    pub(crate) async fn bind(&self, request: Request) -> Result<Request, Denial> {
        let bound_to = match &request.proof {
            None => None,
            Some(ProofOfPossession::CallersKey(key)) => Some(key.clone()),
            Some(ProofOfPossession::Signed(_)) => Some(self.proof_key().await?.id().clone()),
        };
        Ok(Request {
            bound_to,
            ..request
        })
    }

    /// The token in the form in which the program presents it: as it is, or inside a request signed just now.
    pub(crate) async fn present(
        &self,
        request: &Request,
        issued: &Issued,
    ) -> Result<Secret, Denial> {
        let token = &issued.token.access_token;
        let Some(ProofOfPossession::Signed(http_request)) = &request.proof else {
            return Ok(token.clone());
        };
        let key = self.proof_key().await?;
        key.sign(http_request, Some(token), self.clock.now())
            .map_err(Denial::from)
    }

    /// Signs a request without a token, for a program with an account here.
    pub(crate) async fn sign_http_request(
        &self,
        request: &SigningRequest,
    ) -> Result<Secret, Denial> {
        if !self.holds(&request.home_account_id).await {
            return Err(Denial::new(
                Status::AccountNotFound,
                "the account is not signed in to this broker; sign in",
            ));
        }
        let key = self.proof_key().await?;
        key.sign(&request.http_request, None, self.clock.now())
            .map_err(Denial::from)
    }

    async fn holds(&self, home_account_id: &HomeAccountId) -> bool {
        let accounts = self.accounts.list().await;
        accounts
            .iter()
            .any(|account| account.home_account_id == *home_account_id)
    }

    async fn proof_key(&self) -> Result<&ProofKey, Denial> {
        let make = || async {
            tokio::task::spawn_blocking(ProofKey::generate)
                .await
                .unwrap_or(Err(ProofKeyError))
        };
        self.proof_key
            .get_or_try_init(make)
            .await
            .map_err(Denial::from)
    }
}

impl From<ProofKeyError> for Denial {
    fn from(fault: ProofKeyError) -> Self {
        Self::new(Status::Unexpected, fault.to_string())
    }
}
