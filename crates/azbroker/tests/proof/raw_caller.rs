//! A program that writes bytes on the bus by hand, so that they can be wrong, and that never waits.

use std::{path::Path, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
};

use crate::caller::{BROKER, INTERFACE, PATH};

/// A connection to the bus that has said hello.
pub(crate) struct RawCaller {
    stream: UnixStream,
    serial: u32,
}

impl RawCaller {
    pub(crate) async fn connect(socket: &Path) -> std::io::Result<Self> {
        let mut caller = Self::connect_silently(socket).await?;
        caller
            .stream
            .write_all(b"\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n")
            .await?;
        // `DATA` and `OK`, a line each.
        let mut lines = 0;
        while lines < 2 {
            lines += usize::from(caller.stream.read_u8().await? == b'\n');
        }
        let hello = Message {
            destination: "org.freedesktop.DBus",
            path: "/org/freedesktop/DBus",
            interface: "org.freedesktop.DBus",
            member: "Hello",
            signature: "",
            body: &[],
        };
        caller.send(&hello).await?;
        // The answer is the first that comes; without it the bus would take the next call for a fault.
        let _ = caller.stream.read(&mut [0; 1024]).await?;
        Ok(caller)
    }

    /// A connection on which nothing was said yet.
    pub(crate) async fn connect_silently(socket: &Path) -> std::io::Result<Self> {
        let stream = UnixStream::connect(socket).await?;
        Ok(Self { stream, serial: 0 })
    }

    pub(crate) async fn send(&mut self, message: &Message<'_>) -> std::io::Result<()> {
        self.serial += 1;
        let bytes = message.to_bytes(self.serial);
        self.send_bytes(&bytes).await
    }

    /// Sends bytes as they are, and throws away whatever has been answered so far.
    pub(crate) async fn send_bytes(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        let (mut reader, mut writer) = self.stream.split();
        let write = writer.write_all(bytes);
        let mut answers = [0; 16 * 1024];
        tokio::pin!(write);
        loop {
            tokio::select! {
                biased;
                written = &mut write => return written,
                read = reader.read(&mut answers) => {
                    if read? == 0 {
                        return Err(std::io::ErrorKind::ConnectionReset.into());
                    }
                }
            }
        }
    }

    /// Reads until the broker has answered what it was asked before, as far as it does.
    pub(crate) async fn settle(&mut self) -> std::io::Result<()> {
        let answers = tokio::time::timeout(Duration::from_secs(60), self.read_answers());
        answers.await.expect("the broker answers within a minute")
    }

    async fn read_answers(&mut self) -> std::io::Result<()> {
        // The broker names a method that it does not know in its error.
        const MARK: &str = "areYouDone";
        self.send(&Message::to_broker(MARK, "", &[])).await?;
        let mut seen = Vec::new();
        let mut chunk = [0; 16 * 1024];
        loop {
            let read = self.stream.read(&mut chunk).await?;
            if read == 0 {
                return Err(std::io::ErrorKind::ConnectionReset.into());
            }
            seen.extend_from_slice(&chunk[..read]);
            let part = MARK.as_bytes();
            if seen.windows(part.len()).any(|window| window == part) {
                return Ok(());
            }
            let keep = seen.len().min(part.len());
            seen.drain(..seen.len() - keep);
        }
    }
}

/// A method call.
pub(crate) struct Message<'a> {
    pub(crate) destination: &'a str,
    pub(crate) path: &'a str,
    pub(crate) interface: &'a str,
    pub(crate) member: &'a str,
    pub(crate) signature: &'a str,
    pub(crate) body: &'a [u8],
}

impl<'a> Message<'a> {
    pub(crate) fn to_broker(member: &'a str, signature: &'a str, body: &'a [u8]) -> Self {
        Self {
            destination: BROKER,
            path: PATH,
            interface: INTERFACE,
            member,
            signature,
            body,
        }
    }

    /// The bytes of the
    /// [specification](https://dbus.freedesktop.org/doc/dbus-specification.html#message-protocol-messages).
    pub(crate) fn to_bytes(&self, serial: u32) -> Vec<u8> {
        let mut fields = Vec::new();
        for (code, kind, value) in [
            (1, b'o', self.path),
            (2, b's', self.interface),
            (3, b's', self.member),
            (6, b's', self.destination),
        ] {
            pad(&mut fields, 8);
            fields.extend([code, 1, kind, 0]);
            string(&mut fields, value);
        }
        if !self.signature.is_empty() {
            pad(&mut fields, 8);
            fields.extend([8, 1, b'g', 0, length(self.signature.as_bytes()) as u8]);
            fields.extend(self.signature.bytes());
            fields.push(0);
        }
        let mut bytes = vec![b'l', 1, 0, 1];
        bytes.extend(length(self.body).to_le_bytes());
        bytes.extend(serial.to_le_bytes());
        bytes.extend(length(&fields).to_le_bytes());
        bytes.extend(fields);
        pad(&mut bytes, 8);
        bytes.extend(self.body);
        bytes
    }
}

/// A body of strings.
pub(crate) fn strings(values: &[&str]) -> Vec<u8> {
    let mut body = Vec::new();
    for value in values {
        string(&mut body, value);
    }
    body
}

fn string(bytes: &mut Vec<u8>, value: &str) {
    pad(bytes, 4);
    bytes.extend(length(value.as_bytes()).to_le_bytes());
    bytes.extend(value.bytes());
    bytes.push(0);
}

fn pad(bytes: &mut Vec<u8>, to: usize) {
    while !bytes.len().is_multiple_of(to) {
        bytes.push(0);
    }
}

fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}
