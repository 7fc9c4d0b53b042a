//! A small broker with a state, on one end of a socket pair.

use crate::{
    BrokerOptions, InteractiveBrowserCredential, InteractiveBrowserCredentialOptions,
    backend::Bus,
    environment::{Environment, MultiTenant},
};
use azbroker_entra::{ManualClock, NoPrompt};
use azbroker_protocol::{
    Account, AccountsReply, ErrorReply, Method, OBJECT_PATH, RemoveAccountReply,
    RemoveAccountRequest, Status, TokenRequest, TokenResponse, VersionReply, WireSecret,
};
use azure_core::time::{Duration, OffsetDateTime};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard},
};
use tokio::{
    net::UnixStream,
    sync::{Semaphore, mpsc},
};
use zbus::{Connection, connection::Builder, fdo};

pub(crate) const ADA: &str = "ada@contoso.example";
pub(crate) const BOB: &str = "bob@contoso.example";
pub(crate) const VAULT: &str = "https://vault.azure.net/.default";
pub(crate) const STORAGE: &str = "https://storage.azure.com/.default";
pub(crate) const TENANT: &str = "22222222-2222-2222-2222-222222222222";

/// Options that let the broker choose the account.
pub(crate) fn with_default_account() -> InteractiveBrowserCredentialOptions {
    InteractiveBrowserCredentialOptions {
        broker: BrokerOptions {
            use_default_account: true,
            ..Default::default()
        },
        ..Default::default()
    }
}

/// The noon at which tests begin.
pub(crate) fn noon() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(1_795_435_200).unwrap()
}

/// The broker, and the client's end of the connection to it.
pub(crate) struct TestBroker {
    pub(crate) connection: Connection,
    broker: Broker,
    calls: tokio::sync::Mutex<mpsc::UnboundedReceiver<()>>,
    _server: Connection,
}

/// One call as it came.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) correlation_id: String,
    pub(crate) json: String,
}

impl Call {
    pub(crate) fn request(&self) -> TokenRequest {
        TokenRequest::from_json(&self.json).unwrap()
    }
}

/// What the broker does once instead of what it would do.
pub(crate) enum Instead {
    Reply(String),
    Fail(fdo::Error),
    DropConnection,
}

impl TestBroker {
    /// A broker that holds these accounts, the default one first; Ada signs in where it asks somebody.
    pub(crate) async fn holding(usernames: &[&str]) -> Self {
        let (sender, calls) = mpsc::unbounded_channel();
        let broker = Broker {
            state: Arc::new(Mutex::new(State {
                accounts: usernames.iter().map(|name| account(name)).collect(),
                signs_in: Some(account(ADA)),
                lifetime: Duration::hours(1),
                now: noon(),
                issued: 0,
                instead: VecDeque::new(),
                calls: Vec::new(),
            })),
            gate: Arc::new(Semaphore::new(Semaphore::MAX_PERMITS)),
            sender,
        };
        let (ours, theirs) = UnixStream::pair().unwrap();
        let server = broker.serve(theirs);
        let client = Builder::unix_stream(ours).p2p().build();
        let (server, client) = tokio::join!(server, client);
        Self {
            connection: client.unwrap(),
            broker,
            calls: tokio::sync::Mutex::new(calls),
            _server: server,
        }
    }

