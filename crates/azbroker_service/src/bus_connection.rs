//! The connection to the session bus, which no message ends.
//!
//! The [specification](https://dbus.freedesktop.org/doc/dbus-specification.html#message-protocol-messages) has
//! readers ignore flags that they do not know, and the bus passes them on. The library takes such a message
//! for a broken connection: without what follows, any program on the bus could end the broker with one call.

mod oversized;

use async_trait::async_trait;
use oversized::Oversized;
use std::{
    ffi::OsStr,
    io,
    os::{fd::OwnedFd, unix::ffi::OsStrExt},
};
use tokio::net::{
    UnixStream,
    unix::{OwnedReadHalf, OwnedWriteHalf},
};
use zbus::{
    Address, AuthMechanism, Connection, Message,
    address::{Transport, transport::UnixSocket},
    connection::{
        Builder,
        socket::{ReadHalf, Socket, Split},
    },
    fdo::ConnectionCredentials,
};

/// Connects to the user's session bus.
///
/// # Errors
///
/// When there is none.
pub(crate) async fn session() -> zbus::Result<Connection> {
    let address = Address::session()?;
    let stream = match address.transport() {
        Transport::Unix(unix) => connect(unix.path()).await?,
        _ => None,
    };
    match stream {
        Some(stream) => Builder::socket(LenientSocket(stream)).build().await,
        None => Builder::address(address)?.build().await,
    }
}

/// Whether the environment names one run of a bus, as a bus does that starts a program: no later one is it, and
/// the library that reaches the keyring would look for that one for ever.
pub(crate) fn names_one_bus() -> bool {
    Address::session().is_ok_and(|address| address.guid().is_some())
}

/// Connects to a socket of this machine; `None` for an address that only a server has.
async fn connect(socket: &UnixSocket) -> io::Result<Option<UnixStream>> {
    Ok(Some(match socket {
        UnixSocket::File(path) => UnixStream::connect(path).await?,
        UnixSocket::Abstract(name) => {
            // As tokio takes such a name; the standard library would have the broker's only thread wait.
            let path = [b"\0", name.as_encoded_bytes()].concat();
            UnixStream::connect(OsStr::from_bytes(&path)).await?
        }
        _ => return Ok(None),
    }))
}

/// A socket to the bus whose messages are read leniently.
#[derive(Debug)]
struct LenientSocket(UnixStream);

impl Socket for LenientSocket {
    type ReadHalf = LenientReadHalf;
    type WriteHalf = OwnedWriteHalf;

    fn split(self) -> Split<Self::ReadHalf, Self::WriteHalf> {
        let (read, write) = self.0.into_split();
        Split::new(LenientReadHalf(read), write)
    }
}

#[derive(Debug)]
struct LenientReadHalf(OwnedReadHalf);

#[async_trait]
impl ReadHalf for LenientReadHalf {
    async fn receive_message(
        &mut self,
        seq: u64,
        already_received_bytes: &mut Vec<u8>,
        already_received_fds: &mut Vec<OwnedFd>,
    ) -> zbus::Result<Message> {
        loop {
            while already_received_bytes.len() < SHORTEST {
                let mut bytes = [0; SHORTEST];
                let missing = SHORTEST - already_received_bytes.len();
                let (read, fds) = self.0.recvmsg(&mut bytes[..missing]).await?;
                if read == 0 {
                    return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
                }
                already_received_bytes.extend_from_slice(&bytes[..read]);
                already_received_fds.extend(fds);
            }
            already_received_bytes[FLAGS] &= KNOWN_FLAGS;
            if let Some(oversized) = Oversized::begins(already_received_bytes) {
                Box::pin(oversized.shorten(
                    &mut self.0,
                    already_received_bytes,
                    already_received_fds,
                ))
                .await?;
                continue;
            }
            let received = self
                .0
                .receive_message(seq, already_received_bytes, already_received_fds)
                .await;
            match received {
                // Of these two nobody knows where the next message begins.
                Err(error @ (zbus::Error::InputOutput(_) | zbus::Error::ExcessData)) => {
                    return Err(error);
                }
                // It has been read to its end, and whoever sent it waits for nothing better.
                Err(error) => tracing::debug!("a message makes no sense and is left out: {error}"),
                Ok(message) => return Ok(message),
            }
        }
    }

    // Used while authenticating, before there are messages.
    async fn recvmsg(&mut self, buf: &mut [u8]) -> io::Result<(usize, Vec<OwnedFd>)> {
        self.0.recvmsg(buf).await
    }

    fn can_pass_unix_fd(&self) -> bool {
        self.0.can_pass_unix_fd()
    }

