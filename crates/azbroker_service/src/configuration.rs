use crate::approvals::{ApprovalMode, ApprovalPrompt};
use crate::token_store::{KeySource, StoreChoice};
use azbroker_entra::{AuthorityHost, Desktop, TrustStore};
use azure_core::time::Duration;
use std::{path::PathBuf, sync::Arc};

/// What a broker may be told.
#[derive(Clone, Debug)]
pub struct Configuration {
    /// Authority hosts to serve besides the known clouds', such as `login.contoso.example:8443`.
    pub further_authority_hosts: Vec<AuthorityHost>,
    /// How long the user has for a sign-in. Clients give up after 300 s, so it must be less.
    pub sign_in_deadline: Duration,
    /// The browser of the configuration file; without one it is the desktop's, which `BROWSER` may name.
    pub browser: Option<String>,
    /// What else of the environment decides about browsers; of nothing known, everything is tried.
    pub desktop: Option<Desktop>,
    /// Where Entra ID's page follows the account page.
    pub sign_in_window: SignInWindow,
    /// Where refresh tokens rest.
    pub store: StoreChoice,
    /// What the user wants, where whoever starts the broker has chosen another store.
    pub store_in_place_of: Option<StoreInPlaceOf>,
    /// Where the key of the encrypted file comes from. Without one there is no such file.
    pub key_source: Option<KeySource>,
    /// The configuration file that was read, for whoever asks.
    pub config_file: Option<PathBuf>,
    /// Where the certificate authorities are that this process trusts, for messages.
    pub trust_store: TrustStore,
    /// What becomes of programs that no rule is about.
    pub approvals: ApprovalMode,
    /// The terminal that the broker runs at, if it asks there.
    pub terminal: Option<Arc<dyn ApprovalPrompt>>,
    /// The folder for what outlives the broker. Without one nothing does but what the keyring keeps.
    pub state_folder: Option<PathBuf>,
    /// After how long without a request the broker ends, if it has nothing that is in memory alone; never
    /// without one. Only for a broker that the bus starts again.
    pub idle_exit: Option<Duration>,
    /// Whether the process's memory is kept out of the swap space, for whoever asks.
    pub memory_locked: Option<bool>,
}

/// The store that the user wants, and why it is not the one that the broker was started with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreInPlaceOf {
    /// What the user wants.
    pub wanted: StoreChoice,
    /// The stores that were passed over, the best first, and why each was.
    pub passed_over: Vec<(StoreChoice, &'static str)>,
}

/// Where Entra ID's page follows the broker's own account page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignInWindow {
    /// In the same window.
    #[default]
    Same,
    /// In one that the browser is asked to open: where its command gives addresses another meaning.
    New,
}

impl Default for Configuration {
    fn default() -> Self {
        Self {
            further_authority_hosts: Vec::new(),
            sign_in_deadline: Duration::seconds(270),
            browser: None,
            desktop: None,
            sign_in_window: SignInWindow::default(),
            approvals: ApprovalMode::default(),
            terminal: None,
            store: StoreChoice::Auto,
            store_in_place_of: None,
            key_source: None,
            config_file: None,
            trust_store: TrustStore::default(),
            state_folder: None,
            idle_exit: None,
            memory_locked: None,
        }
    }
}

impl Configuration {
    /// Where [`browser`](Self::browser) is named, for the user.
    pub const BROWSER_IN_FILE: &str = "browser in config.toml";

    /// The desktop with the browser that was named.
    pub(crate) fn desktop(&self) -> Desktop {
        let desktop = self.desktop.clone().unwrap_or_default();
        match &self.browser {
            Some(browser) => desktop.with_browser(Some(browser.clone()), Self::BROWSER_IN_FILE),
            None => desktop,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use azbroker_entra::{Prompt, SystemBrowser};
    use azure_core::http::Url;

    #[tokio::test]
    async fn the_browser_of_the_file_comes_before_that_of_the_variable_and_is_told_from_it() {
        let page = Url::parse("https://login.microsoftonline.com/").unwrap();
        for (in_file, said) in [
            (
                Some("/nonexistent/a"),
                "browser in config.toml names '/nonexistent/a', ",
            ),
            (None, "BROWSER names '/nonexistent/b', "),
        ] {
            let variable = |name: &str| (name == "BROWSER").then(|| "/nonexistent/b".into());
            let configuration = Configuration {
                browser: in_file.map(str::to_owned),
                desktop: Some(Desktop::from_variables(variable)),
                ..Configuration::default()
            };
            let browser = SystemBrowser::on(configuration.desktop());
            let error = browser.open(&page).await.unwrap_err().to_string();
            assert!(error.starts_with(said), "{error}");
        }
    }
}
