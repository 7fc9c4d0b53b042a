mod asking;
mod sharing;
mod time_left;
mod turn;

use super::{Broker, Issued, redirect_choice::token_request};
use crate::{
    accounts::Subject,
    approvals::{Choice, Decision, Permit},
    caller::Caller,
    configuration::SignInWindow,
    denial::Denial,
    picker::{ContinueInPage, Ending, Picker},
    request::Request,
};
use asking::{Answered, Step};
use azbroker_entra::{
    Account, Error, OwnPages, Prompt, PromptBehavior, RedirectWay, Redirected, RefusalKind, SignIn,
};
use azbroker_protocol::Status;
use std::sync::Arc;
use time_left::TimeLeft;
use tracing::Instrument;
use turn::Begun;

pub(super) use turn::Turns;

impl Broker {
    /// Asks the user where something is to be asked, and has them sign in where that is needed.
    ///
    /// Programs that ask while a sign-in for the same application is under way wait for it, other programs than its
    /// own not to its end, and share what it brings as far as they may.
    ///
    /// Dropping the future gives up the waiting for the user. A code that has come is redeemed and kept all the
    /// same: the user has done their part.
    pub(crate) async fn acquire_token_interactively(
        self: &Arc<Self>,
        request: &Request,
        caller: &Caller,
    ) -> Result<Issued, Denial> {
        // Waiting for another program's sign-in counts: clients give up after a time of their own.
        let time = TimeLeft::of(self.configuration.sign_in_deadline, self.clock.as_ref());
        let mut turn = match self.turn(request, caller, &time).await? {
            Begun::Turn(turn) => turn,
            Begun::Shared(shared) => return shared,
        };
        let result = match self.next_step(request, caller).await? {
            Step::SignIn(allowed, permit) => {
                let approval = Approval::Of(allowed.as_ref());
                self.sign_in(request, caller, approval, permit, &time).await
            }
            Step::Ask(asked, permit) => match self.ask(*asked, request, &time).await {
                Ok(answered) => self.follow(request, caller, answered, permit, &time).await,
                Err(ended) => Err(ended),
            },
        };
        turn.settle(request, caller, &result, self.clock.as_ref());
        result.map_err(Ended::into_denial)
    }

    /// Does what the user answered.
    async fn follow(
        self: &Arc<Self>,
        request: &Request,
        caller: &Caller,
        answered: Answered,
        mut permit: Permit,
        time: &TimeLeft<'_>,
    ) -> Result<Issued, Ended> {
        let result = match &answered.answer.choice {
            Choice::Denied => Err(self.deny(&answered)),
            Choice::Account(_) if request.wants_the_page() => {
                let approval = Approval::Answered(&answered);
                self.sign_in(request, caller, approval, permit, time).await
            }
            Choice::AnotherAccount => {
                let approval = Approval::Answered(&answered);
                self.sign_in(request, caller, approval, permit, time).await
            }
            Choice::Account(account) => {
                let silently = self
                    .follow_silently(request, &answered, account, &mut permit)
                    .await;
                match silently {
                    Err(Ended::Otherwise(denial))
                        if denial.status == Status::InteractionRequired =>
                    {
                        tracing::debug!("the account chosen must sign in: {}", denial.context);
                        let approval = Approval::Answered(&answered);
                        self.sign_in(request, caller, approval, permit, time).await
                    }
                    Ok(issued) => used_up(permit, issued),
                    Err(ended) => Err(ended),
                }
            }
        };
        if let Some(page) = &answered.page {
            page.end(match &result {
                Ok(issued) => Ending::Given {
                    username: issued.account.username.clone(),
                },
                Err(Ended::ByUser(_)) => Ending::Denied,
                Err(Ended::TooLate(_)) => Ending::TooLate,
                Err(Ended::Otherwise(denial)) => Ending::Failed(denial.context.clone()),
            });
        }
        result
    }

