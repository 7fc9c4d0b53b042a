//! Whether the user is asked before a sign-in, what, and where.

use super::{Ended, TimeLeft};
use crate::{
    accounts::Subject,
    approvals::{Answer, Choice, Decision, Permit, Question},
    broker::Broker,
    caller::Caller,
    denial::Denial,
    picker::{Asked, Others, Picker, Purpose},
    request::Request,
};
use azbroker_entra::{Account, Error, PromptError};
use azbroker_protocol::Status;
use std::{ops::Deref, sync::Arc};
use tokio::task::JoinSet;

/// What comes first.
#[derive(Debug)]
pub(super) enum Step {
    /// There is nothing to ask: the user signs in. The caller may have tokens of this account, or of any.
    SignIn(Option<Arc<Account>>, Permit),
    /// The user is asked. The caller may have a token of the account that comes first, or what is asked is that.
    Ask(Box<Asked>, Permit),
}

/// What the user answered, and where.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) question: Question,
    purpose: Purpose,
    kept: Kept,
    pub(super) answer: Answer,
    /// The page that brought the answer; elsewhere there is none.
    pub(super) page: Option<Shown>,
}

/// Whether an answer has been remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kept {
    Yes,
    NotYet,
}

/// A page with the browser that shows it.
#[derive(Debug)]
pub(super) struct Shown {
    picker: Picker,
    // The browser is watched as long as the page is of use.
    _browser: JoinSet<Result<(), PromptError>>,
}

impl Deref for Shown {
    type Target = Picker;

    fn deref(&self) -> &Picker {
        &self.picker
    }
}

impl Answered {
    /// Whom Entra ID's page offers.
    pub(super) fn login_hint(&self) -> Option<String> {
        match &self.answer.choice {
            Choice::Account(account) => Some(account.username.clone()),
            // Where no account was offered, another one is the one asked for.
            Choice::AnotherAccount if self.question.accounts.is_empty() => {
                self.question.login_hint.clone()
            }
            Choice::AnotherAccount | Choice::Denied => None,
        }
    }

    /// The account that the caller may have tokens of without being asked about.
    pub(super) fn allowed(&self) -> Option<&Account> {
        match self.purpose {
            Purpose::Choose => self.question.accounts.first().map(Arc::as_ref),
            Purpose::Approve => None,
        }
    }

    /// The answer for work that outlives the page.
    pub(super) fn without_page(&self) -> Self {
        Self {
            question: self.question.clone(),
            purpose: self.purpose,
            kept: self.kept,
            answer: self.answer.clone(),
            page: None,
        }
    }
}

impl Broker {
    /// Decides whether the user is asked: where no rule says what the caller may have, and where several
    /// accounts would do.
    pub(super) async fn next_step(
        &self,
        request: &Request,
        caller: &Caller,
    ) -> Result<Step, Denial> {
        let meant = self.account(request).await.ok();
        let decision = self.approvals.decide(
            caller,
            &request.client_id,
            meant.as_deref(),
            &request.resource,
        );
        let (purpose, permit) = match (decision, &request.subject) {
            (Decision::Denied(denial), _) => {
                return Err(denial.about(meant.as_deref()));
            }
            (Decision::Ask, _) => (Purpose::Approve, Permit::lasting()),
            (Decision::Allowed(permit), Subject::Default) if meant.is_some() => {
                (Purpose::Choose, permit)
            }
            (Decision::Allowed(permit), _) => return Ok(Step::SignIn(meant, permit)),
        };
        let accounts = match &request.subject {
            Subject::Default => self.choosable(request, meant).await,
            Subject::Account { .. } | Subject::Username(_) => meant.into_iter().collect(),
        };
        let others = match &request.subject {
            Subject::Account { .. } if !accounts.is_empty() => Others::Unwanted,
            _ => Others::Welcome,
        };
        let question = Question {
            caller: caller.clone(),
            client_id: request.client_id.clone(),
            resource: request.resource.clone(),
            scopes: request.scopes.clone(),
            tenant: request.authority.tenant().clone(),
            environment: request.authority.environment().to_owned(),
            accounts,
            login_hint: request.login_hint(),
            correlation_id: request.correlation_id,
        };
        let asked = Asked {
            question,
            purpose,
            others,
        };
        Ok(Step::Ask(Box::new(asked), permit))
    }

