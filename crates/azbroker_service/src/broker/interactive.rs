use super::{Broker, Issued, redirect_choice::token_request};
use crate::{accounts::Subject, denial::Denial, keyed_locks::Waited, request::Request};
use azbroker_entra::{PromptBehavior, SignIn};
use azbroker_protocol::Status;
use std::sync::Arc;
use tracing::Instrument;

impl Broker {
    /// Has the user sign in.
    ///
    /// Programs that ask while a sign-in for the same application is under way wait for it, and share the
    /// account it brings.
    ///
    /// Dropping the future gives up the waiting for the user. A code that has come is redeemed and kept all the
    /// same: the user has done their part.
    pub(crate) async fn acquire_token_interactively(
        self: &Arc<Self>,
        request: &Request,
    ) -> Result<Issued, Denial> {
        let login_hint = match &request.subject {
            Subject::Account { username, .. } | Subject::Username(username)
                if !username.is_empty() =>
            {
                Some(username.clone())
            }
            _ => None,
        };
        let key = (
            request.client_id.clone(),
            login_hint.clone().unwrap_or_default(),
        );
        // Waiting for another program's sign-in counts: clients give up after a time of their own.
        let deadline = self.configuration.sign_in_deadline;
        let asked_at = self.clock.now();
        let turn = tokio::time::timeout(deadline.unsigned_abs(), self.sign_ins.lock(key)).await;
        let Ok((_one_at_a_time, waited)) = turn else {
            return Err(Denial::new(
                Status::UserCanceled,
                "another program's sign-in was not finished in time; try again",
            ));
        };
        if waited == Waited::Yes {
            let (broker, request) = (self.clone(), request.clone());
            let silent = async move { broker.acquire_token_silently(&request).await };
            if let Ok(issued) = to_the_end(silent).await {
                tracing::debug!("another program's sign-in answers this request");
                return Ok(issued);
            }
        }
        let redirect_way = self.redirect_way(request).await?;
        let sign_in = SignIn {
            request: token_request(request),
            prompt_behavior: match login_hint {
                Some(_) => PromptBehavior::Unspecified,
                None => PromptBehavior::SelectAccount,
            },
            login_hint,
            redirect_way: redirect_way.clone(),
        };
        let left = deadline - (self.clock.now() - asked_at);
        let redirected = sign_in
            .wait(self.prompt.as_ref(), left)
            .await
            .map_err(|error| {
                self.redirect_ended(request, &redirect_way, Some(&error));
                Denial::of_interactive(&error)
            })?;
        self.redirect_ended(request, &redirect_way, None);
        let (broker, request) = (self.clone(), request.clone());
        to_the_end(async move {
            let _under_way = broker.activity.redemption();
            let tokens = redirected
                .redeem(&broker.client)
                .await
                .map_err(|error| Denial::of_interactive(&error))?;
            let signed_in = &tokens.account;
            match &request.subject {
                Subject::Account {
                    home_account_id, ..
                } if signed_in.home_account_id != *home_account_id => Err(Denial::new(
                    Status::UserSwitch,
                    format!(
                        "{} signed in, which is not the account asked for; sign in with that one",
                        signed_in.username
                    ),
                )),
                _ => {
                    let issued = broker.keep(&request, &tokens).await;
                    broker.note_use(&request, &issued.account).await;
                    Ok(issued)
                }
            }
        })
        .await
    }
}

/// Runs work that must not stop half way, whatever becomes of whoever waits for it.
async fn to_the_end(
    work: impl Future<Output = Result<Issued, Denial>> + Send + 'static,
) -> Result<Issued, Denial> {
    tokio::spawn(work.in_current_span())
        .await
        .unwrap_or_else(|_| {
            Err(Denial::new(
                Status::Unexpected,
                "the broker failed; report it",
            ))
        })
}
