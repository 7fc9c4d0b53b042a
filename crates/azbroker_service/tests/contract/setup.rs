use async_trait::async_trait;
use azbroker_emulator::{Behavior, Emulator, SignIn, Visitor, World, default_world};
use azbroker_entra::{ClientId, HomeAccountId, ManualClock, PromptError, SystemClock};
use azbroker_service::{
    ApprovalMode, Broker, Client, Clock, Configuration, Prompt, StoreError, StoredGrant,
    TokenStore, serve_at,
};
use azure_core::{http::Url, time::Duration};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use zbus::{Connection, Guid, connection::Builder};

pub(crate) const SCOPE: &str = "https://vault.azure.net/.default";
pub(crate) const AUTHORITY: &str = "https://login.microsoftonline.com/organizations";
/// What every call of the client carries.
pub(crate) const CORRELATION_ID: &str = "be9d5320-d0af-4500-936d-93ab9758dcfd";

/// A broker with its cloud, its store and its one client.
pub(crate) struct Setup {
    pub(crate) emulator: Emulator,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) store: SharedStore,
    pub(crate) user: Arc<BrowserUser>,
    pub(crate) client: Connection,
    pub(crate) broker: Arc<Broker>,
    // The broker lives as long as its end of the connection.
    _server: Connection,
}

impl Setup {
    pub(crate) async fn new() -> Self {
        Self::with(
            World::default(),
            Configuration::default(),
            SharedStore::default(),
        )
        .await
    }

    pub(crate) async fn with(
        world: World,
        configuration: Configuration,
        store: SharedStore,
    ) -> Self {
        let emulator = Emulator::start(world).await.unwrap();
        Self::before(emulator, configuration, store).await
    }

    /// With the store that the configuration chooses.
    pub(crate) async fn choosing(configuration: Configuration) -> Self {
        let emulator = Emulator::start(World::default()).await.unwrap();
        Self::around(emulator, configuration, SharedStore::default(), None).await
    }

    /// Ends the broker and starts another one, with the store that the configuration chooses.
    pub(crate) async fn restart_choosing(self, configuration: Configuration) -> Self {
        let Self {
            emulator, store, ..
        } = self;
        Self::around(emulator, configuration, store, None).await
    }

    pub(crate) async fn configured(configuration: Configuration) -> Self {
        Self::with(World::default(), configuration, SharedStore::default()).await
    }

    /// A broker that asks the user about every program.
    pub(crate) async fn asking() -> Self {
        let emulator = Emulator::start(World::default()).await.unwrap();
        let configuration = Configuration {
            approvals: ApprovalMode::Ask,
            ..Configuration::default()
        };
        let store = SharedStore::default();
        let own = Some(Box::new(store.clone()) as Box<dyn TokenStore>);
        Self::as_configured(emulator, configuration, store, own).await
    }

    async fn before(emulator: Emulator, configuration: Configuration, store: SharedStore) -> Self {
        let given: Box<dyn TokenStore> = Box::new(store.clone());
        Self::around(emulator, configuration, store, Some(given)).await
    }

    async fn around(
        emulator: Emulator,
        configuration: Configuration,
        store: SharedStore,
        given: Option<Box<dyn TokenStore>>,
    ) -> Self {
        // At the other end of a socket pair no programs can be told apart.
        let configuration = Configuration {
            approvals: ApprovalMode::SameUser,
            ..configuration
        };
        Self::as_configured(emulator, configuration, store, given).await
    }

    async fn as_configured(
        emulator: Emulator,
        configuration: Configuration,
        store: SharedStore,
        given: Option<Box<dyn TokenStore>>,
    ) -> Self {
        let clock = Arc::new(ManualClock::new(SystemClock.now()));
        let user = Arc::new(BrowserUser::new(&emulator));
        let broker = Arc::new(Broker::new(
            configuration,
            Client::new(Some(Arc::new(emulator.http_client())), clock.clone()),
            user.clone(),
            clock.clone(),
            given,
        ));
        let (client, server) = pair().await;
        serve_at(&server, broker.clone()).await.unwrap();
        Self {
            emulator,
            broker,
            clock,
            store,
            user,
            client,
            _server: server,
        }
    }

    /// Ends the broker and starts another one, with the same store.
    pub(crate) async fn restart(self) -> Self {
        let Self {
            emulator, store, ..
        } = self;
        Self::before(emulator, Configuration::default(), store).await
    }

    /// Calls a method with any text and returns the answer's text.
    pub(crate) async fn call_raw(&self, method: &str, request: &str) -> String {
        self.client
            .call_method(
                None::<&str>,
                "/com/microsoft/identity/broker1",
                Some("com.microsoft.identity.Broker1"),
                method,
                &("0.0", CORRELATION_ID, request),
            )
            .await
            .unwrap()
            .body()
            .deserialize()
            .unwrap()
    }