    /// Gives the token of an account that the user chose, if nothing needs to be shown for it.
    async fn follow_silently(
        self: &Arc<Self>,
        request: &Request,
        answered: &Answered,
        account: &Arc<Account>,
        permit: &mut Permit,
    ) -> Result<Issued, Ended> {
        let question = &answered.question;
        // Of the account that would answer by itself, a rule has said already.
        if answered.allowed() != Some(account.as_ref()) {
            let decision = self.approvals.decide(
                &question.caller,
                &question.client_id,
                Some(account),
                &question.resource,
            );
            match decision {
                Decision::Denied(denial) => return Err(denial.about(Some(account)).into()),
                Decision::Allowed(of_account) => *permit = of_account,
                Decision::Ask => {}
            }
        }
        self.remember(answered, account);
        let (broker, request, account) = (self.clone(), request.clone(), account.clone());
        let silent = async move {
            let issued = broker.answer_silently(&request, account).await?;
            broker.note_use(&request, &issued.account).await;
            Ok::<_, Denial>(issued)
        };
        Ok(to_the_end(silent).await?)
    }

    /// Has the user sign in on Entra ID's page, in the browser that answered where there is one.
    async fn sign_in(
        self: &Arc<Self>,
        request: &Request,
        caller: &Caller,
        approval: Approval<'_>,
        permit: Permit,
        time: &TimeLeft<'_>,
    ) -> Result<Issued, Ended> {
        let redirect_way = self.redirect_way(request).await?;
        let another_window = matches!(redirect_way, RedirectWay::PrivateWindow(_))
            || self.configuration.sign_in_window == SignInWindow::New;
        let page: Option<&Picker> = approval
            .answered()
            .and_then(|answered| answered.page.as_deref());
        let continued;
        let prompt: &dyn Prompt = match page {
            Some(picker) if another_window => {
                picker.leave();
                self.prompt.as_ref()
            }
            Some(picker) => {
                continued = ContinueInPage {
                    picker,
                    otherwise: self.prompt.as_ref(),
                };
                &continued
            }
            None => self.prompt.as_ref(),
        };
        let redirected = sign_in_for(request, approval, redirect_way.clone())
            .wait(prompt, time.left())
            .await
            .map_err(|error| {
                self.redirect_ended(request, &redirect_way, Some(&error));
                Ended::of(error)
            })?;
        self.redirect_ended(request, &redirect_way, None);
        let (broker, request, caller) = (self.clone(), request.clone(), caller.clone());
        let terms = Terms::of(approval);
        let taking = async move { broker.take(&request, &caller, &terms, redirected).await };
        let (issued, of_account) = to_the_end(taking).await?;
        used_up(of_account.unwrap_or(permit), issued)
    }

    /// Redeems the code and keeps what it brings, if it is an account that the caller may have tokens of; with the
    /// permit for it, where that is another one than the request has.
    async fn take(
        &self,
        request: &Request,
        caller: &Caller,
        terms: &Terms,
        redirected: Redirected,
    ) -> Result<(Issued, Option<Permit>), Ended> {
        let _under_way = self.activity.redemption();
        let tokens = redirected.redeem(&self.client).await.map_err(Ended::of)?;
        let account = &tokens.account;
        let permit = self.check_signed_in(request, caller, terms, account)?;
        if let Some(kept) = &terms.answered {
            self.remember(kept, account);
        }
        let issued = self.keep(request, &tokens).await;
        self.note_use(request, &issued.account).await;
        Ok((issued, permit))
    }

    /// Who signed in is known only now, and may be another account than the one that was allowed.
    fn check_signed_in(
        &self,
        request: &Request,
        caller: &Caller,
        terms: &Terms,
        account: &Account,
    ) -> Result<Option<Permit>, Denial> {
        if let Subject::Account {
            home_account_id, ..
        } = &request.subject
            && account.home_account_id != *home_account_id
        {
            return Err(another_signed_in(account, "the account asked for"));
        }
        if terms.allowed.as_ref().is_some_and(|allowed| {
            allowed.environment == account.environment
                && allowed.home_account_id == account.home_account_id
        }) {
            return Ok(None);
        }
        let decision =
            self.approvals
                .decide(caller, &request.client_id, Some(account), &request.resource);
        match decision {
            Decision::Allowed(permit) => Ok(Some(permit)),
            Decision::Denied(denial) => Err(denial.about(Some(account))),
            Decision::Ask if terms.allowed.is_none() => Ok(None),
            Decision::Ask => Err(another_signed_in(account, "the account that was allowed")),
        }
    }
}

