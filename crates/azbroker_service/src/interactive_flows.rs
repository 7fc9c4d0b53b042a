use crate::caller::CallerName;
use futures_util::StreamExt;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::Notify;
use zbus::{Connection, fdo::DBusProxy, names::OwnedUniqueName};

/// The sign-ins under way, so that they end when their caller wants it or is gone.
#[derive(Debug, Default)]
pub(crate) struct InteractiveFlows {
    flows: Mutex<HashMap<CallerName, Vec<Arc<Notify>>>>,
}

/// Why a sign-in was ended before its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// The caller asked for it.
    Canceled,
    /// The caller left the bus.
    CallerLeft,
}

impl InteractiveFlows {
    /// Runs a sign-in until it answers, or its caller ends it or leaves.
    pub(crate) async fn run<T>(
        &self,
        connection: &Connection,
        caller: CallerName,
        sign_in: impl Future<Output = T>,
    ) -> Result<T, Ended> {
        let canceled = self.begin(&caller);
        tokio::select! {
            answer = sign_in => Ok(answer),
            () = canceled.1.notified() => Err(Ended::Canceled),
            () = has_left(connection, caller.as_ref()) => Err(Ended::CallerLeft),
        }
    }

    /// Ends all sign-ins of a caller. Clients name none: their cancel has a correlation ID of its own.
    pub(crate) fn cancel(&self, caller: &CallerName) {
        let flows = self.flows.lock().unwrap_or_else(PoisonError::into_inner);
        for flow in flows.get(caller).into_iter().flatten() {
            flow.notify_one();
        }
    }

    fn begin(&self, caller: &CallerName) -> (Registered<'_>, Arc<Notify>) {
        let flow = Arc::new(Notify::new());
        let mut flows = self.flows.lock().unwrap_or_else(PoisonError::into_inner);
        flows.entry(caller.clone()).or_default().push(flow.clone());
        let registered = Registered {
            flows: self,
            caller: caller.clone(),
            flow: flow.clone(),
        };
        (registered, flow)
    }
}

/// Takes a sign-in off the list when it is over, however it ended.
struct Registered<'a> {
    flows: &'a InteractiveFlows,
    caller: CallerName,
    flow: Arc<Notify>,
}

impl Drop for Registered<'_> {
    fn drop(&mut self) {
        let mut flows = self
            .flows
            .flows
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(of_caller) = flows.get_mut(&self.caller) {
            of_caller.retain(|flow| !Arc::ptr_eq(flow, &self.flow));
            if of_caller.is_empty() {
                flows.remove(&self.caller);
            }
        }
    }
}

/// Waits until the bus says that nobody has the caller's name any more.
pub(crate) async fn has_left(connection: &Connection, caller: Option<&OwnedUniqueName>) {
    let watched = async {
        let caller = caller?;
        let bus = DBusProxy::new(connection).await.ok()?;
        let mut changes = bus
            .receive_name_owner_changed_with_args(&[(0, caller.as_str())])
            .await
            .ok()?;
        // It may have left before the watch began.
        if !bus
            .name_has_owner(caller.as_str().try_into().ok()?)
            .await
            .ok()?
        {
            return Some(());
        }
        while let Some(change) = changes.next().await {
            if change.args().ok()?.new_owner().is_none() {
                return Some(());
            }
        }
        None
    };
    if watched.await.is_none() {
        // The bus cannot be asked: then only an answer, a cancel or the deadline ends the sign-in.
        std::future::pending().await
    }
}
