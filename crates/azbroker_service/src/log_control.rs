use std::{fmt::Debug, sync::Arc};
use zbus::{Connection, fdo};

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
) -> zbus::Result<()> {
    let server = connection.object_server();
    server.at(OBJECT_PATH, LogControl { level }).await?;
    Ok(())
}

/// See [org.freedesktop.LogControl1](https://www.freedesktop.org/software/systemd/man/latest/org.freedesktop.LogControl1.html).
struct LogControl {
    level: Arc<dyn LogLevel>,
}

#[zbus::interface(name = "org.freedesktop.LogControl1")]
impl LogControl {
    #[zbus(property)]
    fn log_level(&self) -> String {
        self.level.level()
    }

    #[zbus(property)]
    fn set_log_level(&mut self, level: &str) -> fdo::Result<()> {
        self.level
            .set_level(level)
            .map_err(fdo::Error::InvalidArgs)?;
        tracing::info!("logging from {level} on");
        Ok(())
    }

    #[zbus(property)]
    fn log_target(&self) -> &str {
        TARGET
    }

    #[zbus(property)]
    fn set_log_target(&mut self, target: &str) -> fdo::Result<()> {
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