    /// Calls a method of our own interface.
    pub(crate) async fn manage(&self, method: &str, request: Value) -> Value {
        let reply = self
            .client
            .call_method(
                None::<&str>,
                "/com/microsoft/identity/broker1",
                Some("com.github.azbroker.Broker1"),
                method,
                &("0.0", CORRELATION_ID, request.to_string()),
            )
            .await
            .unwrap();
        let json: String = reply.body().deserialize().unwrap();
        serde_json::from_str(&json).unwrap()
    }

    pub(crate) async fn call(&self, method: &str, request: Value) -> Value {
        serde_json::from_str(&self.call_raw(method, &request.to_string()).await).unwrap()
    }

    pub(crate) async fn silent(&self) -> Value {
        self.call("acquireTokenSilently", request(json!({}))).await
    }

    pub(crate) async fn interactive(&self) -> Value {
        self.call("acquireTokenInteractively", request(json!({})))
            .await
    }

    /// Has a user sign in, and returns the answer.
    pub(crate) async fn sign_in(&self, username: &str) -> Value {
        self.user.is(username, Behavior::Complete);
        let answer = self.interactive().await;
        assert_eq!(status(&answer), None, "{answer}");
        answer
    }

    /// Has a user sign in who is named, so that there is nothing to choose.
    pub(crate) async fn sign_in_named(&self, username: &str) -> Value {
        self.user.is(username, Behavior::Complete);
        let named = request(json!({ "username": username }));
        let answer = self.call("acquireTokenInteractively", named).await;
        assert_eq!(status(&answer), None, "{answer}");
        answer
    }

    /// Removes the account that an answer names, and tells whether it was held.
    pub(crate) async fn sign_out(&self, answer: &Value) -> bool {
        let account = &answer["brokerTokenResponse"]["account"];
        let removed = self
            .call(
                "removeAccount",
                json!({ "clientId": "x", "account": account }),
            )
            .await;
        removed["removed"].as_bool().unwrap()
    }

    /// What is said to keep the accounts.
    pub(crate) async fn store_description(&self) -> String {
        let answer = self.call("getAccounts", json!({ "clientId": "x" })).await;
        answer["store"].as_str().unwrap().to_owned()
    }

    /// Waits until the redirect of the sign-in has come: then nobody listens for it any more.
    pub(crate) async fn redirect_has_come(&self) {
        let opened = self.user.opened();
        let mut parameters = opened[0].query_pairs();
        let (_, redirect_uri) = parameters.find(|(name, _)| name == "redirect_uri").unwrap();
        let port = Url::parse(&redirect_uri).unwrap().port().unwrap();
        // In the kernel's table a socket that listens has state 0A.
        let listening = format!("0100007F:{port:04X} 00000000:0000 0A");
        let table = || std::fs::read_to_string("/proc/net/tcp").unwrap();
        let has_come = async {
            while table().contains(&listening) {
                tokio::task::yield_now().await;
            }
        };
        within("redirect", has_come).await;
    }

    pub(crate) async fn accounts(&self) -> Vec<String> {
        let answer = self
            .call("getAccounts", json!({ "clientId": ClientId::AZURE_CLI }))
            .await;
        let accounts = answer["accounts"].as_array().unwrap();
        accounts
            .iter()
            .map(|account| account["username"].as_str().unwrap().to_owned())
            .collect()
    }

    pub(crate) fn let_pass(&self, minutes: i64) {
        self.clock.advance(Duration::minutes(minutes));
        self.emulator
            .advance_clock(Duration::minutes(minutes).unsigned_abs());
    }
}

/// A token request with some parameters changed.
pub(crate) fn request(changed: Value) -> Value {
    let mut parameters = json!({
        "clientId": ClientId::AZURE_CLI,
        "authority": AUTHORITY,
        "requestedScopes": [SCOPE],
    });
    for (name, value) in changed.as_object().unwrap() {
        parameters[name] = value.clone();
    }
    json!({ "authParameters": parameters })
}

pub(crate) fn status(answer: &Value) -> Option<i64> {
    answer["error"]["status"].as_i64()
}

pub(crate) fn context(answer: &Value) -> &str {
    answer["error"]["context"].as_str().unwrap_or_default()
}

pub(crate) fn access_token(answer: &Value) -> &str {
    answer["brokerTokenResponse"]["accessToken"]
        .as_str()
        .unwrap()
}

