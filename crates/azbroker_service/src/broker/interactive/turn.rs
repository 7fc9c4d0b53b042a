//! Who asks the user at a time: each program once for an application and account, and after other programs if they are
//! not long about it.

use super::{Ended, TimeLeft, sharing::Settled};
use crate::{
    broker::{Broker, Issued},
    caller::{Caller, CallerName, Identity},
    denial::Denial,
    keyed_locks::{KeyedLocks, Waited},
    request::Request,
};
use azbroker_entra::{ClientId, Clock};
use azbroker_protocol::Status;
use std::sync::Arc;
use tokio::sync::OwnedMutexGuard;

/// The sign-ins under way.
#[derive(Debug)]
pub(in crate::broker) struct Turns {
    of_programs: KeyedLocks<(Subject, Program), Option<Settled>>,
    of_all: KeyedLocks<Subject, Option<Settled>>,
}

/// Cloud, application and hint.
type Subject = (String, ClientId, String);

/// Who is kept waiting by its own sign-ins alone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Program {
    Known(Identity),
    Process(u32),
    Connection(CallerName),
}

/// The right to ask the user, until it is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    own: Place,
    /// Not had beside a program whose sign-in does not end.
    among_all: Option<Place>,
}

/// What came of waiting for others.
#[derive(Debug)]
pub(super) enum Begun {
    /// The user is to be asked.
    Turn(Turn),
    /// Another's sign-in is the answer.
    Shared(Result<Issued, Denial>),
}

#[derive(Debug)]
struct Place {
    settled: OwnedMutexGuard<Option<Settled>>,
    waited: Waited,
}

impl Turns {
    pub(in crate::broker) fn new() -> Self {
        Self {
            of_programs: KeyedLocks::new(),
            of_all: KeyedLocks::new(),
        }
    }
}

impl Broker {
    /// Waits until nobody else asks the user for the same application and account: sign-ins of the same program to
    /// their end, those of other programs for a part of the time. Two pages at once confuse, and one sign-in may
    /// do for both; but no program may keep another one from the user by letting its page stand.
    pub(super) async fn turn(
        self: &Arc<Self>,
        request: &Request,
        caller: &Caller,
        time: &TimeLeft<'_>,
    ) -> Result<Begun, Denial> {
        let subject = (
            request.authority.environment().to_owned(),
            request.client_id.clone(),
            request.subject.username().unwrap_or_default().to_owned(),
        );
        let key = (subject.clone(), Program::of(caller));
        let own = time.limit(self.turns.of_programs.lock(key)).await;
        let own = own.ok_or_else(|| {
            Denial::new(
                Status::UserCanceled,
                "another sign-in of this program was not finished in time; try again",
            )
        })?;
        let mut own = Place::from(own);
        if own.waited == Waited::Yes
            && let Some(shared) = self.shared(&own.settled, request, caller, time).await
        {
            return Ok(Begun::Shared(shared));
        }
        let among_all = time.limit_for_others(self.turns.of_all.lock(subject)).await;
        let among_all = among_all.map(Place::from);
        let shared = match &among_all {
            Some(place) if place.waited == Waited::No => None,
            Some(place) => self.shared(&place.settled, request, caller, time).await,
            None => {
                tracing::debug!(
                    "another program's sign-in does not end; this one begins beside it"
                );
                self.shared(&None, request, caller, time).await
            }
        };
        if let Some(shared) = shared {
            // What answers this request may answer those of the same program that wait for it.
            *own.settled = among_all.and_then(|place| (*place.settled).clone());
            return Ok(Begun::Shared(shared));
        }
        Ok(Begun::Turn(Turn { own, among_all }))
    }
}

impl Turn {
    /// Leaves word for those who wait.
    pub(super) fn settle(
        &mut self,
        request: &Request,
        caller: &Caller,
        result: &Result<Issued, Ended>,
        clock: &dyn Clock,
    ) {
        let Some(settled) = Settled::of(request, caller, result, clock.now()) else {
            return;
        };
        if let Some(place) = &mut self.among_all {
            *place.settled = Some(settled.clone());
        }
        *self.own.settled = Some(settled);
    }
}

impl From<(OwnedMutexGuard<Option<Settled>>, Waited)> for Place {
    fn from((settled, waited): (OwnedMutexGuard<Option<Settled>>, Waited)) -> Self {
        Self { settled, waited }
    }
}

impl Program {
    fn of(caller: &Caller) -> Self {
        match (&caller.program.identity, caller.program.process) {
            (Identity::Unknown(_), Some(process)) => Self::Process(process),
            (Identity::Unknown(_), None) => Self::Connection(caller.name.clone()),
            (known, _) => Self::Known(known.clone()),
        }
    }
}

#[cfg(test)]
mod tests;
