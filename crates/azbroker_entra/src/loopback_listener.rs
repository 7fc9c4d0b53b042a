use crate::loopback_peer::{Connection, may_answer};
use hyper::header::HeaderValue;
use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::net::{TcpListener, TcpStream};

/// Both loopback addresses at one port that the system chose, open to the user's own programs.
#[derive(Debug)]
pub struct LoopbackListener {
    v4: TcpListener,
    /// Missing where the machine has no IPv6.
    v6: Option<TcpListener>,
    port: u16,
    /// Whether it was said that somebody was refused: once is enough, however often they come.
    warned: Arc<AtomicBool>,
}

/// Whoever is at the other end of a connection.
#[derive(Clone, Debug)]
pub struct LoopbackPeer {
    connection: Connection,
    warned: Arc<AtomicBool>,
}

impl LoopbackPeer {
    /// Whether it is the user's own program, and still there. Ask once a request carries what only the user's browser
    /// should know, and before anything else is made of it: the answer may take long on a machine with many
    /// connections.
    pub async fn may_answer(&self) -> bool {
        let may = may_answer(self.connection).await;
        if !may && !self.warned.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                "a connection to the sign-in's address was refused: it is another user's, or was given up"
            );
        }
        may
    }
}

impl LoopbackListener {
    /// Listens at a free port.
    ///
    /// # Errors
    ///
    /// When the system gives none.
    pub async fn bind() -> io::Result<Self> {
        const ATTEMPTS: usize = 16;
        let mut attempt = 0;
        loop {
            attempt += 1;
            let v4 = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
            let port = v4.local_addr()?.port();
            match TcpListener::bind((Ipv6Addr::LOCALHOST, port)).await {
                Ok(v6) => {
                    let v6 = Some(v6);
                    return Ok(Self::at(port, v4, v6));
                }
                // Somebody else has this port on the other address and would get what is meant for us from a
                // browser that prefers it: take another port.
                Err(error) if error.kind() == io::ErrorKind::AddrInUse && attempt < ATTEMPTS => {}
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => return Err(error),
                Err(_) => return Ok(Self::at(port, v4, None)),
            }
        }
    }

    /// Listens at this port.
    ///
    /// # Errors
    ///
    /// When somebody else does, or the system does not allow it.
    pub async fn bind_to(port: u16) -> io::Result<Self> {
        let v4 = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        match TcpListener::bind((Ipv6Addr::LOCALHOST, port)).await {
            Ok(v6) => {
                let v6 = Some(v6);
                Ok(Self::at(port, v4, v6))
            }
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => Err(error),
            Err(_) => Ok(Self::at(port, v4, None)),
        }
    }

    /// The port, the same on both addresses.
    pub fn port(&self) -> u16 {
        self.port
    }

    fn at(port: u16, v4: TcpListener, v6: Option<TcpListener>) -> Self {
        Self {
            v4,
            v6,
            port,
            warned: Arc::default(),
        }
    }

    /// The next connection, of whomever; `None` when there is none to be had at the moment.
    pub async fn accept(&self) -> Option<(TcpStream, LoopbackPeer)> {
        let accepted = tokio::select! {
            accepted = self.v4.accept() => accepted,
            accepted = accept_some(self.v6.as_ref()) => accepted,
        };
        let Ok((stream, peer)) = accepted else {
            // Without a file descriptor to give, the system would say so again at once, and again.
            let pause = std::future::pending::<()>();
            let _ = tokio::time::timeout(PAUSE, pause).await;
            return None;
        };
        let connection = Connection::of(&stream, peer).ok()?;
        let warned = self.warned.clone();
        Some((stream, LoopbackPeer { connection, warned }))
    }
}

/// Whether a `Host` header names this machine's loopback at a port.
///
/// A page of another name that resolves to this machine must not be taken for the user's own browser.
pub fn is_loopback_host(host: Option<&HeaderValue>, port: u16) -> bool {
    let Some(host) = host.and_then(|host| host.to_str().ok()) else {
        return false;
    };
    ["localhost", "127.0.0.1", "[::1]"]
        .iter()
        .any(|name| host == format!("{name}:{port}"))
}

const PAUSE: Duration = Duration::from_millis(50);

async fn accept_some(
    listener: Option<&TcpListener>,
) -> io::Result<(TcpStream, std::net::SocketAddr)> {
    match listener {
        Some(listener) => listener.accept().await,
        None => std::future::pending().await,
    }
}
