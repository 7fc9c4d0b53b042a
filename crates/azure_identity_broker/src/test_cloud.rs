//! The emulated cloud, and a user at a browser.

use crate::{
    InteractiveBrowserCredential, InteractiveBrowserCredentialOptions,
    backend::Bus,
    environment::{Environment, MultiTenant},
};
use async_trait::async_trait;
use azbroker_emulator::{
    Behavior, Emulator, SignIn, Visitor, World,
    default_world::{ADA, ADA_PASSWORD},
};
use azbroker_entra::{Clock, ManualClock, Prompt, PromptError, SystemClock};
use azure_core::{
    http::{Transport, Url},
    time::Duration,
};
use std::sync::{Arc, Mutex};
#[cfg(feature = "persistence")]
use tempfile::TempDir;
use tokio::sync::watch;

pub(crate) const NO_BUS: &str = "unix:path=/nonexistent/bus";

/// Ada with a browser, and an emulated cloud around her; there is no bus.
pub(crate) struct Setting {
    pub(crate) emulator: Emulator,
    pub(crate) user: Arc<User>,
    pub(crate) clock: Arc<ManualClock>,
    #[cfg(feature = "persistence")]
    pub(crate) cache_folder: TempDir,
}

/// What a wait brings; a test whose wait brings nothing fails, and does not keep the others.
pub(crate) async fn within<T>(waited_for: &str, wait: impl Future<Output = T>) -> T {
    tokio::time::timeout(std::time::Duration::from_secs(60), wait)
        .await
        .unwrap_or_else(|_| panic!("a minute brought no {waited_for}"))
}

#[derive(Debug)]
pub(crate) struct User {
    visitor: Arc<Visitor>,
    pub(crate) urls: Mutex<Vec<Url>>,
    /// What the browser showed last.
    page: watch::Sender<Option<String>>,
}

#[async_trait]
impl Prompt for User {
    async fn open(&self, url: &Url) -> Result<(), PromptError> {
        self.urls.lock().unwrap().push(url.clone());
        let (visitor, url, page) = (self.visitor.clone(), url.clone(), self.page.clone());
        // A browser goes on when the sign-in has ended.
        let visit = tokio::spawn(async move {
            let visited = visitor.visit(url.as_str()).await;
            visited.map(|visited| drop(page.send_replace(Some(visited.text))))
        });
        let visited = visit.await.expect("nobody ends the visit");
        visited.map_err(|error| PromptError::new(error.to_string()))
    }
}

impl Setting {
    pub(crate) async fn with(behavior: Behavior) -> Self {
        Self::in_world(World::default(), behavior).await
    }

    pub(crate) async fn in_world(world: World, behavior: Behavior) -> Self {
        let emulator = Emulator::start(world).await.unwrap();
        let sign_in = SignIn {
            username: ADA.to_owned(),
            password: ADA_PASSWORD.to_owned(),
            behavior,
        };
        let visitor = Visitor::with_client(emulator.http_client(), sign_in).unwrap();
        let urls = Mutex::default();
        let user = Arc::new(User {
            visitor: Arc::new(visitor),
            urls,
            page: watch::Sender::default(),
        });
        let clock = Arc::new(ManualClock::new(SystemClock.now()));
        Self {
            emulator,
            user,
            clock,
            #[cfg(feature = "persistence")]
            cache_folder: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn transport(&self) -> Transport {
        Transport::new(Arc::new(self.emulator.http_client()))
    }

    pub(crate) fn credential(
        &self,
        options: InteractiveBrowserCredentialOptions,
    ) -> Arc<InteractiveBrowserCredential> {
        self.credential_on(NO_BUS.to_owned(), options)
    }

    pub(crate) fn credential_on(
        &self,
        bus: String,
        mut options: InteractiveBrowserCredentialOptions,
    ) -> Arc<InteractiveBrowserCredential> {
        options.client_options.transport = Some(self.transport());
        InteractiveBrowserCredential::in_environment(options, self.environment(bus)).unwrap()
    }

    pub(crate) fn environment(&self, bus: String) -> Environment {
        Environment {
            authority_host: None,
            multi_tenant: MultiTenant::Enabled,
            token_credentials: None,
            home: None,
            #[cfg(feature = "persistence")]
            keyring: crate::environment::Keyring::Missing,
            #[cfg(feature = "persistence")]
            cache_folder: Some(self.cache_folder.path().to_owned()),
            bus: Bus::At(bus),
            browser: self.user.clone(),
            clock: self.clock.clone(),
        }
    }

    /// What the browser shows when the first sign-in has ended.
    pub(crate) async fn last_page(&self) -> String {
        let mut page = self.user.page.subscribe();
        let shown = page.wait_for(Option::is_some).await.unwrap();
        shown.clone().unwrap()
    }

    /// A parameter of each sign-in page that the user was shown.
    pub(crate) fn asked(&self, name: &str) -> Vec<Option<String>> {
        let urls = self.user.urls.lock().unwrap();
        let value = |url: &Url| {
            let pair = url.query_pairs().find(|(known, _)| known == name)?;
            Some(pair.1.into_owned())
        };
        urls.iter().map(value).collect()
    }

    /// Lets time pass, here and in the cloud.
    pub(crate) fn let_pass(&self, duration: Duration) {
        self.clock.advance(duration);
        self.emulator.advance_clock(duration.unsigned_abs());
    }

    pub(crate) fn visits(&self) -> usize {
        self.user.urls.lock().unwrap().len()
    }
}
