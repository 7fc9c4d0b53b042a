use crate::redirect_connections::{RedirectConnections, RedirectPeer};
use tokio::{
    io::DuplexStream,
    sync::{
        Mutex,
        mpsc::{self, UnboundedReceiver, UnboundedSender},
    },
};

/// The connections to a sign-in that listens at no port. Only its fuzz target has use for it: a port leaves every
/// connection behind in the kernel's table for a minute, and that table is read for every redirect.
#[doc(hidden)]
#[derive(Debug)]
pub struct RedirectInMemory {
    port: u16,
    connections: Mutex<UnboundedReceiver<DuplexStream>>,
}

impl RedirectInMemory {
    /// As if it was this port, and what makes the connections to it.
    pub fn at(port: u16) -> (Self, UnboundedSender<DuplexStream>) {
        let (connect, connections) = mpsc::unbounded_channel();
        let connections = Mutex::new(connections);
        (Self { port, connections }, connect)
    }
}

impl RedirectConnections for RedirectInMemory {
    type Stream = DuplexStream;
    type Peer = ThisProcess;

    fn port(&self) -> u16 {
        self.port
    }

    async fn accept(&self) -> Option<(DuplexStream, ThisProcess)> {
        match self.connections.lock().await.recv().await {
            Some(stream) => Some((stream, ThisProcess)),
            None => std::future::pending().await,
        }
    }
}

/// Nobody else has the other end of what is in memory.
#[derive(Clone, Copy)]
pub(crate) struct ThisProcess;

impl RedirectPeer for ThisProcess {
    async fn may_answer(&self) -> bool {
        true
    }
}
