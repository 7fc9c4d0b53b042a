use crate::{
    caller::{Caller, CallerName, Identity},
    gate::Gate,
};
use std::{fmt::Debug, sync::Arc};
use zbus::{Connection, fdo, message::Header};

/// How much the program logs, which can change while it runs. The levels are syslog's: `debug`, `info`,
/// `warning`, `err`.
pub trait LogLevel: Send + Sync + Debug {
    /// The level now.
    fn level(&self) -> String;

    /// Logs from this level on.
    ///
    /// # Errors
    ///
    /// With the reason, when there is no such level.
    fn set_level(&self, level: &str) -> Result<(), String>;
}

/// Lets `systemctl --user service-log-level` and `busctl` read and change the level.
pub(crate) async fn serve_at(
    connection: &Connection,
    level: Arc<dyn LogLevel>,
    gate: Arc<Gate>,
) -> zbus::Result<()> {
    let server = connection.object_server();
    server.at(OBJECT_PATH, LogControl { level, gate }).await?;
    Ok(())
}

/// Takes it off the connection again.
pub(crate) async fn withdraw(connection: &Connection) {
    let server = connection.object_server();
    let _ = server.remove::<LogControl, _>(OBJECT_PATH).await;
}

/// See [org.freedesktop.LogControl1](https://www.freedesktop.org/software/systemd/man/latest/org.freedesktop.LogControl1.html).
struct LogControl {
    level: Arc<dyn LogLevel>,
    gate: Arc<Gate>,
}

impl LogControl {
    /// Lets the user's own programs in.
    async fn admit(
        &self,
        connection: &Connection,
        header: Option<&Header<'_>>,
    ) -> fdo::Result<Option<Caller>> {
        // Without a header it is not a call: the library reads what it tells of by itself.
        let Some(header) = header else {
            return Ok(None);
        };
        let name: CallerName = header.sender().map(|name| name.to_owned().into());
        let size = header.primary().body_len();
        let admitted = self.gate.admit(connection, &name, size).await;
        let admitted = admitted.map_err(|(_, denial)| fdo::Error::AccessDenied(denial.context))?;
        Ok(Some(admitted.caller))
    }

    /// Lets in who may change something: no program in a sandbox. It need not be ours, `systemctl` is not.
    async fn admit_to_change(
        &self,
        connection: &Connection,
        header: Option<&Header<'_>>,
    ) -> fdo::Result<()> {
        let caller = self.admit(connection, header).await?;
        match caller.map(|caller| caller.program.identity.clone()) {
            None | Some(Identity::Executable(_)) => Ok(()),
            Some(other) => Err(fdo::Error::AccessDenied(format!(
                "a program outside every sandbox may change how the broker logs, and not this one ({other})"
            ))),
        }
    }
}

#[zbus::interface(name = "org.freedesktop.LogControl1")]
impl LogControl {
    #[zbus(property)]
    async fn log_level(
        &self,
        #[zbus(header)] header: Option<Header<'_>>,
        #[zbus(connection)] connection: &Connection,
    ) -> fdo::Result<String> {
        self.admit(connection, header.as_ref()).await?;
        Ok(self.level.level())
    }

    #[zbus(property)]
    async fn set_log_level(
        &self,
        level: &str,
        #[zbus(header)] header: Option<Header<'_>>,
        #[zbus(connection)] connection: &Connection,
    ) -> fdo::Result<()> {
        self.admit_to_change(connection, header.as_ref()).await?;
        self.level
            .set_level(level)
            .map_err(fdo::Error::InvalidArgs)?;
        tracing::info!("logging from {level} on");
        Ok(())
    }

    #[zbus(property)]
    async fn log_target(
        &self,
        #[zbus(header)] header: Option<Header<'_>>,
        #[zbus(connection)] connection: &Connection,
    ) -> fdo::Result<&str> {
        self.admit(connection, header.as_ref()).await?;
        Ok(TARGET)
    }

    #[zbus(property)]
    async fn set_log_target(
        &self,
        target: &str,
        #[zbus(header)] header: Option<Header<'_>>,
        #[zbus(connection)] connection: &Connection,
    ) -> fdo::Result<()> {
        self.admit_to_change(connection, header.as_ref()).await?;
        match target {
            TARGET => Ok(()),
            _ => Err(fdo::Error::InvalidArgs(format!(
                "the broker logs to its standard error ('{TARGET}') alone, not to '{target}'"
            ))),
        }
    }

    #[zbus(property(emits_changed_signal = "const"))]
    fn syslog_identifier(&self) -> &str {
        "azbroker"
    }
}

const OBJECT_PATH: &str = "/org/freedesktop/LogControl1";
const TARGET: &str = "console";