    async fn peer_credentials(&mut self) -> io::Result<ConnectionCredentials> {
        self.0.peer_credentials().await
    }

    fn auth_mechanism(&self) -> AuthMechanism {
        self.0.auth_mechanism()
    }
}

/// A message's length, and with it everything else, is known from these bytes.
const SHORTEST: usize = 16;
/// Where its flags are.
const FLAGS: usize = 2;
/// `NO_REPLY_EXPECTED`, `NO_AUTO_START` and `ALLOW_INTERACTIVE_AUTHORIZATION`.
const KNOWN_FLAGS: u8 = 0b111;

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::{
        linux::net::SocketAddrExt,
        unix::net::{SocketAddr, UnixListener},
    };
    use tokio::io::AsyncWriteExt;

    #[tokio::test]
    async fn a_socket_in_the_abstract_namespace_is_connected_to() {
        let name = format!("azbroker-test-{}", std::process::id());
        let socket = UnixSocket::Abstract(name.clone().into());
        assert!(connect(&socket).await.is_err(), "nobody listens yet");
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let listener = UnixListener::bind_addr(&address).unwrap();
        let stream = connect(&socket).await.unwrap().unwrap();
        let (accepted, _) = listener.accept().unwrap();
        drop(accepted);
        stream.readable().await.unwrap();
    }

    #[tokio::test]
    async fn a_flag_that_nobody_knows_does_not_end_the_connection() {
        let (mut sender, receiver) = UnixStream::pair().unwrap();
        let call = Message::method_call("/a", "b").unwrap().build(&()).unwrap();
        for flags in [0xff, 0x80, 0x00] {
            let mut bytes = call.data().to_vec();
            bytes[FLAGS] = flags;
            sender.write_all(&bytes).await.unwrap();
        }
        drop(sender);
        let (mut read, _write) = LenientSocket(receiver).split().take();
        let (mut bytes, mut fds) = (Vec::new(), Vec::new());
        for sequence in 1..=3 {
            let message = read.receive_message(sequence, &mut bytes, &mut fds).await;
            assert_eq!(message.unwrap().header().member().unwrap().as_str(), "b");
        }
        assert!(read.receive_message(4, &mut bytes, &mut fds).await.is_err());
    }

    #[tokio::test]
    async fn what_is_larger_than_any_call_is_not_kept_and_is_answered_all_the_same() {
        let (mut sender, receiver) = UnixStream::pair().unwrap();
        let call = |member, path: &str| {
            let call = Message::method_call(path.to_owned(), member).unwrap();
            call.sender(":1.7").unwrap()
        };
        let junk = "x".repeat(8 * 1024 * 1024);
        let large = call("large", "/a").build(&("0.0", &junk, "{}")).unwrap();
        let other = call("other", "/a").build(&(&junk,)).unwrap();
        let big = call("big", "/a").endian(zbus::zvariant::Endian::Big);
        let big = big.build(&("0.0", &junk, "{}")).unwrap();
        let unnamed = call("unnamed", &format!("/{junk}")).build(&()).unwrap();
        let good = call("good", "/a").build(&("0.0", "an ID", "{}")).unwrap();
        let reply = Message::method_return(&good.header()).unwrap();
        let reply = reply.build(&junk).unwrap();
        let sent = [&large, &other, &unnamed, &big, &good, &reply, &good];
        let bytes: Vec<_> = sent.iter().flat_map(|one| one.data().to_vec()).collect();
        tokio::spawn(async move { sender.write_all(&bytes).await });

        let (mut read, _write) = LenientSocket(receiver).split().take();
        let (mut bytes, mut fds) = (Vec::new(), Vec::new());
        for (sent, expected) in [
            (&large, Some(("", "", crate::request::TOO_LARGE))),
            (&other, None),
            (&big, Some(("", "", crate::request::TOO_LARGE))),
            (&good, Some(("0.0", "an ID", "{}"))),
        ] {
            let message = read.receive_message(1, &mut bytes, &mut fds).await.unwrap();
            let (header, was) = (message.header(), sent.header());
            assert_eq!(header.member(), was.member());
            assert_eq!(header.sender(), was.sender());
            let serial = |header: &zbus::message::Header<'_>| header.primary().serial_num();
            assert_eq!(serial(&header), serial(&was));
            assert!(message.data().len() < 1024);
            let body = message.body();
            assert_eq!(body.deserialize().ok(), expected, "{message:?}");
        }
        for sent in [&reply, &good] {
            let message = read.receive_message(1, &mut bytes, &mut fds).await.unwrap();
            assert_eq!(message.data().len(), sent.data().len());
        }
    }
}
