use crate::{
    Broker, ServeError, bus_connection, dbus,
    gate::Gate,
    log_control::{self, LogLevel},
};
use azbroker_protocol::BUS_NAME;
use futures_util::StreamExt;
use std::{sync::Arc, time::Duration};
use zbus::{
    Connection,
    fdo::{DBusProxy, NameLostStream, PeerProxy, RequestNameFlags, RequestNameReply},
};

/// The broker's place on the session bus: its object and its name.
#[derive(Debug)]
pub(crate) struct SessionBus {
    broker: Arc<Broker>,
    connection: Connection,
    lost: NameLostStream,
}

/// Why the place is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lost {
    /// Another program has the name.
    Name,
    /// The bus has gone.
    Bus,
}

impl SessionBus {
    /// Joins the bus that the environment names.
    ///
    /// # Errors
    ///
    /// When there is no bus, or another program is the broker there.
    pub(crate) async fn join(
        broker: &Arc<Broker>,
        log_level: &Arc<dyn LogLevel>,
    ) -> Result<Self, ServeError> {
        let connection = bus_connection::session().await.map_err(ServeError::NoBus)?;
        // First the objects, then the name: who finds the name finds somebody to call.
        let gate = Arc::new(Gate::new());
        dbus::serve_behind(&connection, broker.clone(), gate.clone()).await?;
        log_control::serve_at(&connection, log_level.clone(), gate).await?;
        let bus = DBusProxy::new(&connection).await?;
        let lost = bus.receive_name_lost().await?;
        own_name(&bus).await?;
        dbus::ask_on(&connection, broker);
        tracing::debug!("serving as {BUS_NAME}");
        Ok(Self {
            broker: broker.clone(),
            connection,
            lost,
        })
    }

    /// Waits until the place is lost.
    pub(crate) async fn lost(&mut self) -> Lost {
        while let Some(signal) = self.lost.next().await {
            if signal.args().is_ok_and(|args| args.name() == BUS_NAME) {
                return Lost::Name;
            }
        }
        Lost::Bus
    }

    /// Gives the name up. When this returns, every call that came for it is with the broker; who calls from
    /// now on starts another broker.
    pub(crate) async fn release_name(&mut self) {
        let released = async {
            let bus = DBusProxy::new(&self.connection).await?;
            bus.release_name(BUS_NAME.try_into()?).await?;
            // Behind the calls that came before: it is dispatched when they are.
            let itself = self.connection.unique_name().cloned();
            let itself = itself.ok_or(zbus::Error::InvalidReply)?;
            let peer = PeerProxy::new(&self.connection, itself, "/").await?;
            peer.ping().await?;
            Ok::<_, zbus::Error>(())
        };
        match tokio::time::timeout(PATIENCE, released).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!("the name is not given up: {error}"),
            Err(_) => tracing::debug!("the bus is slow to take the name back"),
        }
    }

    /// Leaves when every answer is on its way.
    pub(crate) async fn leave(self) {
        self.withdraw().await;
        drop(self.lost);
        let answered = self.connection.graceful_shutdown();
        if tokio::time::timeout(PATIENCE, answered).await.is_err() {
            tracing::debug!("some calls are left without an answer");
        }
    }

    /// Takes everything off the connection that would keep it: what serves on it holds on to it.
    pub(crate) async fn withdraw(&self) {
        dbus::withdraw(&self.connection, &self.broker).await;
        log_control::withdraw(&self.connection).await;
    }
}

/// How long a bus may take that should do it at once.
const PATIENCE: Duration = Duration::from_secs(2);

async fn own_name(bus: &DBusProxy<'_>) -> Result<(), ServeError> {
    // Asked of the bus itself: zbus would watch over the name beside us, and hold each call against two rules more.
    let name = BUS_NAME.try_into().map_err(zbus::Error::from)?;
    let reply = bus.request_name(name, RequestNameFlags::DoNotQueue.into());
    match reply.await.map_err(zbus::Error::from)? {
        RequestNameReply::PrimaryOwner | RequestNameReply::AlreadyOwner => Ok(()),
        _ => Err(ServeError::NameTaken {
            owner: owner(bus).await,
        }),
    }
}

/// Who has the name: its program and process, as far as the bus and the system tell.
async fn owner(bus: &DBusProxy<'_>) -> String {
    let process = async {
        let name = BUS_NAME.try_into().ok()?;
        bus.get_connection_unix_process_id(name).await.ok()
    };
    let Some(process) = process.await else {
        return "another program".to_owned();
    };
    match std::fs::read_to_string(format!("/proc/{process}/comm")) {
        Ok(program) => format!("'{}' (process {process})", program.trim_end()),
        Err(_) => format!("process {process}"),
    }
}
