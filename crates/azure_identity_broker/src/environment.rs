use crate::backend::Bus;
use azbroker_entra::{Clock, Prompt, SystemBrowser, SystemClock};
use std::sync::Arc;

/// What surrounds a credential; tests make one of their own.
#[derive(Debug)]
pub(crate) struct Environment {
    /// `AZURE_AUTHORITY_HOST`.
    pub(crate) authority_host: Option<String>,
    pub(crate) bus: Bus,
    pub(crate) browser: Arc<dyn Prompt>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Environment {
    /// Reads the process's variables, once.
    pub(crate) fn of_process() -> Self {
        Self {
            authority_host: variable("AZURE_AUTHORITY_HOST"),
            bus: Bus::Session,
            browser: Arc::new(SystemBrowser::new(variable("BROWSER"))),
            clock: Arc::new(SystemClock),
        }
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