    /// What surrounds a credential whose bus has this broker, at noon, and no browser.
    pub(crate) fn environment(&self) -> (Environment, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::new(noon()));
        let environment = Environment {
            authority_host: None,
            multi_tenant: MultiTenant::Enabled,
            token_credentials: None,
            home: None,
            #[cfg(feature = "persistence")]
            keyring: crate::environment::Keyring::Missing,
            #[cfg(feature = "persistence")]
            cache_folder: None,
            bus: Bus::Given(self.connection.clone()),
            browser: Arc::new(NoPrompt),
            clock: clock.clone(),
        };
        (environment, clock)
    }

    /// A credential of this broker.
    pub(crate) fn credential(
        &self,
        options: InteractiveBrowserCredentialOptions,
    ) -> Arc<InteractiveBrowserCredential> {
        InteractiveBrowserCredential::in_environment(options, self.environment().0).unwrap()
    }

    /// Serves another connection, as a bus on which this broker is.
    pub(crate) async fn serve(&self, stream: UnixStream) -> Connection {
        self.broker.serve(stream).await
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.broker.state().calls.clone()
    }

    pub(crate) fn methods(&self) -> Vec<&'static str> {
        self.calls().iter().map(|call| call.method.name()).collect()
    }

    pub(crate) fn instead(&self, instead: Instead) {
        self.broker.state().instead.push_back(instead);
    }

    pub(crate) fn fail(&self, status: Status) {
        self.instead(Instead::Reply(
            ErrorReply::new(status, "so it is").to_json(),
        ));
    }

    pub(crate) fn signs_in(&self, username: Option<&str>) {
        self.broker.state().signs_in = username.map(account);
    }

    pub(crate) fn lifetime(&self, lifetime: Duration) {
        self.broker.state().lifetime = lifetime;
    }

    pub(crate) fn advance(&self, by: Duration) {
        self.broker.state().now += by;
    }

    /// Makes calls wait until they are let through.
    pub(crate) fn hold(&self) {
        self.broker.gate.forget_permits(Semaphore::MAX_PERMITS);
    }

    pub(crate) fn let_through(&self, calls: usize) {
        self.broker.gate.add_permits(calls);
    }

    /// Waits for the next call to come in.
    pub(crate) async fn called(&self) {
        self.calls.lock().await.recv().await.unwrap();
    }
}

pub(crate) fn account(username: &str) -> Account {
    let first = username.chars().next().unwrap_or('0');
    let object_id = if first == 'a' {
        "aaaaaaaa-1111-1111-1111-111111111111"
    } else {
        "bbbbbbbb-1111-1111-1111-111111111111"
    };
    Account {
        environment: "login.windows.net".to_owned(),
        home_account_id: format!("{object_id}.{TENANT}"),
        local_account_id: object_id.to_owned(),
        realm: TENANT.to_owned(),
        username: username.to_owned(),
        name: username.to_uppercase(),
        ..Account::default()
    }
}

/// Listens where `unix:abstract=<name>` leads to.
#[cfg(target_os = "linux")]
pub(crate) fn listen(name: &str) -> tokio::net::UnixListener {
    use std::os::{linux::net::SocketAddrExt, unix::net};
    let address = net::SocketAddr::from_abstract_name(name).unwrap();
    let listener = net::UnixListener::bind_addr(&address).unwrap();
    listener.set_nonblocking(true).unwrap();
    tokio::net::UnixListener::from_std(listener).unwrap()
}

#[derive(Clone)]
struct Broker {
    state: Arc<Mutex<State>>,
    gate: Arc<Semaphore>,
    sender: mpsc::UnboundedSender<()>,
}

struct State {
    accounts: Vec<Account>,
    signs_in: Option<Account>,
    lifetime: Duration,
    now: OffsetDateTime,
    issued: usize,
    instead: VecDeque<Instead>,
    calls: Vec<Call>,
}

impl Broker {
    async fn serve(&self, stream: UnixStream) -> Connection {
        Builder::unix_stream(stream)
            .server(zbus::Guid::generate())
            .unwrap()
            .p2p()
            .serve_at(OBJECT_PATH, self.clone())
            .unwrap()
            .serve_at("/org/freedesktop/DBus", Greeting)
            .unwrap()
            .build()
            .await
            .unwrap()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    async fn answer(
        &self,
        method: Method,
        call: (&str, &str),
        connection: &Connection,
        usual: impl FnOnce(&mut State) -> String,
    ) -> fdo::Result<String> {
        self.state().calls.push(Call {
            method,
            correlation_id: call.0.to_owned(),
            json: call.1.to_owned(),
        });
        let _ = self.sender.send(());
        self.gate.acquire().await.unwrap().forget();
        let instead = self.state().instead.pop_front();
        match instead {
            None => Ok(usual(&mut self.state())),
            Some(Instead::Reply(json)) => Ok(json),
            Some(Instead::Fail(error)) => Err(error),
            Some(Instead::DropConnection) => {
                let _ = connection.clone().close().await;
                std::future::pending().await
            }
        }
    }
}

impl State {
    fn token(&mut self, account: Account, json: &str) -> String {
        self.issued += 1;
        let expires_on = (self.now + self.lifetime).unix_timestamp();
        let token = WireSecret::new(format!("access-token-{}", self.issued));
        let request = TokenRequest::from_json(json).unwrap();
        let mut response = match request.auth_parameters.pop_params {
            None => TokenResponse::bearer(token, expires_on),
            Some(_) => TokenResponse::proof_of_possession(token, expires_on),
        };
        response.account = Some(account);
        response.to_json()
    }

