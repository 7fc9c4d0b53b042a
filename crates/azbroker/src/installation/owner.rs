use azbroker_service::BUS_NAME;
use std::{fmt, fs, time::Duration};
use zbus::{Connection, fdo::DBusProxy};

/// The program that has a name on the bus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NameOwner {
    pub(crate) process: Option<u32>,
    program: Option<String>,
}

impl NameOwner {
    /// Whether it is a program like this. The memory of a broker is closed, so its name is all that the system tells.
    pub(crate) fn is_ours(&self) -> bool {
        self.program.as_deref() == Some("azbroker")
    }
}

impl fmt::Display for NameOwner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.program, self.process) {
            (Some(program), Some(process)) => write!(f, "'{program}' (process {process})"),
            (None, Some(process)) => write!(f, "process {process}"),
            _ => f.write_str("another program"),
        }
    }
}

/// The session bus, if it answers in time.
pub(crate) async fn session_bus() -> zbus::Result<(Connection, DBusProxy<'static>)> {
    call_bus(async {
        let connection = Connection::session().await?;
        let bus = DBusProxy::new(&connection).await?;
        bus.get_id().await?;
        Ok((connection, bus))
    })
    .await
}

/// Who has the broker's name.
pub(crate) async fn name_owner(bus: &DBusProxy<'_>) -> zbus::Result<Option<NameOwner>> {
    owner_of(bus, BUS_NAME).await
}

/// Who has a name.
pub(crate) async fn owner_of(
    bus: &DBusProxy<'_>,
    name: &'static str,
) -> zbus::Result<Option<NameOwner>> {
    call_bus(async {
        if !bus.name_has_owner(name.try_into()?).await? {
            return Ok(None);
        }
        let process = bus.get_connection_unix_process_id(name.try_into()?);
        let process = process.await.ok();
        let program = process.and_then(|id| fs::read_to_string(format!("/proc/{id}/comm")).ok());
        Ok(Some(NameOwner {
            process,
            program: program.map(|name| name.trim_end().to_owned()),
        }))
    })
    .await
}

/// Waits for the bus, but not for ever.
pub(crate) async fn call_bus<T>(call: impl Future<Output = zbus::Result<T>>) -> zbus::Result<T> {
    tokio::time::timeout(PATIENCE, call)
        .await
        .unwrap_or_else(|_| {
            Err(zbus::Error::Failure(format!(
                "it did not answer within {} s",
                PATIENCE.as_secs()
            )))
        })
}

const PATIENCE: Duration = Duration::from_secs(3);
