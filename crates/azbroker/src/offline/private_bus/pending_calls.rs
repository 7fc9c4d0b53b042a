use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use zbus::Message;

/// The calls on the bus that wait for their answer.
///
/// busd 0.5 forgets a call whose callee leaves, and the caller waits for its own time-out. A bus must answer.
#[derive(Clone, Debug, Default)]
pub(super) struct PendingCalls(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// By the caller's unique name and the call's serial number.
    calls: HashMap<(String, u32), Pending>,
    /// Who has left. busd knows them a moment longer; it gives no name twice.
    left: HashSet<String>,
}

#[derive(Debug)]
struct Pending {
    call: Message,
    callee: String,
}

impl PendingCalls {
    /// Remembers a call on its way from one unique name to another; `false` when the other has left.
    pub(super) fn asked(&self, caller: &str, callee: &str, call: &Message) -> bool {
        let mut state = self.lock();
        if state.left.contains(callee) {
            return false;
        }
        let serial = call.primary_header().serial_num().get();
        let pending = Pending {
            call: call.clone(),
            callee: callee.to_owned(),
        };
        state.calls.insert((caller.to_owned(), serial), pending);
        true
    }

    /// Forgets a call that was answered.
    pub(super) fn answered(&self, caller: &str, serial: u32) {
        self.lock().calls.remove(&(caller.to_owned(), serial));
    }

    /// Forgets all calls of a client that left, and returns those that it will never answer, with their callers.
    pub(super) fn left(&self, name: &str) -> Vec<(String, Message)> {
        let mut unanswered = Vec::new();
        let mut state = self.lock();
        state.left.insert(name.to_owned());
        state.calls.retain(|(caller, _), pending| {
            if pending.callee == name && caller != name {
                unanswered.push((caller.clone(), pending.call.clone()));
            }
            pending.callee != name && caller != name
        });
        unanswered
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
