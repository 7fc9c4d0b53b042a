//! What a sign-in means for those who waited for it.

use super::{Ended, TimeLeft, to_the_end};
use crate::{
    accounts::Subject,
    approvals::{Decision, Permit, Resource},
    broker::{Broker, Issued},
    caller::{Caller, Identity},
    denial::Denial,
    request::Request,
};
use azbroker_entra::Account;
use azure_core::time::OffsetDateTime;
use std::sync::Arc;

/// What the sign-in that was waited for came to.
#[derive(Clone, Debug)]
pub(in crate::broker) struct Settled {
    caller: Caller,
    resource: Resource,
    outcome: Outcome,
    at: OffsetDateTime,
}

#[derive(Clone, Debug)]
enum Outcome {
    Brought(Arc<Account>),
    /// The user said no.
    Denied(Denial),
}

impl Settled {
    /// Word of how it ended, if that means anything to others.
    pub(super) fn of(
        request: &Request,
        caller: &Caller,
        result: &Result<Issued, Ended>,
        at: OffsetDateTime,
    ) -> Option<Self> {
        let outcome = match result {
            Ok(issued) => Outcome::Brought(issued.account.clone()),
            Err(Ended::ByUser(denial)) => Outcome::Denied(denial.clone()),
            Err(_) => return None,
        };
        Some(Self {
            caller: caller.clone(),
            resource: request.resource.clone(),
            outcome,
            at,
        })
    }
}

impl Broker {
    /// What another's sign-in that was waited for means for this request, if it means something.
    pub(super) async fn shared(
        self: &Arc<Self>,
        settled: &Option<Settled>,
        request: &Request,
        caller: &Caller,
        time: &TimeLeft<'_>,
    ) -> Option<Result<Issued, Denial>> {
        if request.wants_the_page() {
            return None;
        }
        let (broker, request, caller) = (self.clone(), request.clone(), caller.clone());
        let Some(settled) = settled else {
            // It ended without word or not at all, but it or one beside it may have brought something all the same.
            let silent = async move { broker.acquire_token_silently(&request, &caller).await };
            return to_the_end(silent).await.ok().map(Ok);
        };
        // It answers those who waited for it. Were it handed on to those who ask later, one program could live on
        // a single answer for ever.
        if settled.at < time.began() {
            return None;
        }
        let asked_the_same =
            is_same_program(&settled.caller, &caller) && settled.resource == request.resource;
        let account = match &settled.outcome {
            Outcome::Denied(denial) if asked_the_same => return Some(Err(denial.clone())),
            Outcome::Denied(_) => return None,
            Outcome::Brought(account) => account.clone(),
        };
        if matches!(&request.subject, Subject::Account { home_account_id, .. }
            if *home_account_id != account.home_account_id)
        {
            return None;
        }
        let decision = self.approvals.decide(
            &caller,
            &request.client_id,
            Some(&account),
            &request.resource,
        );
        let permit = match decision {
            Decision::Allowed(permit) => permit,
            Decision::Ask if asked_the_same => Permit::lasting(),
            Decision::Ask | Decision::Denied(_) => return None,
        };
        let silent = async move { broker.answer_silently(&request, account).await };
        let issued: Issued = to_the_end::<_, Denial>(silent).await.ok()?;
        permit.use_up().ok()?;
        tracing::debug!("another request's sign-in answers this one");
        Some(Ok(issued))
    }
}

/// Whether the answer to one counts for the other. Of two programs that nothing is known of, it does not.
fn is_same_program(one: &Caller, other: &Caller) -> bool {
    let known = !matches!(one.program.identity, Identity::Unknown(_));
    one.name == other.name || (known && one.program.identity == other.program.identity)
}