/// Why a caller may have a token of whoever signs in.
#[derive(Clone, Copy, Debug)]
enum Approval<'a> {
    /// By what it is, or by a rule: a token of this account, or of any.
    Of(Option<&'a Arc<Account>>),
    /// By what the user answered.
    Answered(&'a Answered),
}

impl<'a> Approval<'a> {
    fn answered(self) -> Option<&'a Answered> {
        match self {
            Self::Of(_) => None,
            Self::Answered(answered) => Some(answered),
        }
    }
}

/// The same for work that outlives the page.
#[derive(Debug)]
struct Terms {
    /// The account it is for; without one, whoever signs in.
    allowed: Option<Arc<Account>>,
    answered: Option<Answered>,
}

impl Terms {
    fn of(approval: Approval<'_>) -> Self {
        let allowed = match approval {
            Approval::Of(account) => account,
            Approval::Answered(answered) => match &answered.answer.choice {
                Choice::Account(account) => Some(account),
                Choice::AnotherAccount | Choice::Denied => None,
            },
        };
        Self {
            allowed: allowed.cloned(),
            answered: approval.answered().map(Answered::without_page),
        }
    }
}

/// What Entra ID's page is asked for.
fn sign_in_for(request: &Request, approval: Approval<'_>, redirect_way: RedirectWay) -> SignIn {
    let login_hint = match approval.answered() {
        Some(answered) => answered.login_hint(),
        None => request.login_hint(),
    };
    SignIn {
        further: request.additional.further.clone(),
        request: token_request(request),
        prompt_behavior: match login_hint {
            Some(_) => PromptBehavior::Unspecified,
            None => PromptBehavior::SelectAccount,
        },
        login_hint,
        redirect_way,
        own_pages: OwnPages::default(),
    }
}

fn another_signed_in(account: &Account, expected: &str) -> Denial {
    Denial::new(
        Status::UserSwitch,
        format!(
            "{} signed in, which is not {expected}; sign in with that one",
            account.username
        ),
    )
}

/// Why there is no token in the end.
#[derive(Debug)]
pub(super) enum Ended {
    /// The user said no.
    ByUser(Denial),
    /// The user said nothing.
    TooLate(Denial),
    Otherwise(Denial),
}

impl Ended {
    fn of(error: Error) -> Self {
        let denial = Denial::of_interactive(&error);
        match &error {
            Error::Refused(refusal) if refusal.kind() == RefusalKind::Declined => {
                Self::ByUser(denial)
            }
            Error::NotFinished { .. } => Self::TooLate(denial),
            _ => Self::Otherwise(denial),
        }
    }

    fn into_denial(self) -> Denial {
        match self {
            Self::ByUser(denial) | Self::TooLate(denial) | Self::Otherwise(denial) => denial,
        }
    }
}

impl From<Denial> for Ended {
    fn from(denial: Denial) -> Self {
        Self::Otherwise(denial)
    }
}

/// The token that is to be given, now that nothing can fail any more.
fn used_up(permit: Permit, issued: Issued) -> Result<Issued, Ended> {
    permit.use_up()?;
    Ok(issued)
}

/// Runs work that must not stop half way, whatever becomes of whoever waits for it.
async fn to_the_end<T, E>(work: impl Future<Output = Result<T, E>> + Send + 'static) -> Result<T, E>
where
    T: Send + 'static,
    E: From<Denial> + Send + 'static,
{
    tokio::spawn(work.in_current_span())
        .await
        .unwrap_or_else(|_| {
            Err(Denial::new(Status::Unexpected, "the broker failed; report it").into())
        })
}
