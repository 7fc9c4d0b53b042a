//! A secret service in memory: `org.freedesktop.secrets` for a private bus, with nothing on disk.
//!
//! Microsoft's runtime, libsecret and secret-service keep their tokens in it like in any keyring, and all of it is gone when
//! the value is dropped. It has one collection to begin with, always unlocked, and sends secrets plain: whoever
//! can listen on a private bus owns the secrets anyway.
//!
//! See the [Secret Service API](https://specifications.freedesktop.org/secret-service/latest/).

mod collection;
mod item;
mod paths;
mod refusal;
mod service;
mod session;
mod shared;
mod store;
mod wire;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::SystemTime;

use futures_util::StreamExt;
use thiserror::Error;
use tokio::task::JoinHandle;
use zbus::Connection;
use zbus::connection::Builder;
use zbus::fdo::{DBusProxy, NameOwnerChangedStream, RequestNameFlags};

use collection::Collection;
use service::Service;
use session::Session;
use shared::Shared;

/// The secret service; it answers as long as this value lives.
#[derive(Debug)]
pub(crate) struct SecretService {
    departures: JoinHandle<()>,
    // Last, so that the name is given up when nothing works on its behalf any more.
    _connection: Connection,
}

/// Why there is no secret service.
#[derive(Debug, Error)]
#[non_exhaustive]
pub(crate) enum SecretServiceError {
    /// The caller should use the service that is there, or start a bus of its own.
    #[error("another program is the secret service of this bus already")]
    Taken,
    /// The caller must name a bus that answers.
    #[error("the bus at `{address}` does not let the secret service on")]
    Bus {
        /// The bus that was asked.
        address: String,
        /// What the bus or its library said.
        #[source]
        source: zbus::Error,
    },
}

impl SecretService {
    /// Starts the service on the bus at `address`, with an empty collection.
    ///
    /// `now` tells when items are made and changed.
    ///
    /// # Errors
    ///
    /// [`SecretServiceError::Taken`] if the bus has a secret service, else [`SecretServiceError::Bus`].
    #[doc(alias = "org.freedesktop.secrets")]
    pub(crate) async fn start(
        address: &str,
        now: impl Fn() -> SystemTime + Send + Sync + 'static,
    ) -> Result<Self, SecretServiceError> {
        let shared = Arc::new(Shared::new(now));
        let (connection, departures) =
            join(address, &shared)
                .await
                .map_err(|source| match source {
                    zbus::Error::NameTaken => SecretServiceError::Taken,
                    source => SecretServiceError::Bus {
                        address: address.to_owned(),
                        source,
                    },
                })?;
        let departures = tokio::spawn(end_sessions(departures, connection.clone(), shared));
        Ok(Self {
            departures,
            _connection: connection,
        })
    }
}

impl Drop for SecretService {
    fn drop(&mut self) {
        self.departures.abort();
    }
}

/// Puts the objects on the bus, and only then takes the name.
async fn join(
    address: &str,
    shared: &Arc<Shared>,
) -> zbus::Result<(Connection, NameOwnerChangedStream)> {
    let connection = Builder::address(address)?
        .serve_at(paths::SERVICE, Service::new(shared))?
        .build()
        .await?;
    let server = connection.object_server();
    let (collections, aliases) = shared.with_store(|store| (store.collections(), store.aliases()));
    for name in collections {
        server
            .at(paths::collection(&name), Collection::named(shared, name))
            .await?;
    }
    for alias in aliases {
        server
            .at(paths::alias(&alias), Collection::aliased(shared, alias))
            .await?;
    }
    let departures = DBusProxy::new(&connection)
        .await?
        .receive_name_owner_changed()
        .await?;
    // Neither queue for the name nor let another take it.
    connection
        .request_name_with_flags(paths::NAME, RequestNameFlags::DoNotQueue.into())
        .await?;
    Ok((connection, departures))
}

/// Ends the sessions of each caller that leaves the bus.
async fn end_sessions(
    mut departures: NameOwnerChangedStream,
    connection: Connection,
    shared: Arc<Shared>,
) {
    while let Some(change) = departures.next().await {
        let Ok(change) = change.args() else { continue };
        if change.new_owner.is_some() {
            continue;
        }
        for session in shared.end_sessions_of(change.name.as_str()) {
            if let Err(error) = connection
                .object_server()
                .remove::<Session, _>(&session)
                .await
            {
                tracing::warn!(%error, %session, "a session outlives its caller");
            }
        }
    }
}