    fn silently(&mut self, json: &str) -> String {
        let request = TokenRequest::from_json(json).unwrap();
        let username = &request.auth_parameters.username;
        let found = self.accounts.iter().find(|held| match request.account() {
            Some(asked) => asked.home_account_id == held.home_account_id,
            None => username.is_empty() || *username == held.username,
        });
        match found.cloned() {
            Some(account) => self.token(account, json),
            None => ErrorReply::new(Status::InteractionRequired, "nobody is signed in").to_json(),
        }
    }

    fn interactively(&mut self, json: &str) -> String {
        let Some(account) = self.signs_in.clone() else {
            return ErrorReply::new(Status::UserCanceled, "the user closed the sign-in").to_json();
        };
        self.accounts.insert(0, account.clone());
        self.token(account, json)
    }
}

#[zbus::interface(name = "com.microsoft.identity.Broker1")]
impl Broker {
    #[zbus(name = "acquireTokenSilently")]
    async fn acquire_token_silently(
        &self,
        _version: &str,
        id: &str,
        json: &str,
        #[zbus(connection)] connection: &Connection,
    ) -> fdo::Result<String> {
        let method = Method::AcquireTokenSilently;
        self.answer(method, (id, json), connection, |state| state.silently(json))
            .await
    }

    #[zbus(name = "acquireTokenInteractively")]
    async fn acquire_token_interactively(
        &self,
        _version: &str,
        id: &str,
        json: &str,
        #[zbus(connection)] connection: &Connection,
    ) -> fdo::Result<String> {
        let method = Method::AcquireTokenInteractively;
        self.answer(method, (id, json), connection, |state| {
            state.interactively(json)
        })
        .await
    }

    #[zbus(name = "getAccounts")]
    async fn accounts(
        &self,
        _version: &str,
        id: &str,
        json: &str,
        #[zbus(connection)] connection: &Connection,
    ) -> fdo::Result<String> {
        self.answer(Method::Accounts, (id, json), connection, |state| {
            AccountsReply {
                accounts: state.accounts.clone(),
                store: Some("memory".to_owned()),
            }
            .to_json()
        })
        .await
    }

    #[zbus(name = "removeAccount")]
    async fn remove_account(
        &self,
        _version: &str,
        id: &str,
        json: &str,
        #[zbus(connection)] connection: &Connection,
    ) -> fdo::Result<String> {
        self.answer(Method::RemoveAccount, (id, json), connection, |state| {
            let request = RemoveAccountRequest::from_json(json).unwrap();
            let before = state.accounts.len();
            state
                .accounts
                .retain(|held| held.home_account_id != request.account.home_account_id);
            let removed = state.accounts.len() < before;
            RemoveAccountReply { removed }.to_json()
        })
        .await
    }

    #[zbus(name = "getLinuxBrokerVersion")]
    async fn version(
        &self,
        _version: &str,
        id: &str,
        json: &str,
        #[zbus(connection)] connection: &Connection,
    ) -> fdo::Result<String> {
        self.answer(Method::Version, (id, json), connection, |_| {
            VersionReply {
                linux_broker_version: "1.2.3".to_owned(),
            }
            .to_json()
        })
        .await
    }
}

/// All that a client wants of a bus before its first call.
struct Greeting;

#[zbus::interface(name = "org.freedesktop.DBus")]
impl Greeting {
    fn hello(&self) -> &'static str {
        ":1.1"
    }
}
