//! Answers for calls that nobody on the bus can take.

use std::os::fd::OwnedFd;
use std::sync::{Arc, Weak};

use async_trait::async_trait;
use busd::fdo::BUS_NAME;
use busd::peers::Peers;
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use zbus::connection::socket::{ReadHalf, Socket, Split};
use zbus::fdo::ConnectionCredentials;
use zbus::message::{Flags, Type};
use zbus::names::BusName;
use zbus::{AuthMechanism, Message};

/// A client's socket on which a call to an absent peer is answered with `ServiceUnknown`.
///
/// busd 0.5 drops such a call without an answer, and the caller waits for its own time-out: 25 seconds in most
/// libraries, 300 in Microsoft's runtime. A bus must answer at once.
///
/// See the [D-Bus specification, "Message Bus Starting Services"][starting].
///
/// [starting]: https://dbus.freedesktop.org/doc/dbus-specification.html#message-bus-starting-services
#[derive(Debug)]
pub(super) struct AnsweredSocket {
    stream: UnixStream,
    begun: Vec<u8>,
    id: usize,
    peers: Weak<Peers>,
}

impl AnsweredSocket {
    /// Wraps the socket of the client which is going to be number `id` on the bus, and has begun with `begun`.
    pub(super) fn new(stream: UnixStream, begun: Vec<u8>, id: usize, peers: &Arc<Peers>) -> Self {
        Self {
            stream,
            begun,
            id,
            peers: Arc::downgrade(peers),
        }
    }
}

impl Socket for AnsweredSocket {
    type ReadHalf = AnsweredReadHalf;
    type WriteHalf = OwnedWriteHalf;

    fn split(self) -> Split<Self::ReadHalf, Self::WriteHalf> {
        let (read, write) = self.stream.into_split();
        // The name busd is going to give it.
        let unique_name = format!(":busd.{}", self.id);
        Split::new(
            AnsweredReadHalf {
                read,
                begun: self.begun,
                unique_name,
                peers: self.peers,
            },
            write,
        )
    }
}

/// The read half of [`AnsweredSocket`].
#[derive(Debug)]
pub(super) struct AnsweredReadHalf {
    read: OwnedReadHalf,
    // What was read before there was this; the rest is still in the socket.
    begun: Vec<u8>,
    unique_name: String,
    // Weak: the peers own the connection which owns this.
    peers: Weak<Peers>,
}

impl AnsweredReadHalf {
    /// Whether the bus can pass `message` on; if not, its sender has been told.
    async fn is_deliverable(&self, message: &Message) -> zbus::Result<bool> {
        if message.message_type() != Type::MethodCall {
            return Ok(true);
        }
        let header = message.header();
        let (Some(destination), Some(peers)) = (header.destination(), self.peers.upgrade()) else {
            return Ok(true);
        };
        let known = match destination {
            BusName::Unique(name) => peers.peers().await.contains_key(name.as_str()),
            BusName::WellKnown(name) => peers.name_registry().await.lookup(name.clone()).is_some(),
        };
        if known {
            return Ok(true);
        }
        if header.primary().flags().contains(Flags::NoReplyExpected) {
            return Ok(false);
        }
        let text =
            format!("the name {destination} is not on this bus, and this bus starts no services");
        let answer = Message::error(&header, SERVICE_UNKNOWN)?
            .sender(BUS_NAME)?
            .destination(self.unique_name.as_str())?
            .build(&text)?;
        let caller = peers
            .peers()
            .await
            .get(self.unique_name.as_str())
            .map(|peer| peer.conn().clone());
        if let Some(caller) = caller {
            caller.send(&answer).await?;
        }
        Ok(false)
    }
}

#[async_trait]
impl ReadHalf for AnsweredReadHalf {
    async fn receive_message(
        &mut self,
        seq: u64,
        already_received_bytes: &mut Vec<u8>,
        already_received_fds: &mut Vec<OwnedFd>,
    ) -> zbus::Result<Message> {
        already_received_bytes.append(&mut self.begun);
        loop {
            let message = self
                .read
                .receive_message(seq, already_received_bytes, already_received_fds)
                .await?;
            if self.is_deliverable(&message).await? {
                return Ok(message);
            }
        }
    }

    // Used while authenticating, before there are messages.
    async fn recvmsg(&mut self, buf: &mut [u8]) -> std::io::Result<(usize, Vec<OwnedFd>)> {
        if self.begun.is_empty() {
            return self.read.recvmsg(buf).await;
        }
        let length = self.begun.len().min(buf.len());
        buf[..length].copy_from_slice(&self.begun[..length]);
        self.begun.drain(..length);
        Ok((length, Vec::new()))
    }

    fn can_pass_unix_fd(&self) -> bool {
        self.read.can_pass_unix_fd()
    }

    async fn peer_credentials(&mut self) -> std::io::Result<ConnectionCredentials> {
        self.read.peer_credentials().await
    }

    fn auth_mechanism(&self) -> AuthMechanism {
        self.read.auth_mechanism()
    }
}

const SERVICE_UNKNOWN: &str = "org.freedesktop.DBus.Error.ServiceUnknown";
