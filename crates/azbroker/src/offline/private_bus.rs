//! A D-Bus session bus inside this process, for machines without one.

mod pending_calls;
mod undeliverable;

#[cfg(test)]
mod tests;

use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use busd::fdo::{BUS_NAME, DBus, Monitoring};
use busd::peers::Peers;
use thiserror::Error;
use tokio::io::AsyncReadExt;
use tokio::sync::oneshot;
use zbus::address::transport::{Transport, Unix, UnixSocket};
use zbus::connection::{Builder, socket::Channel};
use zbus::{Address, AuthMechanism, Connection, Guid, OwnedGuid};

use super::folder::is_plain;
use crate::one_thread;
use pending_calls::PendingCalls;
use undeliverable::AnsweredSocket;

/// A session bus which lives as long as this value.
///
/// Reach for it where `DBUS_SESSION_BUS_ADDRESS` names nothing. It knows no service activation: start the broker
/// on it before the first client.
///
/// Dropping it closes every connection, waits until they are closed, and removes the socket.
#[derive(Debug)]
pub(crate) struct PrivateBus {
    address: String,
    socket: PathBuf,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Why there is no private bus.
#[derive(Debug, Error)]
#[non_exhaustive]
pub(crate) enum PrivateBusError {
    /// The caller must give a folder of mode 0700: whoever reaches the socket reaches the secrets.
    #[error("the folder `{}` of the private bus must be closed to other users (mode 0700)", .0.display())]
    FolderNotPrivate(PathBuf),
    /// The user must choose another place for temporary files: not all clients can be told of this one.
    #[error("the folder `{}` of the private bus has other characters in its path than letters, digits and `-_/.`", .0.display())]
    FolderNotPlain(PathBuf),
    /// The user must make room or shorten the path; a socket's path has 107 bytes at most.
    #[error("the private bus cannot listen on `{}`", .path.display())]
    Listen {
        /// Where it tried to listen.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The system has no thread or no file descriptor left.
    #[error("the private bus has no thread to run on")]
    Thread(#[source] io::Error),
    /// The bus library failed; nothing the user can change.
    #[error("the private bus did not start")]
    Start(#[source] zbus::Error),
    /// The thread of the bus ended before it was ready; please report it.
    #[error("the private bus ended while starting")]
    Ended,
}

impl PrivateBus {
    /// Starts a bus which listens on a socket in `folder`.
    ///
    /// The folder must exist and be closed to other users; nothing else in it is touched. When this returns,
    /// clients can connect.
    ///
    /// # Errors
    ///
    /// See [`PrivateBusError`]: the folder is open to others, the socket cannot be made, or the bus failed.
    pub(crate) fn start(folder: &Path) -> Result<Self, PrivateBusError> {
        let socket = folder.join(SOCKET);
        let listen = |source| PrivateBusError::Listen {
            path: socket.clone(),
            source,
        };

        let mode = fs::metadata(folder).map_err(listen)?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(PrivateBusError::FolderNotPrivate(folder.to_path_buf()));
        }

        if !is_plain(socket.as_os_str().as_bytes()) {
            return Err(PrivateBusError::FolderNotPlain(folder.to_path_buf()));
        }

        let guid = OwnedGuid::from(Guid::generate());
        let address = Address::new(Transport::Unix(Unix::new(UnixSocket::File(socket.clone()))))
            .set_guid(guid.clone())
            .map_err(PrivateBusError::Start)?
            .to_string();

        let listener = UnixListener::bind(&socket).map_err(listen)?;
        let (stop, stopped) = oneshot::channel();
        let (ready, is_ready) = mpsc::channel();
        // A runtime of its own, because the library's tasks know no end but that of their runtime.
        let thread = thread::Builder::new()
            .name("private-bus".to_owned())
            .spawn(move || run(listener, guid, stopped, &ready))
            .map_err(PrivateBusError::Thread)?;
        let bus = Self {
            address,
            socket,
            stop: Some(stop),
            thread: Some(thread),
        };
        is_ready.recv().map_err(|_| PrivateBusError::Ended)??;
        Ok(bus)
    }

    /// The address for `DBUS_SESSION_BUS_ADDRESS`.
    #[doc(alias = "DBUS_SESSION_BUS_ADDRESS")]
    pub(crate) fn address(&self) -> &str {
        &self.address
    }
}

impl Drop for PrivateBus {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::warn!("the private bus panicked");
        }
        if let Err(error) = fs::remove_file(&self.socket) {
            tracing::debug!(%error, "the socket of the private bus was gone already");
        }
    }
}

/// The body of the bus thread; when it returns, its runtime takes all connections with it.
fn run(
    listener: UnixListener,
    guid: OwnedGuid,
    stopped: oneshot::Receiver<()>,
    ready: &mpsc::Sender<Result<(), PrivateBusError>>,
) {
    let runtime = match one_thread::runtime() {
        Ok(runtime) => runtime,
        Err(error) => return report(ready, Err(PrivateBusError::Thread(error))),
    };
    runtime.block_on(async {
        let listener = match into_tokio(listener) {
            Ok(listener) => listener,
            Err(error) => return report(ready, Err(PrivateBusError::Thread(error))),
        };
        let peers = Peers::new();
        let _driver = match serve_the_bus_itself(&peers, &guid).await {
            Ok(connections) => connections,
            Err(error) => return report(ready, Err(PrivateBusError::Start(error))),
        };
        report(ready, Ok(()));
        tokio::select! {
            _ = stopped => (),
            () = accept(&listener, &peers, &guid) => (),
        }
    });
}

/// Tells the starter how it went; it may have gone, which is no fault of ours.
fn report(ready: &mpsc::Sender<Result<(), PrivateBusError>>, outcome: Result<(), PrivateBusError>) {
    let _ = ready.send(outcome);
}

/// Hands a listener of the standard library to the runtime.
fn into_tokio(listener: UnixListener) -> io::Result<tokio::net::UnixListener> {
    listener.set_nonblocking(true)?;
    tokio::net::UnixListener::from_std(listener)
}

/// Joins `org.freedesktop.DBus` to the bus as a peer like any other.
async fn serve_the_bus_itself(peers: &Arc<Peers>, guid: &OwnedGuid) -> zbus::Result<Connection> {
    let (inner, outer) = Channel::pair();
    let driver = Builder::authenticated_socket(inner, guid.clone())?
        .p2p()
        .unique_name(BUS_NAME)?
        .name(BUS_NAME)?
        .serve_at(DBus::PATH, DBus::new(peers.clone(), guid.clone()))?
        .serve_at(Monitoring::PATH, Monitoring::new(peers.clone()))?
        .build()
        .await?;
    let peer = Builder::authenticated_socket(outer, guid.clone())?
        .p2p()
        .build()
        .await?;
    peers.add_us(peer).await;
    Ok(driver)
}

/// Accepts clients until the listener fails.
async fn accept(listener: &tokio::net::UnixListener, peers: &Arc<Peers>, guid: &OwnedGuid) {
    let pending = PendingCalls::default();
    for id in 1.. {
        let mut stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => return tracing::error!(%error, "the private bus accepts no more clients"),
        };
        let peers = peers.clone();
        let guid = guid.clone();
        let pending = pending.clone();
        tokio::spawn(async move {
            // The library holds the list of all peers while it authenticates one, so a client which connects
            // and stays silent would stop the bus for everybody. It is let in when it has begun to speak.
            let mut begun = Vec::with_capacity(64);
            if !stream.read_buf(&mut begun).await.is_ok_and(|read| read > 0) {
                return;
            }
            let socket = AnsweredSocket::new(stream, begun, id, &peers, pending).into();
            let added = peers.add(&guid, id, socket, AuthMechanism::External);
            match tokio::time::timeout(AUTHENTICATION_TIMEOUT, added).await {
                Ok(Ok(())) => (),
                Ok(Err(error)) => {
                    tracing::debug!(%error, "a client did not get onto the private bus")
                }
                Err(_) => tracing::debug!("a client took too long to get onto the private bus"),
            }
        });
    }
}

/// The socket's name in the folder; short, since the whole path has 107 bytes at most.
const SOCKET: &str = "bus";

/// How long one client may take to authenticate while the others wait.
const AUTHENTICATION_TIMEOUT: Duration = Duration::from_secs(5);
