//! What is logged, to standard error; the broker's level can change while it runs.

use azbroker_service::LogLevel;
use clap::ValueEnum;
use std::{
    io,
    sync::{Mutex, PoisonError},
};
use tracing::Level;
use tracing_subscriber::{
    Registry, filter::Targets, layer::SubscriberExt, reload, util::SubscriberInitExt,
};

/// The logs of this process.
#[derive(Debug)]
pub(crate) struct Logs {
    filter: reload::Handle<Targets, Registry>,
    shown: Mutex<Shown>,
}

/// From which level on is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shown {
    /// What failed.
    Error,
    /// And what is not as it should be.
    Warning,
    /// And what a broker does once in a while.
    Info,
    /// And each of our own steps, as with -v.
    Debug,
    /// And the libraries' steps, as with -vv.
    #[value(skip)]
    DebugOfLibraries,
    /// Everything, as with -vvv.
    Trace,
}

impl Logs {
    /// Starts to log: warnings always, our own steps with `-v`, everything with `-vv` and more.
    pub(crate) fn show(verbose: u8) -> Self {
        let shown = match verbose {
            0 => Shown::Warning,
            1 => Shown::Debug,
            2 => Shown::DebugOfLibraries,
            _ => Shown::Trace,
        };
        let (layer, filter) = reload::Layer::new(shown.filter());
        let lines = tracing_subscriber::fmt::layer()
            .with_writer(io::stderr)
            .with_ansi(io::IsTerminal::is_terminal(&io::stderr()))
            .without_time()
            .compact();
        tracing_subscriber::registry()
            .with(layer)
            .with(lines)
            .init();
        Self {
            filter,
            shown: Mutex::new(shown),
        }
    }

    /// Logs from this level on.
    pub(crate) fn change(&self, shown: Shown) {
        // It fails when nothing logs any more.
        let _ = self.filter.reload(shown.filter());
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = shown;
    }
}

/// The words are syslog's, of which there are more than levels here.
impl LogLevel for Logs {
    fn level(&self) -> String {
        match *self.shown.lock().unwrap_or_else(PoisonError::into_inner) {
            Shown::Error => "err",
            Shown::Warning => "warning",
            Shown::Info => "info",
            Shown::Debug | Shown::DebugOfLibraries | Shown::Trace => "debug",
        }
        .to_owned()
    }

    fn set_level(&self, level: &str) -> Result<(), String> {
        self.change(match level {
            "emerg" | "alert" | "crit" | "err" => Shown::Error,
            "warning" => Shown::Warning,
            "notice" | "info" => Shown::Info,
            "debug" => Shown::Debug,
            _ => {
                return Err(format!(
                    "there is no log level '{level}'; say err, warning, info or debug"
                ));
            }
        });
        Ok(())
    }
}

impl Shown {
    fn filter(self) -> Targets {
        // The bus library warns of each client that leaves early, which is nobody's fault; what the emulator
        // has to say is in its ledger, which the commands show.
        let quiet = Targets::new()
            .with_target("busd", Level::ERROR)
            .with_target("azbroker_emulator", Level::ERROR);
        let ours = |level| {
            let quiet = quiet.clone().with_default(Level::WARN);
            OURS.iter()
                .fold(quiet, |filter, ours| filter.with_target(*ours, level))
        };
        match self {
            Self::Error => Targets::new().with_default(Level::ERROR),
            Self::Warning => quiet.with_default(Level::WARN),
            Self::Info => ours(Level::INFO),
            Self::Debug => ours(Level::DEBUG),
            Self::DebugOfLibraries => quiet.with_default(Level::DEBUG),
            Self::Trace => Targets::new().with_default(Level::TRACE),
        }
    }
}

const OURS: [&str; 4] = [
    "azbroker",
    "azbroker_entra",
    "azbroker_service",
    "azure_identity_broker",
];
