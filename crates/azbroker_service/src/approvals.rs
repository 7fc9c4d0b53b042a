//! Which program may have a token of which account, and who is asked where no rule says.

mod asking;
mod in_general;
mod mode;
mod notification;
mod permit;
mod prompt;
mod question;
mod resource;
mod rule;
mod rules;
mod rules_file;

use crate::{
    caller::{Caller, Standing},
    configuration::Configuration,
    denial::Denial,
};
use asking::Asking;
use azbroker_entra::{Account, ClientId, Clock};
use azbroker_protocol::Status;
use azure_core::time::OffsetDateTime;
use in_general::InGeneral;
pub(crate) use in_general::Named;
use rules::{Rules, Said};
use std::sync::Arc;
use zbus::Connection;

pub use mode::{ApprovalMode, ApprovalModeError};
pub(crate) use permit::Permit;
pub use prompt::{ApprovalPrompt, Asked};
pub use question::Question;
pub(crate) use question::{Answer, Choice};
pub use resource::{Resource, ResourceError};
pub use rule::{Lasting, Rule, RuleAccount, RuleAccountError, RuleResource, Verdict};
pub use rules_file::{RulesError, RulesFile};

/// Decides who may have tokens.
#[derive(Debug)]
pub(crate) struct Approvals {
    mode: ApprovalMode,
    clock: Arc<dyn Clock>,
    rules: Arc<Rules>,
    asking: Asking,
}

/// Whether a program may have a token.
#[derive(Debug)]
pub(crate) enum Decision {
    /// It may.
    Allowed(Permit),
    /// Nobody has said; the user must be asked.
    Ask,
    /// It may not, and this is its answer.
    Denied(Denial),
}

impl Approvals {
    pub(crate) fn new(configuration: &Configuration, clock: Arc<dyn Clock>) -> Self {
        Self {
            mode: configuration.approvals,
            rules: Arc::new(Rules::new(
                configuration.state_folder.as_deref(),
                clock.clone(),
            )),
            asking: Asking::new(
                configuration.terminal.clone(),
                configuration.sign_in_deadline.unsigned_abs(),
            ),
            clock,
        }
    }

    /// Why the rules that are kept are not followed, where they are not.
    pub(crate) fn unread_rules(&self) -> Option<String> {
        self.rules.look();
        self.rules.unread()
    }

    /// Since when rules until the broker's end hold.
    pub(crate) fn started_on(&self) -> OffsetDateTime {
        self.rules.started_on()
    }

    /// Asks on the desktop of this bus from now on.
    pub(crate) fn ask_on(&self, bus: &Connection) {
        let desktop = notification::Notification::new(bus.clone());
        self.asking.use_desktop(Some(Arc::new(desktop)));
    }

    /// Asks on no desktop: its bus is left, or gone.
    pub(crate) fn ask_on_no_desktop(&self) {
        self.asking.use_desktop(None);
    }

    /// Decides by what is known: who the caller is, and the rules. Where the account is not known yet, only
    /// rules for any account count. A rule for one request is used up by the permit, once there is a token.
    pub(crate) fn decide(
        &self,
        caller: &Caller,
        client_id: &ClientId,
        account: Option<&Account>,
        resource: &Resource,
    ) -> Decision {
        if let Err(denial) = caller.check_user() {
            return Decision::Denied(denial);
        }
        let program = &caller.program;
        let named = program.rule_program.as_ref();
        if named.is_none() {
            self.rules.look();
        }
        let said = match program.standing {
            Standing::Own => return Decision::Allowed(Permit::lasting()),
            Standing::Run => {
                let denies = |named| self.rules.denies(named, client_id, account, resource);
                named.is_some_and(denies).then_some(Verdict::Deny)
            }
            Standing::Foreign | Standing::Other => {
                match named
                    .and_then(|named| self.rules.verdict(named, client_id, account, resource))
                {
                    Some(Said::AllowOnce(rule)) => {
                        return Decision::Allowed(Permit::once(self.rules.clone(), rule));
                    }
                    Some(Said::Allow) => Some(Verdict::Allow),
                    Some(Said::Deny) => Some(Verdict::Deny),
                    None => None,
                }
            }
        };
        self.by(said, caller, || format!("tokens for {resource}"))
    }

    /// What is decided about a program where no token is asked for.
    pub(crate) fn in_general<'a>(&'a self, caller: &'a Caller) -> InGeneral<'a> {
        InGeneral::new(self, caller)
    }

