use crate::backend::Bus;
use azbroker_entra::{Clock, Prompt, SystemBrowser, SystemClock, TrustStore};
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
    /// `XDG_CACHE_HOME`, or where it usually is.
    #[cfg(feature = "persistence")]
    pub(crate) cache_folder: Option<PathBuf>,
    #[cfg(feature = "persistence")]
    pub(crate) keyring: Keyring,
    pub(crate) bus: Bus,
    pub(crate) browser: Arc<dyn Prompt>,
    pub(crate) clock: Arc<dyn Clock>,
}

/// Which keyring there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg(feature = "persistence")]
pub(crate) enum Keyring {
    /// The one of the user's session, where it has one.
    OfSession,
    /// None; tests leave the keyring of whoever runs them alone.
    #[cfg(test)]
    Missing,
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
        let home = variable("HOME").map(PathBuf::from);
        Self {
            authority_host: variable("AZURE_AUTHORITY_HOST"),
            multi_tenant: match variable("AZURE_IDENTITY_DISABLE_MULTITENANTAUTH") {
                None => MultiTenant::Enabled,
                Some(_) => MultiTenant::Disabled,
            },
            token_credentials: variable("AZURE_TOKEN_CREDENTIALS"),
            #[cfg(feature = "persistence")]
            cache_folder: variable("XDG_CACHE_HOME")
                .map(PathBuf::from)
                .filter(|folder| folder.is_absolute())
                .or_else(|| Some(home.as_ref()?.join(".cache"))),
            home,
            #[cfg(feature = "persistence")]
            keyring: Keyring::OfSession,
            bus: Bus::Session,
            browser: Arc::new(SystemBrowser::new(variable("BROWSER"))),
            clock: Arc::new(SystemClock),
        }
    }
}

/// Where the process's certificate authorities are: the TLS library asks no test.
pub(crate) fn trust_store() -> TrustStore {
    TrustStore::from_variables(|name| std::env::var_os(name))
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
