//! Start and end of an emulator.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
};

use thiserror::Error;
use tokio::{net::TcpListener, task::AbortHandle};

use crate::{
    certificates::{CertificateAuthority, CertificateError},
    clock::Clock,
    cloud::Cloud,
    entra::KeyError,
    faults::Faults,
    kept::{self, Keys},
    ledger::Ledger,
    proxy::Proxy,
    world::{World, WorldError},
};

/// An Entra ID tenant and a Key Vault behind a proxy on this machine.
///
/// Everything stops when it is dropped, open connections too.
#[derive(Debug)]
pub struct Emulator {
    cloud: Arc<Cloud>,
    certificates: Arc<CertificateAuthority>,
    address: SocketAddr,
    client: reqwest::Client,
    task: AbortHandle,
}

impl Emulator {
    /// Starts an emulator on a free port.
    ///
    /// # Errors
    ///
    /// [`StartError::World`] when the world is not possible.
    pub async fn start(world: World) -> Result<Self, StartError> {
        Self::start_on(world, 0).await
    }

    /// Starts an emulator on this port of 127.0.0.1; port 0 stands for a free one.
    ///
    /// # Errors
    ///
    /// [`StartError::Listen`] when the port is taken, [`StartError::World`] when the world is not possible.
    pub async fn start_on(world: World, port: u16) -> Result<Self, StartError> {
        Self::begin(world, port, None).await
    }

    /// Starts an emulator that goes on where the one before it ended, which kept its state in the same folder.
    ///
    /// Clients trust the same certificate authority, refresh tokens are still good, and `ledger.jsonl` in the
    /// folder has a line for each request. Not kept are sign-ins that are under way, the sessions of browsers,
    /// changes to vaults, and planned faults with what they revoked. The folder is made for the user alone; keys
    /// are in it that only this emulator's clients should trust.
    ///
    /// # Errors
    ///
    /// As [`start_on`](Self::start_on); [`StartError::State`] when the folder cannot be used.
    pub async fn resume(
        world: World,
        port: u16,
        folder: impl Into<PathBuf>,
    ) -> Result<Self, StartError> {
        Self::begin(world, port, Some(folder.into())).await
    }

    async fn begin(world: World, port: u16, state: Option<PathBuf>) -> Result<Self, StartError> {
        world.check()?;
        let wanted = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let listen_error = |source| StartError::Listen {
            address: wanted,
            source,
        };
        let listener = TcpListener::bind(wanted).await.map_err(listen_error)?;
        let address = listener.local_addr().map_err(listen_error)?;

        // Certificates are for TLS, where clients look at the clock of the machine.
        let now = Clock::new(0).now();
        // An RSA key takes long enough to hold up everything else on this thread.
        let (keys, ledger) = tokio::task::spawn_blocking(move || match state {
            None => Ok((Keys::generate(now)?, Ledger::new())),
            Some(folder) => {
                let keys = Keys::kept_in(&folder, now)?;
                let ledger = Ledger::kept_in(&folder.join(kept::LEDGER));
                let ledger = ledger.map_err(|source| StartError::State { folder, source })?;
                Ok::<_, StartError>((keys, ledger))
            }
        })
        .await
        .map_err(io::Error::from)
        .map_err(listen_error)??;
        let certificates = keys.certificates;

        let client = client(address, certificates.pem()).map_err(StartError::Client)?;
        let cloud = Arc::new(Cloud::new(world, keys.signing, keys.sealing, ledger));
        let certificates = Arc::new(certificates);
        let proxy = Proxy::new(cloud.clone(), certificates.clone(), address.port());
        let task = tokio::spawn(proxy.run(listener)).abort_handle();
        tracing::debug!(%address, "emulator listens");
        Ok(Self {
            cloud,
            certificates,
            address,
            client,
            task,
        })
    }

    /// Returns the address of the proxy.
    pub fn proxy_address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the URL of the proxy, for `HTTPS_PROXY` and the like.
    pub fn proxy_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the certificate of the authority that clients have to trust.
    ///
    /// It is made on each start and installed nowhere.
    pub fn certificate_authority_pem(&self) -> &str {
        self.certificates.pem()
    }

    /// Returns the world as it was at the start.
    pub fn world(&self) -> &World {
        &self.cloud.world
    }

    /// Returns the list of what was asked and issued.
    pub fn ledger(&self) -> &Ledger {
        &self.cloud.ledger
    }

    /// Returns the plan of what goes wrong.
    pub fn faults(&self) -> &Faults {
        &self.cloud.faults
    }

    /// Moves the emulator's clock forward; tokens and codes age by it.
    pub fn advance_clock(&self, by: std::time::Duration) {
        self.cloud.clock.advance(by);
    }

    /// Returns an HTTP client that reaches the emulated hosts and nothing else.
    ///
    /// It goes through the proxy, trusts the emulator's authority alone, follows no redirects, and does not
    /// read the environment.
    pub fn http_client(&self) -> reqwest::Client {
        self.client.clone()
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // The task owns the listener and every connection.
        self.task.abort();
    }
}

/// Why an emulator did not start.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StartError {
    /// The address is taken or not allowed.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The world is not possible.
    #[error("the world is not possible")]
    World(#[from] WorldError),
    /// The folder for the state cannot be used.
    #[error("the state in `{}` cannot be used", .folder.display())]
    State {
        /// The folder.
        folder: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Keys or certificates could not be made.
    #[error("cannot make keys and certificates")]
    Keys(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The HTTP client could not be made.
    #[error("cannot make the HTTP client")]
    Client(#[source] reqwest::Error),
}

impl From<KeyError> for StartError {
    fn from(error: KeyError) -> Self {
        Self::Keys(error.into())
    }
}

impl From<CertificateError> for StartError {
    fn from(error: CertificateError) -> Self {
        Self::Keys(error.into())
    }
}

fn client(proxy: SocketAddr, authority_pem: &str) -> reqwest::Result<reqwest::Client> {
    reqwest::Client::builder()
        .proxy(reqwest::Proxy::all(format!("http://{proxy}"))?)
        .tls_certs_only([reqwest::Certificate::from_pem(authority_pem.as_bytes())?])
        .redirect(reqwest::redirect::Policy::none())
        .build()
}
