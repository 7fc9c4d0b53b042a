//! Calls that are larger than any could be.
//!
//! The library keeps a call in memory until it is answered, which may take as long as a sign-in does. So such a
//! call is thrown away while it is read, and a short one stands in its place to be answered.

use super::SHORTEST;
use crate::request::{LARGEST_CALL, TOO_LARGE};
use std::{io, os::fd::OwnedFd};
use tokio::net::unix::OwnedReadHalf;
use zbus::{
    Message,
    connection::socket::ReadHalf,
    message::{Builder, Header},
};

/// How long a call is that is too large.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Oversized {
    /// All that stands before the body.
    header: usize,
    body: usize,
}

impl Oversized {
    /// Whether such a call begins with these bytes.
    pub(super) fn begins(first: &[u8]) -> Option<Self> {
        const METHOD_CALL: u8 = 1;
        let number = |at: usize| {
            let bytes = first.get(at..at + 4)?.try_into().ok()?;
            let number = match first[0] {
                b'l' => u32::from_le_bytes(bytes),
                b'B' => u32::from_be_bytes(bytes),
                _ => return None,
            };
            usize::try_from(number).ok()
        };
        let fields: usize = number(FIELDS_LENGTH)?;
        let header = (SHORTEST + fields).next_multiple_of(8);
        let body = number(BODY_LENGTH)?;
        let too_large = first[1] == METHOD_CALL && header + body > LARGEST_CALL;
        too_large.then_some(Self { header, body })
    }

    /// Reads it to its end, and puts what is answered in its stead before whatever was received behind it. A call
    /// whose header alone is large is left out.
    pub(super) async fn shorten(
        self,
        socket: &mut OwnedReadHalf,
        received: &mut Vec<u8>,
        fds: &mut Vec<OwnedFd>,
    ) -> io::Result<()> {
        let kept = match self.header {
            header if header <= LARGEST_HEADER => header,
            _ => 0,
        };
        let length = self.header + self.body;
        let mut header: Vec<u8> = received.drain(..length.min(received.len())).collect();
        let mut left = length - header.len();
        header.truncate(kept);
        let mut piece = vec![0; PIECE];
        while left > 0 {
            let (read, _) = socket.recvmsg(&mut piece[..left.min(PIECE)]).await?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            left -= read;
            let missing = kept - header.len();
            header.extend_from_slice(&piece[..read.min(missing)]);
        }
        // What came with it goes with it.
        fds.clear();
        tracing::debug!("a call of {length} bytes is larger than any could be");
        if kept > 0 {
            header[BODY_LENGTH..BODY_LENGTH + 4].fill(0);
            // Nothing is read from the socket: this is all of it.
            let call = socket.receive_message(0, &mut header, fds).await;
            match call.and_then(|call| in_its_stead(&call.header())) {
                Ok(short) => drop(received.splice(..0, short.data().iter().copied())),
                Err(error) => tracing::debug!("its header makes no sense: {error}"),
            }
        }
        Ok(())
    }
}

/// The same call with nothing in it but that it was too large, where its method can tell; for the library to refuse
/// elsewhere.
fn in_its_stead(header: &Header<'_>) -> zbus::Result<Message> {
    let short = Builder::from(header.to_owned());
    match header.signature().to_string_no_parens().as_str() {
        "sss" => short.build(&("", "", TOO_LARGE)),
        _ => short.build(&()),
    }
}

/// Where the length of the body stands.
const BODY_LENGTH: usize = 4;
/// Where the length of the header's fields stands.
const FIELDS_LENGTH: usize = 12;
/// Names and a path, of 255 bytes each where they mean anything.
const LARGEST_HEADER: usize = 16 * 1024;
const PIECE: usize = 64 * 1024;
