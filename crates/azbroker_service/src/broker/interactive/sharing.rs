//! One sign-in at a time for each application and hint; who waited shares what it brought.

use super::{Ended, TimeLeft, to_the_end};
use crate::{
    accounts::Subject,
    approvals::{Decision, Resource},
    broker::{Broker, Issued},
    caller::{Caller, Identity},
    denial::Denial,
    keyed_locks::Waited,
    request::Request,
};
use azbroker_entra::Account;
use azbroker_protocol::Status;
use azure_core::time::OffsetDateTime;
use std::sync::Arc;
use tokio::sync::OwnedMutexGuard;

/// What the sign-in that was waited for came to.
#[derive(Debug)]
pub(in crate::broker) struct Settled {
    caller: Caller,
    resource: Resource,
    outcome: Outcome,
    at: OffsetDateTime,
}

#[derive(Debug)]
enum Outcome {
    Brought(Account),
    /// The user said no.
    Denied(Denial),
}

/// The right to ask the user, until it is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    settled: OwnedMutexGuard<Option<Settled>>,
    waited: Waited,
}

impl Turn {
    /// Leaves word for those who wait.
    pub(super) fn settle(
        &mut self,
        request: &Request,
        caller: &Caller,
        result: &Result<Issued, Ended>,
        at: OffsetDateTime,
    ) {
        let outcome = match result {
            Ok(issued) => Outcome::Brought(issued.account.clone()),
            Err(Ended::ByUser(denial)) => Outcome::Denied(denial.clone()),
            Err(_) => return,
        };
        *self.settled = Some(Settled {
            caller: caller.clone(),
            resource: request.resource.clone(),
            outcome,
            at,
        });
    }
}

impl Broker {
    /// Waits until nobody else asks the user for the same application and account.
    pub(super) async fn turn(
        &self,
        request: &Request,
        time: &TimeLeft<'_>,
    ) -> Result<Turn, Denial> {
        let key = (
            request.authority.environment(),
            request.client_id.clone(),
            request.subject.username().unwrap_or_default().to_owned(),
        );
        let turn = time.limit(self.sign_ins.lock(key)).await;
        let (settled, waited) = turn.ok_or_else(|| {
            Denial::new(
                Status::UserCanceled,
                "another program's sign-in was not finished in time; try again",
            )
        })?;
        Ok(Turn { settled, waited })
    }

    /// What another's sign-in means for this request, if it was waited for and means something.
    pub(super) async fn shared(
        self: &Arc<Self>,
        turn: &Turn,
        request: &Request,
        caller: &Caller,
        time: &TimeLeft<'_>,
    ) -> Option<Result<Issued, Denial>> {
        if turn.waited == Waited::No || request.wants_the_page() {
            return None;
        }
        let (broker, request, caller) = (self.clone(), request.clone(), caller.clone());
        let Some(settled) = &*turn.settled else {
            // It ended without word, but may have brought something all the same.
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
        match decision {
            Decision::Allowed => {}
            Decision::Ask if asked_the_same => {}
            Decision::Ask | Decision::Denied(_) => return None,
        }
        let silent = async move { broker.answer_silently(&request, account).await };
        let issued: Issued = to_the_end::<Denial>(silent).await.ok()?;
        tracing::debug!("another request's sign-in answers this one");
        Some(Ok(issued))
    }
}

/// Whether the answer to one counts for the other. Of two programs that nothing is known of, it does not.
fn is_same_program(one: &Caller, other: &Caller) -> bool {
    let known = !matches!(one.program.identity, Identity::Unknown(_));
    one.name == other.name || (known && one.program.identity == other.program.identity)
}
