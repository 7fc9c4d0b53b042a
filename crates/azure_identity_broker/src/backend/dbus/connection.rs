use super::failure;
use crate::{Error, ErrorKind, Result};
use azbroker_entra::CorrelationId;
use azbroker_protocol::{BUS_NAME, Method, OBJECT_PATH, PROTOCOL_VERSION};
use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    runtime::{Handle, Id as RuntimeId},
    time::timeout,
};
use zbus::zvariant::{Structure, Value};

/// Which bus the broker is on.
#[derive(Clone, Debug)]
pub(crate) enum Bus {
    /// The user's session bus, as the process's environment names it.
    Session,
    /// The bus at an address.
    #[cfg(test)]
    At(String),
    /// A connection that is there already; tests hand in one end of a socket pair.
    #[cfg(test)]
    Given(zbus::Connection),
}

impl Bus {
    async fn connect(&self) -> zbus::Result<zbus::Connection> {
        match self {
            Self::Session => zbus::Connection::session().await,
            #[cfg(test)]
            Self::At(address) => {
                zbus::connection::Builder::address(address.as_str())?
                    .build()
                    .await
            }
            #[cfg(test)]
            Self::Given(connection) => Ok(connection.clone()),
        }
    }
}

/// One connection to the bus, made when it is first needed and again when it was lost.
#[derive(Debug)]
pub(super) struct BusConnection {
    bus: Bus,
    current: Mutex<Option<Connected>>,
}

/// A connection lives on the runtime that it was made on, and dies with it.
#[derive(Debug)]
struct Connected {
    connection: zbus::Connection,
    runtime: RuntimeId,
}

impl BusConnection {
    pub(super) fn new(bus: Bus) -> Self {
        Self {
            bus,
            current: Mutex::default(),
        }
    }

    /// Calls the broker, which the bus starts if it can.
    pub(super) async fn call(
        &self,
        method: Method,
        correlation_id: CorrelationId,
        json: &str,
        limit: Duration,
    ) -> Result<String> {
        let connection = self.connection().await?;
        tracing::debug!(%correlation_id, %method, "calling the broker");
        let arguments = (PROTOCOL_VERSION, correlation_id.to_string(), json);
        let call = connection.call_method(
            Some(BUS_NAME),
            OBJECT_PATH,
            Some(method.interface()),
            method.name(),
            &arguments,
        );
        let reply = match timeout(limit, call).await {
            Ok(Ok(reply)) => reply,
            Ok(Err(error)) => return Err(failure::of_call(method, &error)),
            Err(_) => return Err(failure::of_time(method, limit)),
        };
        tracing::debug!(%correlation_id, %method, "the broker has answered");
        first_string(&reply).ok_or_else(|| {
            Error::new(
                ErrorKind::Malformed,
                format!("the broker's answer to {method} does not begin with a text"),
            )
        })
    }

    async fn connection(&self) -> Result<zbus::Connection> {
        #[cfg(test)]
        if let Bus::Given(connection) = &self.bus {
            return Ok(connection.clone());
        }
        let runtime = Handle::try_current()
            .map_err(|_| failure::no_runtime())?
            .id();
        if let Some(connection) = self.usable(runtime) {
            return Ok(connection);
        }
        let connection = match timeout(CONNECT_LIMIT, self.bus.connect()).await {
            Ok(Ok(connection)) => connection,
            Ok(Err(error)) => return Err(failure::no_bus().with_cause(&error)),
            Err(_) => return Err(failure::no_bus()),
        };
        // Somebody else may have connected meanwhile; one connection is enough.
        if let Some(connection) = self.usable(runtime) {
            return Ok(connection);
        }
        *self.lock() = Some(Connected {
            connection: connection.clone(),
            runtime,
        });
        Ok(connection)
    }

    fn usable(&self, runtime: RuntimeId) -> Option<zbus::Connection> {
        let current = self.lock();
        let current = current.as_ref()?;
        let usable = current.runtime == runtime && !current.connection.is_closed();
        usable.then(|| current.connection.clone())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Connected>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A bus answers at once, or is none.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// The answer is the first argument; known clients ignore any further ones.
fn first_string(reply: &zbus::Message) -> Option<String> {
    let body = reply.body();
    if let Ok(text) = body.deserialize::<String>() {
        return Some(text);
    }
    match body.deserialize::<Structure<'_>>().ok()?.fields().first()? {
        Value::Str(text) => Some(text.to_string()),
        _ => None,
    }
}
