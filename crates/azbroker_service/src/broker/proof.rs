use super::{Broker, Issued};
use crate::{
    approvals::{Decision, Named},
    caller::Caller,
    denial::Denial,
    proof_of_possession::{ProofKey, ProofKeyError, ProofOfPossession},
    request::{Request, SigningRequest},
};
use azbroker_entra::Account;
use azbroker_protocol::Status;
use azure_core::credentials::Secret;
use std::sync::Arc;

impl Broker {
    /// Names the key that the token of a request is to be bound to.
    pub(crate) async fn bind(&self, request: &mut Request) -> Result<(), Denial> {
        request.bound_to = match &request.proof {
            None => None,
            Some(ProofOfPossession::CallersKey(key)) => Some(key.clone()),
            Some(ProofOfPossession::Signed(_)) => Some(self.proof_key().await?.id().clone()),
        };
        Ok(())
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

    /// Signs a request without a token, for a program that has an approval for an account here. Nobody is asked for
    /// one: there is no token that the question could be about.
    pub(crate) async fn sign_http_request(
        &self,
        request: &SigningRequest,
        caller: &Caller,
    ) -> Result<Secret, Denial> {
        let mut denial = Denial::new(
            Status::AccountNotFound,
            "the account is not signed in to this broker; sign in",
        );
        let held = self.accounts.list().await;
        let in_general = self.approvals.in_general(caller);
        let is_it = |account: &&Arc<Account>| account.home_account_id == request.home_account_id;
        for account in held.iter().filter(is_it) {
            let client_id = request.client_id.as_ref();
            match in_general.decide(client_id, account, Named::Otherwise) {
                Decision::Allowed(_) => {
                    let key = self.proof_key().await?;
                    return key
                        .sign(&request.http_request, None, self.clock.now())
                        .map_err(Denial::from);
                }
                Decision::Ask => denial = not_approved(caller, account),
                Decision::Denied(why) => denial = why,
            }
        }
        Err(denial)
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

fn not_approved(caller: &Caller, account: &Account) -> Denial {
    Denial::interaction_required(format!(
        "'{}' has no approval yet for tokens of {}; ask for one interactively first, or {}",
        caller.program.short_name(),
        account.username,
        caller.program.how_to_allow(),
    ))
}

impl From<ProofKeyError> for Denial {
    fn from(fault: ProofKeyError) -> Self {
        Self::new(Status::Unexpected, fault.to_string())
    }
}
