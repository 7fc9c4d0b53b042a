use super::{Answer, ApprovalPrompt, Asked, Choice, Lasting, Question};
use crate::caller::{CallerName, RuleProgram};
use azbroker_entra::{ClientId, HomeAccountId};
use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared, WeakShared},
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// The questions that wait for an answer, each asked once however many requests wait for it.
#[derive(Debug)]
pub(super) struct Asking {
    /// The broker's own terminal, then the desktop.
    terminal: Option<Arc<dyn ApprovalPrompt>>,
    desktop: Mutex<Option<Arc<dyn ApprovalPrompt>>>,
    deadline: Duration,
    waiting: Mutex<HashMap<About, WeakShared<BoxFuture<'static, Option<Answer>>>>>,
}

/// What a question is about. A program that no rule can name is only itself as long as it is on the bus.
#[derive(Debug, PartialEq, Eq, Hash)]
struct About {
    program: Result<RuleProgram, CallerName>,
    client_id: ClientId,
    environment: String,
    account: Option<HomeAccountId>,
    resource: String,
}

impl Asking {
    pub(super) fn new(terminal: Option<Arc<dyn ApprovalPrompt>>, deadline: Duration) -> Self {
        Self {
            terminal,
            desktop: Mutex::default(),
            deadline,
            waiting: Mutex::default(),
        }
    }

    /// Asks on this desktop from now on, or on none.
    pub(super) fn use_desktop(&self, desktop: Option<Arc<dyn ApprovalPrompt>>) {
        *self.desktop.lock().unwrap_or_else(PoisonError::into_inner) = desktop;
    }

    /// Asks, or waits for the answer to the same question. `known` is looked at when nobody waits for one:
    /// it may have been answered a moment ago. `answered` is called before anybody gets the answer.
    pub(super) async fn ask(
        &self,
        question: &Question,
        known: impl FnOnce() -> Option<Answer>,
        answered: impl FnOnce(&Question, &Answer) + Send + 'static,
    ) -> Option<Answer> {
        match self.join(question, known, answered) {
            Ok(answer) => Some(answer),
            Err(waiting) => waiting.await,
        }
    }

    fn join(
        &self,
        question: &Question,
        known: impl FnOnce() -> Option<Answer>,
        answered: impl FnOnce(&Question, &Answer) + Send + 'static,
    ) -> Result<Answer, Shared<BoxFuture<'static, Option<Answer>>>> {
        let about = About::of(question);
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(answer) = waiting.get(&about).and_then(WeakShared::upgrade) {
            return Err(answer);
        }
        if let Some(answer) = known() {
            return Ok(answer);
        }
        tracing::debug!(correlation_id = %question.correlation_id, "the user is asked");
        let desktop = self.desktop.lock().unwrap_or_else(PoisonError::into_inner);
        let prompts: Vec<_> = self.terminal.iter().chain(&*desktop).cloned().collect();
        let (question, deadline) = (question.clone(), self.deadline);
        let answer = async move {
            let asked = tokio::time::timeout(deadline, ask_somewhere(&prompts, &question));
            let answer = match asked.await.unwrap_or(Asked::Unanswered) {
                Asked::Nobody => return None,
                Asked::Unanswered => Answer {
                    choice: Choice::Denied,
                    lasting: Lasting::Once,
                },
                Asked::Denied => Answer {
                    choice: Choice::Denied,
                    // As long as the longest that an allowance could have had there: who said no is not asked again.
                    lasting: Lasting::Always,
                },
                Asked::Allowed(lasting) => Answer {
                    choice: match question.accounts.first() {
                        Some(account) => Choice::Account(account.clone()),
                        None => Choice::AnotherAccount,
                    },
                    lasting,
                },
            };
            answered(&question, &answer);
            Some(answer)
        };
        let answer = answer.boxed().shared();
        waiting.retain(|_, answer| answer.upgrade().is_some());
        waiting.extend(answer.downgrade().map(|weak| (about, weak)));
        Err(answer)
    }
}

/// At the first place where somebody is.
async fn ask_somewhere(prompts: &[Arc<dyn ApprovalPrompt>], question: &Question) -> Asked {
    for prompt in prompts {
        match prompt.ask(question).await {
            Asked::Nobody => {}
            asked => return asked,
        }
    }
    Asked::Nobody
}

impl About {
    fn of(question: &Question) -> Self {
        let caller = &question.caller;
        let program = caller.program.rule_program.clone();
        Self {
            program: program.ok_or_else(|| caller.name.clone()),
            client_id: question.client_id.clone(),
            environment: question.environment.clone(),
            account: question
                .accounts
                .first()
                .map(|account| account.home_account_id.clone()),
            resource: question.resource.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{approvals::Resource, caller::Caller};
    use azbroker_entra::{CorrelationId, Scopes, Tenant};

    #[test]
    fn the_same_question_about_two_clouds_is_two() {
        let scopes = Scopes::parse(["https://vault.azure.net/.default"]).unwrap();
        let question = |environment: &str| Question {
            caller: Caller::unknown(None, "it is not on a bus"),
            client_id: ClientId::azure_cli(),
            resource: Resource::of(&scopes),
            scopes: scopes.clone(),
            tenant: Tenant::organizations(),
            environment: environment.to_owned(),
            accounts: Vec::new(),
            login_hint: None,
            correlation_id: CorrelationId::new_v4(),
        };
        let about = |environment| About::of(&question(environment));
        let public = "login.microsoftonline.com";
        assert_eq!(about(public), about(public));
        assert_ne!(about(public), about("login.microsoftonline.us"));
    }
}
