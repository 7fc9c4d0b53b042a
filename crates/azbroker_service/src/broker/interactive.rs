use super::{Broker, Issued, redirect_choice::token_request};
use crate::{
    accounts::Subject,
    approvals::{Answer, Choice, Decision, Question},
    caller::Caller,
    denial::Denial,
    keyed_locks::Waited,
    request::Request,
};
use azbroker_entra::{Account, PromptBehavior, SignIn};
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
        caller: &Caller,
    ) -> Result<Issued, Denial> {
        let approved = self.approve(request, caller).await?;
        // Only that it was not asked about kept it from a silent answer.
        if let Approved::Asked(..) = &approved
            && let Some(account) = approved.account()
        {
            let (broker, request, account) = (self.clone(), request.clone(), account.clone());
            let silent = async move { broker.answer_silently(&request, account).await };
            if let Ok(issued) = to_the_end(silent).await {
                return Ok(issued);
            }
        }
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
            let silent = async move {
                let account = broker.account(&request).await?;
                broker.answer_silently(&request, account).await
            };
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
        let (broker, request, caller) = (self.clone(), request.clone(), caller.clone());
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
                    broker
                        .approve_signed_in(&request, &caller, &issued.account, approved)
                        .await?;
                    broker.note_use(&request, &issued.account).await;
                    Ok(issued)
                }
            }
        })
        .await
    }
}

impl Broker {
    /// Finds out whether the caller may have the token, and asks the user where no rule says.
    async fn approve(&self, request: &Request, caller: &Caller) -> Result<Approved, Denial> {
        let account = self.account(request).await.ok();
        let decision = self.approvals.decide(
            caller,
            &request.client_id,
            account.as_ref(),
            &request.resource,
        );
        match decision {
            Decision::Allowed => Ok(Approved::By(account)),
            Decision::Denied(denial) => Err(denial),
            Decision::Ask => self.ask(request, caller, account).await,
        }
    }

    async fn ask(
        &self,
        request: &Request,
        caller: &Caller,
        account: Option<Account>,
    ) -> Result<Approved, Denial> {
        let question = Question {
            caller: caller.clone(),
            client_id: request.client_id.clone(),
            resource: request.resource.clone(),
            scopes: request.scopes.clone(),
            tenant: request.authority.tenant().clone(),
            accounts: account.into_iter().collect(),
            login_hint: request.subject.username().map(str::to_owned),
            correlation_id: request.correlation_id,
        };
        match self.approvals.ask(&question).await {
            None => Err(self.approvals.denied(&question)),
            Some(answer) if answer.choice == Choice::Denied => {
                Err(self.approvals.denied(&question))
            }
            Some(answer) => Ok(Approved::Asked(question, answer)),
        }
    }

    /// Who signed in is known only now, and may be another account than the one that was approved.
    async fn approve_signed_in(
        &self,
        request: &Request,
        caller: &Caller,
        account: &Account,
        approved: Approved,
    ) -> Result<(), Denial> {
        if approved.account().is_some_and(|approved| {
            approved.environment == account.environment
                && approved.home_account_id == account.home_account_id
        }) {
            return Ok(());
        }
        let decision =
            self.approvals
                .decide(caller, &request.client_id, Some(account), &request.resource);
        match (decision, approved) {
            (Decision::Denied(denial), _) => Err(denial),
            (_, Approved::Asked(question, answer)) if answer.choice == Choice::AnotherAccount => {
                self.approvals.remember(&question, &answer, Some(account));
                Ok(())
            }
            (Decision::Allowed, _) | (Decision::Ask, Approved::By(None)) => Ok(()),
            (Decision::Ask, _) => {
                let asked = self.ask(request, caller, Some(account.clone())).await;
                asked.map(drop)
            }
        }
    }
}

/// Why a caller may have a token.
enum Approved {
    /// By what it is, or a rule, about this account or any.
    By(Option<Account>),
    /// By what the user said.
    Asked(Question, Answer),
}

impl Approved {
    /// The account it is about, if it is about one.
    fn account(&self) -> Option<&Account> {
        match self {
            Self::By(account) => account.as_ref(),
            Self::Asked(_, answer) => match &answer.choice {
                Choice::Account(account) => Some(account),
                Choice::AnotherAccount | Choice::Denied => None,
            },
        }
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