    /// Decides by what the rules say, else by the setting, or by who has started the program.
    fn by(
        &self,
        said: Option<Verdict>,
        caller: &Caller,
        what: impl FnOnce() -> String,
    ) -> Decision {
        let program = &caller.program;
        let mode = match program.standing {
            Standing::Run => ApprovalMode::SameUser,
            Standing::Own | Standing::Foreign | Standing::Other => self.mode,
        };
        match (said, mode) {
            (Some(Verdict::Deny), _) => Decision::Denied(Denial::new(
                Status::UserCanceled,
                format!(
                    "a rule denies '{}' {}; see `azbroker rules`",
                    program.short_name(),
                    what()
                ),
            )),
            (Some(Verdict::Allow), _) => Decision::Allowed(Permit::lasting()),
            // What nobody is asked about must not come to be allowed because a denial cannot be read.
            (None, ApprovalMode::SameUser) => match self.rules.unread() {
                None => Decision::Allowed(Permit::lasting()),
                Some(why) => Decision::Denied(Denial::new(
                    Status::UserCanceled,
                    format!(
                        "'{}' is given nothing while it is not known whether a rule denies it: {why}",
                        program.short_name()
                    ),
                )),
            },
            (None, ApprovalMode::Ask) => Decision::Ask,
            (None, ApprovalMode::Deny) => Decision::Denied(Denial::new(
                Status::UserCanceled,
                format!(
                    "this broker asks nobody, and no rule allows '{}' {}; {}",
                    program.short_name(),
                    what(),
                    program.how_to_allow()
                ),
            )),
        }
    }

    /// Asks by desktop notification or at the broker's terminal, and remembers what was answered about an
    /// account that is known. Requests that ask the same share one question and its answer. `None` where
    /// there is neither desktop nor terminal.
    pub(crate) async fn ask(&self, question: &Question) -> Option<Answer> {
        let known = || {
            let account = question.accounts.first();
            let decision = self.decide(
                &question.caller,
                &question.client_id,
                account.map(Arc::as_ref),
                &question.resource,
            );
            let (choice, lasting) = match (decision, account) {
                (Decision::Ask, _) => return None,
                // It is for a request that nobody is asked about.
                (Decision::Allowed(permit), _) if permit.is_for_one_request() => return None,
                // A rule says so, which is there to be removed.
                (Decision::Denied(_), _) => (Choice::Denied, Lasting::Always),
                (Decision::Allowed(_), Some(account)) => {
                    (Choice::Account(account.clone()), Lasting::Once)
                }
                (Decision::Allowed(_), None) => (Choice::AnotherAccount, Lasting::Once),
            };
            Some(Answer { choice, lasting })
        };
        let (rules, clock) = (self.rules.clone(), self.clock.clone());
        let answered = move |question: &Question, answer: &Answer| {
            let account = question.accounts.first().map(Arc::as_ref);
            if answer.choice != Choice::AnotherAccount {
                remember(&rules, clock.as_ref(), question, answer, account);
            }
        };
        self.asking.ask(question, known, answered).await
    }

    /// Keeps what the user answered, for as long as they said, about the account that it turned out to be.
    pub(crate) fn remember(&self, question: &Question, answer: &Answer, account: Option<&Account>) {
        remember(&self.rules, self.clock.as_ref(), question, answer, account);
    }

    /// What a caller is told when the user did not allow it, for this request or as long as a rule lasts.
    pub(crate) fn denied(&self, question: &Question, lasting: Lasting) -> Denial {
        let program = &question.caller.program;
        let what_helps = match lasting == Lasting::Once || program.rule_program.is_none() {
            true => "; ask again, or",
            false => ", and a rule denies it now; remove that one of `azbroker rules`, then",
        };
        Denial::new(
            Status::UserCanceled,
            format!(
                "nobody allowed '{}' to have a token for {}{what_helps} {}",
                program.short_name(),
                question.resource,
                program.how_to_allow()
            ),
        )
    }
}

/// What holds for one request is nothing to remember, nor is what no rule can name.
fn remember(
    rules: &Rules,
    clock: &dyn Clock,
    question: &Question,
    answer: &Answer,
    account: Option<&Account>,
) {
    let named = question.caller.program.rule_program.clone();
    let (Some(program), false) = (named, answer.lasting == Lasting::Once) else {
        return;
    };
    rules.add(Rule {
        program,
        client_id: Some(question.client_id.clone()),
        account: account.map(RuleAccount::of),
        resource: RuleResource::Named(question.resource.clone()),
        lasting: answer.lasting,
        made_on: clock.now(),
        verdict: match answer.choice {
            Choice::Denied => Verdict::Deny,
            Choice::Account(_) | Choice::AnotherAccount => Verdict::Allow,
        },
    });
}
