use crate::one_thread;
use futures_util::StreamExt;
use serde::Deserialize;
use std::{
    collections::HashMap,
    thread,
    time::{Duration, Instant},
};
use tokio::sync::{mpsc, oneshot};
use zbus::{
    Connection, MessageStream,
    fdo::MonitoringProxy,
    message::{Message, Type},
};

/// Watches a bus and tells of each call to the broker, with its answer.
///
/// It keeps no message: of requests it looks at the name, of answers at the error.
#[derive(Debug)]
pub(crate) struct BusMonitor {
    calls: mpsc::UnboundedReceiver<BusCall>,
    /// Dropped, it ends the thread.
    _stop: oneshot::Sender<()>,
}

/// A call that was answered.
#[derive(Clone, Debug)]
pub(crate) struct BusCall {
    /// The method, such as `acquireTokenSilently`; [`Self::MARK`] for the mark of [`BusMonitor::drain`].
    pub(crate) member: String,
    /// How long the caller waited.
    pub(crate) took: Duration,
    /// What the broker said against it.
    pub(crate) error: Option<String>,
}

impl BusMonitor {
    /// Watches the bus at this address.
    ///
    /// It has a thread of its own: beside other work it would see calls late, and take them for faster than they
    /// were.
    pub(crate) async fn start(address: &str) -> zbus::Result<Self> {
        let address = address.to_owned();
        let (sender, calls) = mpsc::unbounded_channel();
        let (ready, is_ready) = oneshot::channel();
        let (stop, stopped) = oneshot::channel();
        thread::Builder::new()
            .name("bus-monitor".to_owned())
            .spawn(move || {
                let runtime = match one_thread::runtime() {
                    Ok(runtime) => runtime,
                    Err(error) => {
                        let _ = ready.send(Err(error.into()));
                        return;
                    }
                };
                runtime.block_on(async {
                    let watched = match join(&address).await {
                        Ok((connection, messages)) => {
                            let _ = ready.send(Ok(()));
                            watch(connection, messages, sender)
                        }
                        Err(error) => {
                            let _ = ready.send(Err(error));
                            return;
                        }
                    };
                    tokio::select! {
                        () = watched => (),
                        _ = stopped => (),
                    }
                });
            })?;
        is_ready
            .await
            .map_err(|_| zbus::Error::Failure("the monitor ended".to_owned()))??;
        Ok(Self { calls, _stop: stop })
    }

    /// The next call that was answered; `None` when the bus has gone.
    pub(crate) async fn next(&mut self) -> Option<BusCall> {
        self.calls.recv().await
    }

    /// All calls that were answered before this one.
    ///
    /// It makes a call of its own and reads until it sees that: the bus tells of calls in their order.
    pub(crate) async fn drain(&mut self, connection: &Connection) -> Vec<BusCall> {
        let mut calls = Vec::new();
        let marked = connection
            .call_method(
                Some("org.freedesktop.DBus"),
                "/org/freedesktop/DBus",
                Some("org.freedesktop.DBus"),
                BusCall::MARK,
                &(),
            )
            .await;
        if marked.is_err() {
            return calls;
        }
        while let Some(call) = self.next().await {
            if call.member == BusCall::MARK {
                break;
            }
            calls.push(call);
        }
        calls
    }
}

impl BusCall {
    /// A method of the bus that clients have no reason to call.
    const MARK: &'static str = "GetId";
}

/// Becomes a monitor of the bus.
async fn join(address: &str) -> zbus::Result<(Connection, MessageStream)> {
    let connection = zbus::connection::Builder::address(address)?.build().await?;
    let messages = MessageStream::from(&connection);
    MonitoringProxy::new(&connection)
        .await?
        .become_monitor(&[], 0)
        .await?;
    Ok((connection, messages))
}

async fn watch(
    _connection: Connection,
    mut messages: MessageStream,
    calls: mpsc::UnboundedSender<BusCall>,
) {
    let mut waiting: HashMap<(String, u32), (String, Instant)> = HashMap::new();
    while let Some(Ok(message)) = messages.next().await {
        let header = message.header();
        match message.message_type() {
            Type::MethodCall => {
                let member = header.member().map_or("", |member| member.as_str());
                let ours =
                    header.interface().is_some_and(|i| i == BROKER) || member == BusCall::MARK;
                if let (true, Some(caller)) = (ours, header.sender()) {
                    let serial = message.primary_header().serial_num().get();
                    waiting.insert((caller.to_string(), serial), (member.to_owned(), now()));
                }
            }
            Type::MethodReturn | Type::Error => {
                let (Some(caller), Some(serial)) = (header.destination(), header.reply_serial())
                else {
                    continue;
                };
                let key = (caller.to_string(), serial.get());
                if let Some((member, since)) = waiting.remove(&key) {
                    let call = BusCall {
                        member,
                        took: since.elapsed(),
                        error: error_in(&message),
                    };
                    if calls.send(call).is_err() {
                        return;
                    }
                }
            }
            Type::Signal => {}
        }
    }
}

/// The error of an answer, without the answer.
fn error_in(message: &Message) -> Option<String> {
    #[derive(Deserialize)]
    struct Answer {
        error: Option<Fault>,
    }
    #[derive(Deserialize)]
    struct Fault {
        context: String,
        status: i64,
    }
    const INTERACTION_REQUIRED: i64 = 2;
    if message.message_type() == Type::Error {
        let name = message.header().error_name().map(ToString::to_string);
        return Some(name.unwrap_or_default());
    }
    let body = message.body();
    let json: &str = body.deserialize().ok()?;
    let answer: Answer = serde_json::from_str(json).ok()?;
    answer.error.map(|fault| match fault.status {
        INTERACTION_REQUIRED => format!("interaction required ({})", fault.context),
        _ => fault.context,
    })
}

#[allow(
    clippy::disallowed_methods,
    reason = "a stopwatch for what people see; nothing is decided by it"
)]
fn now() -> Instant {
    Instant::now()
}

const BROKER: &str = "com.microsoft.identity.Broker1";
