use crate::{Broker, Configuration, dbus::serve_at};
use azbroker_entra::{Client, SystemBrowser, SystemClock};
use azbroker_protocol::BUS_NAME;
use futures_util::StreamExt;
use std::sync::Arc;
use zbus::{
    Connection,
    fdo::{DBusProxy, RequestNameFlags, RequestNameReply},
};

/// Serves on the user's session bus until the bus goes away or the name is lost.
///
/// `ready` is called once, when requests can come.
///
/// # Errors
///
/// When there is no bus, or another program is the broker here; its owner is never replaced.
pub async fn serve(configuration: Configuration, ready: impl FnOnce()) -> Result<(), ServeError> {
    let connection = Connection::session().await.map_err(ServeError::NoBus)?;
    let clock = Arc::new(SystemClock);
    let browser = match configuration.desktop {
        Some(_) => SystemBrowser::on(configuration.desktop()),
        None => SystemBrowser::new(configuration.browser.clone()),
    };
    let broker = Arc::new(Broker::new(
        configuration,
        Client::new(None, clock.clone()),
        Arc::new(browser),
        clock,
        None,
    ));
    // First the object, then the name: who finds the name finds somebody to call.
    serve_at(&connection, broker.clone()).await?;
    let bus = DBusProxy::new(&connection).await?;
    let mut lost = bus.receive_name_lost().await?;
    own_name(&connection, &bus).await?;
    ready();
    tracing::debug!("serving as {BUS_NAME}");
    // The keyring may be slow; whoever asks for an account waits for it, and nobody else.
    tokio::spawn(async move { drop(broker.accounts().await) });
    while let Some(signal) = lost.next().await {
        if signal.args().is_ok_and(|args| args.name() == BUS_NAME) {
            return Err(ServeError::NameLost);
        }
    }
    Err(ServeError::BusGone)
}

async fn own_name(connection: &Connection, bus: &DBusProxy<'_>) -> Result<(), ServeError> {
    let reply = connection
        .request_name_with_flags(BUS_NAME, RequestNameFlags::DoNotQueue.into())
        .await;
    match reply {
        Ok(RequestNameReply::PrimaryOwner | RequestNameReply::AlreadyOwner) => Ok(()),
        Ok(_) | Err(zbus::Error::NameTaken) => Err(ServeError::NameTaken {
            owner: owner(bus).await,
        }),
        Err(error) => Err(error.into()),
    }
}

/// Who has the name: its program and process, as far as the bus and the system tell.
async fn owner(bus: &DBusProxy<'_>) -> String {
    let process = async {
        let name = BUS_NAME.try_into().ok()?;
        bus.get_connection_unix_process_id(name).await.ok()
    };
    let Some(process) = process.await else {
        return "another program".to_owned();
    };
    match std::fs::read_to_string(format!("/proc/{process}/comm")) {
        Ok(program) => format!("'{}' (process {process})", program.trim_end()),
        Err(_) => format!("process {process}"),
    }
}

/// Why a broker does not serve.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// There is no session bus.
    #[error("there is no session bus to serve on")]
    NoBus(#[source] zbus::Error),
    /// Somebody else is the broker.
    #[error("{BUS_NAME} belongs to {owner}: there can be one broker on a bus")]
    NameTaken {
        /// Who.
        owner: String,
    },
    /// The bus took the name away.
    #[error("the bus gave {BUS_NAME} to another program")]
    NameLost,
    /// The bus ended.
    #[error("the session bus has gone")]
    BusGone,
    /// The bus did not do what it was asked.
    #[error("the session bus failed")]
    Bus(#[from] zbus::Error),
    /// The bus did not do what it was asked.
    #[error("the session bus refused")]
    Refused(#[from] zbus::fdo::Error),
}