/// What a wait brings; a test whose wait brings nothing fails, and does not keep the others.
pub(crate) async fn within<T>(waited_for: &str, wait: impl Future<Output = T>) -> T {
    tokio::time::timeout(std::time::Duration::from_secs(60), wait)
        .await
        .unwrap_or_else(|_| panic!("a minute brought no {waited_for}"))
}

async fn pair() -> (Connection, Connection) {
    let (ours, theirs) = tokio::net::UnixStream::pair().unwrap();
    let server = Builder::unix_stream(theirs)
        .server(Guid::generate())
        .unwrap()
        .p2p()
        .build();
    let client = Builder::unix_stream(ours).p2p().build();
    tokio::try_join!(client, server).unwrap()
}

/// The user at the browser: one of the emulator's, who does as told.
#[derive(Debug)]
pub(crate) struct BrowserUser {
    http: reqwest::Client,
    who: Mutex<(String, Behavior)>,
    opened: Mutex<Vec<Url>>,
}

impl BrowserUser {
    fn new(emulator: &Emulator) -> Self {
        Self {
            http: emulator.http_client(),
            who: Mutex::new((default_world::ADA.to_owned(), Behavior::Complete)),
            opened: Mutex::default(),
        }
    }

    pub(crate) fn is(&self, username: &str, behavior: Behavior) {
        *self.who.lock().unwrap() = (username.to_owned(), behavior);
    }

    /// The pages that were opened.
    pub(crate) fn opened(&self) -> Vec<Url> {
        self.opened.lock().unwrap().clone()
    }
}

#[async_trait]
impl Prompt for BrowserUser {
    async fn open(&self, url: &Url) -> Result<(), PromptError> {
        self.opened.lock().unwrap().push(url.clone());
        let (username, behavior) = self.who.lock().unwrap().clone();
        let password = match username.as_str() {
            default_world::BOB => default_world::BOB_PASSWORD,
            default_world::CAROL => default_world::CAROL_PASSWORD,
            _ => default_world::ADA_PASSWORD,
        };
        let sign_in = SignIn {
            username,
            password: password.to_owned(),
            behavior,
        };
        let visitor = Visitor::with_client(self.http.clone(), sign_in).unwrap();
        visitor.visit(url.as_str()).await.unwrap();
        Ok(())
    }
}

/// A store that keeps everything as long as the test runs, for one broker after the other.
#[derive(Clone, Debug, Default)]
pub(crate) struct SharedStore {
    pub(crate) grants: Arc<Mutex<Vec<StoredGrant>>>,
    /// Whether it takes no change.
    pub(crate) broken: Arc<Mutex<bool>>,
    /// Whether it cannot even be opened.
    pub(crate) locked: Arc<Mutex<bool>>,
}

impl SharedStore {
    fn works(&self) -> Result<(), StoreError> {
        match *self.broken.lock().unwrap() {
            true => Err(StoreError::new("the disk is full")),
            false => Ok(()),
        }
    }
}

#[async_trait]
impl TokenStore for SharedStore {
    fn description(&self) -> &str {
        "the test"
    }

    async fn load(&self) -> Result<Vec<StoredGrant>, StoreError> {
        match *self.locked.lock().unwrap() {
            true => Err(StoreError::new("the keyring is locked")),
            false => Ok(self.grants.lock().unwrap().clone()),
        }
    }

    async fn save(&self, grant: &StoredGrant) -> Result<(), StoreError> {
        self.works()?;
        let mut grants = self.grants.lock().unwrap();
        grants.retain(|kept| {
            kept.client_id != grant.client_id
                || kept.account.home_account_id != grant.account.home_account_id
        });
        grants.push(grant.clone());
        Ok(())
    }

    async fn save_renewed(&self, grant: &StoredGrant) -> Result<bool, StoreError> {
        self.works()?;
        let there = self.grants.lock().unwrap().iter().any(|kept| {
            kept.client_id == grant.client_id
                && kept.account.home_account_id == grant.account.home_account_id
        });
        match there {
            true => self.save(grant).await.map(|()| true),
            false => Ok(false),
        }
    }

    async fn remove_all(&self) -> Result<(), StoreError> {
        self.works()?;
        self.grants.lock().unwrap().clear();
        Ok(())
    }

    async fn remove(
        &self,
        _environment: &str,
        home_account_id: &HomeAccountId,
        client_id: Option<&ClientId>,
    ) -> Result<(), StoreError> {
        self.works()?;
        self.grants.lock().unwrap().retain(|kept| {
            kept.account.home_account_id != *home_account_id
                || client_id.is_some_and(|client_id| kept.client_id != *client_id)
        });
        Ok(())
    }
}
