use crate::backend::Bus;
use azbroker_entra::{Clock, Prompt, SystemBrowser, SystemClock};
use std::{path::PathBuf, sync::Arc};

/// What surrounds a credential; tests make one of their own.
#[derive(Clone, Debug)]
pub(crate) struct Environment {
    /// `AZURE_AUTHORITY_HOST`.
    pub(crate) authority_host: Option<String>,
    pub(crate) multi_tenant: MultiTenant,
    /// `AZURE_TOKEN_CREDENTIALS`.
    pub(crate) token_credentials: Option<String>,
    /// `HOME`.
    pub(crate) home: Option<PathBuf>,
    pub(crate) bus: Bus,
    pub(crate) browser: Arc<dyn Prompt>,
    pub(crate) clock: Arc<dyn Clock>,
}

/// Whether requests may name another tenant than the credential's: `AZURE_IDENTITY_DISABLE_MULTITENANTAUTH`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MultiTenant {
    Enabled,
    Disabled,
}

impl Environment {
    /// Reads the process's variables, once.
    pub(crate) fn of_process() -> Self {
        Self {
            authority_host: variable("AZURE_AUTHORITY_HOST"),
            multi_tenant: match variable("AZURE_IDENTITY_DISABLE_MULTITENANTAUTH") {
                None => MultiTenant::Enabled,
                Some(_) => MultiTenant::Disabled,
            },
            token_credentials: variable("AZURE_TOKEN_CREDENTIALS"),
            home: variable("HOME").map(PathBuf::from),
            bus: Bus::Session,
            browser: Arc::new(SystemBrowser::new(variable("BROWSER"))),
            clock: Arc::new(SystemClock),
        }
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
