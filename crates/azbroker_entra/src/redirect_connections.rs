//! Where the connections come from over which a redirect may come.

use crate::loopback_listener::{LoopbackListener, LoopbackPeer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};

/// Connections to a port, for as long as it is listened at.
pub(crate) trait RedirectConnections: Send + Sync {
    type Stream: AsyncRead + AsyncWrite + Send + Unpin + 'static;
    type Peer: RedirectPeer;

    fn port(&self) -> u16;

    /// The next one, of whomever; `None` when there is none to be had at the moment.
    fn accept(&self) -> impl Future<Output = Option<(Self::Stream, Self::Peer)>> + Send;
}

/// Whoever is at the other end.
pub(crate) trait RedirectPeer: Clone + Send + Sync + 'static {
    /// Whether what it brings is the user's.
    fn may_answer(&self) -> impl Future<Output = bool> + Send;
}

impl RedirectConnections for LoopbackListener {
    type Stream = TcpStream;
    type Peer = LoopbackPeer;

    fn port(&self) -> u16 {
        self.port()
    }

    fn accept(&self) -> impl Future<Output = Option<(TcpStream, LoopbackPeer)>> + Send {
        self.accept()
    }
}

impl RedirectPeer for LoopbackPeer {
    fn may_answer(&self) -> impl Future<Output = bool> + Send {
        self.may_answer()
    }
}