    /// All accounts of the cloud, the default one first.
    async fn choosable(
        &self,
        request: &Request,
        default: Option<Arc<Account>>,
    ) -> Vec<Arc<Account>> {
        let environment = request.authority.environment();
        let mut accounts = self.accounts.list().await;
        accounts.retain(|account| account.environment == environment);
        let is_default = |account: &Account| {
            default
                .as_ref()
                .is_some_and(|default| default.home_account_id == account.home_account_id)
        };
        accounts.sort_by_key(|account| !is_default(account));
        accounts
    }

    /// Asks, where a sign-in may not be needed by notification or terminal, and else on the page.
    pub(super) async fn ask(
        &self,
        asked: Asked,
        request: &Request,
        time: &TimeLeft<'_>,
    ) -> Result<Answered, Ended> {
        let silence_will_do = asked.question.accounts.first().is_some_and(|account| {
            self.accounts
                .refresh_token(account, &request.client_id)
                .is_some()
        });
        if asked.purpose == Purpose::Approve && silence_will_do {
            let answer = time.limit(self.approvals.ask(&asked.question)).await;
            if let Some(answer) = answer.ok_or_else(|| too_late(time))? {
                return Ok(Answered {
                    question: asked.question,
                    purpose: asked.purpose,
                    // Whoever asked there has, if it was about an account that is known.
                    kept: match answer.choice {
                        Choice::AnotherAccount => Kept::NotYet,
                        Choice::Account(_) | Choice::Denied => Kept::Yes,
                    },
                    answer,
                    page: None,
                });
            }
        }
        self.ask_on_page(asked, time).await
    }

    async fn ask_on_page(&self, asked: Asked, time: &TimeLeft<'_>) -> Result<Answered, Ended> {
        let (question, purpose) = (asked.question.clone(), asked.purpose);
        if let Err(reason) = self.prompt.check() {
            let sign_in = || {
                let client_id = &question.client_id;
                format!(
                    "sign in with `azbroker login --client-id {client_id}`, which needs no browser here"
                )
            };
            let allow = || question.caller.program.how_to_allow();
            let what_helps = match purpose {
                Purpose::Choose => sign_in(),
                Purpose::Approve if question.accounts.is_empty() => {
                    format!("{}; after that, {}", sign_in(), allow())
                }
                Purpose::Approve => allow(),
            };
            return Err(Denial::interaction_required(format!("{reason}; {what_helps}")).into());
        }
        let picker = self.pickers.open(asked).await;
        let mut picker = picker.map_err(|fault| Ended::of(Error::NoRedirect(fault)))?;
        let (url, prompt) = (picker.url(), self.prompt.clone());
        tracing::debug!("opening the account page");
        let mut browser = JoinSet::new();
        browser.spawn(async move { prompt.open(&url).await });
        let answered = async {
            tokio::select! {
                biased;
                answer = picker.answer() => return Ok(answer),
                Some(opened) = browser.join_next() => {
                    // A browser that panicked is none.
                    let opened = opened.unwrap_or_else(|fault| Err(PromptError::new(fault.to_string())));
                    opened.map_err(|fault| Ended::of(Error::NoPrompt(fault)))?;
                }
            }
            Ok::<_, Ended>(picker.answer().await)
        };
        let Some(answer) = time.limit(answered).await else {
            picker.end(crate::picker::Ending::TooLate);
            return Err(too_late(time));
        };
        Ok(Answered {
            question,
            purpose,
            kept: Kept::NotYet,
            answer: answer?,
            page: Some(Shown {
                picker,
                _browser: browser,
            }),
        })
    }

    /// Keeps what the user allowed, for as long as they said.
    pub(super) fn remember(&self, answered: &Answered, account: &Account) {
        if answered.purpose == Purpose::Approve && answered.kept == Kept::NotYet {
            self.approvals
                .remember(&answered.question, &answered.answer, Some(account));
        }
    }

    /// Keeps what the user denied, and says so.
    pub(super) fn deny(&self, answered: &Answered) -> Ended {
        let question = &answered.question;
        Ended::ByUser(match answered.purpose {
            Purpose::Approve => {
                let account = question.accounts.first().map(Arc::as_ref);
                if answered.kept == Kept::NotYet {
                    self.approvals.remember(question, &answered.answer, account);
                }
                let lasting = answered.answer.lasting;
                self.approvals.denied(question, lasting).about(account)
            }
            Purpose::Choose => Denial::new(
                Status::UserCanceled,
                "the user denied it on the account page; ask again, and choose an account there",
            ),
        })
    }
}

fn too_late(time: &TimeLeft<'_>) -> Ended {
    Ended::of(Error::NotFinished {
        waited: time.whole(),
    })
}
