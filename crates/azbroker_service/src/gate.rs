use crate::{
    caller::{Caller, CallerName, Callers, Place},
    denial::Denial,
    limit::{Entered, Limit},
    request::check_call_size,
};
use zbus::Connection;

/// Who comes in: every call of every interface passes here first.
#[derive(Debug)]
pub(crate) struct Gate {
    callers: Callers,
    /// A program may ask for many tokens at once; most wait for the same redemption.
    requests: Limit,
    /// Each sign-in has a port of its own and a page in the browser.
    sign_ins: Limit,
}

/// A call that is let in. It counts until this is dropped.
#[derive(Debug)]
pub(crate) struct Admitted {
    pub(crate) caller: Caller,
    place: Place,
    _one_of_many: Entered,
}

impl Gate {
    pub(crate) fn new() -> Self {
        Self {
            callers: Callers::default(),
            requests: Limit::new(128, 1_024),
            sign_ins: Limit::new(16, 64),
        }
    }

    /// Lets a program of the broker's own user in, unless it has too many calls under way, or this one has a body
    /// (of `size` bytes) that none could have. Calls are counted for each process, whose connections may be many,
    /// before it is looked at, which may take long.
    ///
    /// # Errors
    ///
    /// The denial, and the caller as far as it is known.
    pub(crate) async fn admit(
        &self,
        connection: &Connection,
        name: &CallerName,
        size: u32,
    ) -> Result<Admitted, (Caller, Denial)> {
        let place = self.callers.place(connection, name).await;
        let entered = check_call_size(size).and_then(|()| self.requests.enter(&place));
        let one_of_many = match entered {
            Ok(entered) => entered,
            Err(denial) => return Err((self.callers.known(name, &place), denial)),
        };
        let caller = self.callers.of(connection, name).await;
        match caller.check_user() {
            Ok(()) => Ok(Admitted {
                caller,
                place,
                _one_of_many: one_of_many,
            }),
            Err(denial) => Err((caller, denial)),
        }
    }

    /// Who has this name, for a call that is not counted.
    pub(crate) async fn caller(&self, connection: &Connection, name: &CallerName) -> Caller {
        self.callers.of(connection, name).await
    }

    /// Counts a sign-in until the guard is dropped.
    ///
    /// # Errors
    ///
    /// A denial when there are as many as there may be.
    pub(crate) fn sign_in(&self, admitted: &Admitted) -> Result<Entered, Denial> {
        self.sign_ins.enter(&admitted.place)
    }
}
