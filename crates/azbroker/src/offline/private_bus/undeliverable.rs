//! Answers for calls that nobody on the bus takes, or whose callee leaves before it answers.

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

use super::pending_calls::PendingCalls;

/// A client's socket on which a call to an absent peer is answered with `ServiceUnknown`, and one to a peer that
/// leaves with `NoReply`.
///
/// busd 0.5 drops such calls without an answer, and the caller waits for its own time-out: 25 seconds in most
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
    pending: PendingCalls,
}

impl AnsweredSocket {
    /// Wraps the socket of the client which is going to be number `id` on the bus, and has begun with `begun`.
    pub(super) fn new(
        stream: UnixStream,
        begun: Vec<u8>,
        id: usize,
        peers: &Arc<Peers>,
        pending: PendingCalls,
    ) -> Self {
        Self {
            stream,
            begun,
            id,
            peers: Arc::downgrade(peers),
            pending,
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
                pending: self.pending,
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
    pending: PendingCalls,
}

impl AnsweredReadHalf {
    /// Whether the bus can pass `message` on; if not, its sender has been told.
    async fn is_deliverable(&self, message: &Message) -> zbus::Result<bool> {
        let header = message.header();
        if let (Type::MethodReturn | Type::Error, Some(caller), Some(serial)) = (
            message.message_type(),
            header.destination(),
            header.reply_serial(),
        ) {
            self.pending.answered(caller.as_str(), serial.get());
        }
        if message.message_type() != Type::MethodCall {
            return Ok(true);
        }
        let (Some(destination), Some(peers)) = (header.destination(), self.peers.upgrade()) else {
            return Ok(true);
        };
        let callee = match destination {
            BusName::Unique(name) => {
                let known = peers.peers().await.contains_key(name.as_str());
                known.then(|| name.to_string())
            }
            BusName::WellKnown(name) => {
                let registry = peers.name_registry().await;
                registry.lookup(name.clone()).map(|name| name.to_string())
            }
        };
        let wants_reply = !header.primary().flags().contains(Flags::NoReplyExpected);
        match callee {
            Some(callee)
                if !wants_reply || self.pending.asked(&self.unique_name, &callee, message) =>
            {
                Ok(true)
            }
            _ => {
                if wants_reply {
                    let text = format!(
                        "the name {destination} is not on this bus, and this bus starts no services"
                    );
                    answer(&peers, &self.unique_name, message, SERVICE_UNKNOWN, &text).await?;
                }
                Ok(false)
            }
        }
    }

    /// Tells everybody who waits for this client that it has left.
    async fn has_left(&self) {
        let unanswered = self.pending.left(&self.unique_name);
        let Some(peers) = self.peers.upgrade() else {
            return;
        };
        for (caller, call) in unanswered {
            let text = "the called program left the bus before it answered";
            if let Err(error) = answer(&peers, &caller, &call, NO_REPLY, text).await {
                tracing::debug!(%error, "a caller cannot be told that its call is lost");
            }
        }
    }
}

impl Drop for AnsweredReadHalf {
    /// busd drops a client's socket when it removes the client, whichever side it was that ended it.
    fn drop(&mut self) {
        // Forgets what is left; whoever waits was told when reading ended.
        self.pending.left(&self.unique_name);
    }
}

/// Answers a call in the bus's own name.
async fn answer(
    peers: &Peers,
    caller: &str,
    call: &Message,
    error: &'static str,
    text: &str,
) -> zbus::Result<()> {
    let answer = Message::error(&call.header(), error)?
        .sender(BUS_NAME)?
        .destination(caller)?
        .build(&text)?;
    let connection = peers
        .peers()
        .await
        .get(caller)
        .map(|peer| peer.conn().clone());
    match connection {
        Some(connection) => connection.send(&answer).await,
        None => Ok(()),
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
            let received = self
                .read
                .receive_message(seq, already_received_bytes, already_received_fds)
                .await;
            let message = match received {
                Ok(message) => message,
                Err(error) => {
                    self.has_left().await;
                    return Err(error);
                }
            };
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

const NO_REPLY: &str = "org.freedesktop.DBus.Error.NoReply";
const SERVICE_UNKNOWN: &str = "org.freedesktop.DBus.Error.ServiceUnknown";
