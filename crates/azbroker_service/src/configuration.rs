use azbroker_entra::AuthorityHost;
use azure_core::time::Duration;
use std::path::PathBuf;

/// What a broker may be told.
#[derive(Clone, Debug)]
pub struct Configuration {
    /// Authority hosts to serve besides the known clouds', such as `login.contoso.example:8443`.
    pub further_authority_hosts: Vec<AuthorityHost>,
    /// How long the user has for a sign-in. Clients give up after 300 s, so it must be less.
    pub sign_in_deadline: Duration,
    /// The value of the environment variable `BROWSER`.
    pub browser: Option<String>,
    /// The folder for what outlives the broker and is no refresh token. Without one nothing does.
    pub state_folder: Option<PathBuf>,
}

impl Default for Configuration {
    fn default() -> Self {
        Self {
            further_authority_hosts: Vec::new(),
            sign_in_deadline: Duration::seconds(270),
            browser: None,
            state_folder: None,
        }
    }
}
