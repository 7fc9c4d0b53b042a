use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use zbus::Message;

/// The calls on the bus that wait for their answer.
///
/// busd 0.5 forgets a call whose callee leaves, and the caller waits for its own time-out. A bus must answer.
#[derive(Clone, Debug, Default)]
pub(super) struct PendingCalls {
    calls: Arc<Mutex<HashMap<(String, u32), Pending>>>,
}

#[derive(Debug)]
struct Pending {
    call: Message,
    callee: String,
}

impl PendingCalls {
    /// Remembers a call on its way from one unique name to another.
    pub(super) fn asked(&self, caller: &str, callee: &str, call: &Message) {
        let serial = call.primary_header().serial_num().get();
        let pending = Pending {
            call: call.clone(),
            callee: callee.to_owned(),
        };
        self.lock().insert((caller.to_owned(), serial), pending);
    }

    /// Forgets a call that was answered.
    pub(super) fn answered(&self, caller: &str, serial: u32) {
        self.lock().remove(&(caller.to_owned(), serial));
    }

    /// Forgets all calls of a client that left, and returns those that it will never answer, with their callers.
    pub(super) fn left(&self, name: &str) -> Vec<(String, Message)> {
        let mut unanswered = Vec::new();
        self.lock().retain(|(caller, _), pending| {
            if pending.callee == name && caller != name {
                unanswered.push((caller.clone(), pending.call.clone()));
            }
            pending.callee != name && caller != name
        });
        unanswered
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(String, u32), Pending>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
