use super::{at_most_seconds, runtime};
use async_trait::async_trait;
use azbroker_entra::{Account, ClientId, HomeAccountId, NoPrompt, RefreshToken};
use azbroker_service::{
    Broker, Client, Configuration, StoredGrant, SystemClock, TokenStore, serve_at,
};
use azure_core::{
    http::{AsyncRawResponse, HttpClient, Request, StatusCode, headers::Headers},
    time::OffsetDateTime,
};
use std::{cell::RefCell, sync::Arc};
use tokio::{net::UnixStream, runtime::Runtime};
use zbus::{Connection, Guid, connection::Builder};

/// A call of any method with any request: the first byte chooses the method, the rest is the request. Every
/// answer is JSON, and never a D-Bus error; no answer is long, whatever was sent.
pub fn service_calls(bytes: &[u8]) {
    let Some((first, request)) = bytes.split_first() else {
        return;
    };
    let Ok(request) = std::str::from_utf8(request) else {
        return;
    };
    // D-Bus strings have none, so no message with one can be made.
    if request.contains('\0') {
        return;
    }
    let method = METHODS[usize::from(*first) % METHODS.len()];
    thread_local! {
        static SERVICE: Service = Service::start();
        static REMOVING: RefCell<Service> = RefCell::new(Service::start());
    }
    if method != "removeAccount" {
        SERVICE.with(|service| drop(answer(service, method, request)));
        return;
    }
    // A service of its own: another one has to begin anew when its account is gone, and would make its key of proofs
    // again, which takes longer than all the rest.
    REMOVING.with_borrow_mut(|service| {
        if answer(service, method, request)["removed"] == true {
            *service = Service::start();
        }
    });
}

fn answer(service: &Service, method: &str, request: &str) -> serde_json::Value {
    let answer = service
        .runtime
        .block_on(at_most_seconds(20, call(&service.client, method, request)));
    let json: serde_json::Value =
        serde_json::from_str(&answer).unwrap_or_else(|error| panic!("{method}: {error}: {answer}"));
    assert!(json.is_object(), "{method}: {answer}");
    assert!(answer.len() < 4_000, "{method}: {} bytes", answer.len());
    assert!(!answer.contains(REFRESH_TOKEN), "{method}: {answer}");
    json
}

const METHODS: [&str; 8] = [
    "acquireTokenSilently",
    "getAccounts",
    "acquireTokenInteractively",
    "removeAccount",
    "cancelInteractiveFlow",
    "getLinuxBrokerVersion",
    "acquirePrtSsoCookie",
    "generateSignedHttpRequest",
];

const REFRESH_TOKEN: &str = "the-refresh-token-that-stays-here";

struct Service {
    runtime: Runtime,
    client: Connection,
    _server: Connection,
}

impl Service {
    fn start() -> Self {
        let runtime = runtime();
        let (client, server) = runtime.block_on(async {
            let broker = broker();
            pair(broker).await
        });
        Self {
            runtime,
            client,
            _server: server,
        }
    }
}

async fn call(client: &Connection, method: &str, request: &str) -> String {
    let path = "/com/microsoft/identity/broker1";
    let interface = Some("com.microsoft.identity.Broker1");
    let body = ("0.0", "", request);
    let reply = client
        .call_method(None::<&str>, path, interface, method, &body)
        .await;
    let reply = reply.unwrap_or_else(|error| panic!("{method} is no JSON: {error}"));
    reply.body().deserialize().expect("a string")
}

/// A broker that holds one account, with nobody at the browser and an Entra ID that refuses.
fn broker() -> Arc<Broker> {
    let clock = Arc::new(SystemClock);
    Arc::new(Broker::new(
        Configuration::default(),
        Client::new(Some(Arc::new(Refusing)), clock.clone()),
        Arc::new(NoPrompt),
        clock,
        Some(Box::new(Kept)),
    ))
}

async fn pair(broker: Arc<Broker>) -> (Connection, Connection) {
    let (ours, theirs) = UnixStream::pair().expect("a socket pair");
    let server = server(theirs, broker);
    let client = Builder::unix_stream(ours).p2p().build();
    tokio::try_join!(client, server).expect("a connection")
}

async fn server(stream: UnixStream, broker: Arc<Broker>) -> zbus::Result<Connection> {
    let server = Builder::unix_stream(stream)
        .server(Guid::generate())?
        .p2p()
        .build()
        .await?;
    serve_at(&server, broker).await?;
    Ok(server)
}

/// An Entra ID that knows nobody.
#[derive(Debug)]
struct Refusing;

#[async_trait]
impl HttpClient for Refusing {
    async fn execute_request(&self, _request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let body = r#"{"error":"interaction_required","error_description":"AADSTS50076: more"}"#;
        let status = StatusCode::BadRequest;
        Ok(AsyncRawResponse::from_bytes(status, Headers::new(), body))
    }
}

/// A store that has one account whenever it is opened, so that requests get as far as they can.
#[derive(Debug)]
struct Kept;

#[async_trait]
impl TokenStore for Kept {
    fn description(&self) -> &str {
        "the fuzz target"
    }

    async fn load(&self) -> Result<Vec<StoredGrant>, azbroker_service::StoreError> {
        let tenant_id = "72f9a1c4-6d0b-4e53-9c1e-0d5a4b7c2e10";
        let object_id = "0a1b2c3d-0000-4000-8000-000000000001";
        Ok(vec![StoredGrant {
            account: Arc::new(Account {
                environment: "login.microsoftonline.com".to_owned(),
                home_account_id: HomeAccountId::new(object_id, tenant_id),
                local_account_id: object_id.to_owned(),
                tenant_id: tenant_id.to_owned(),
                username: "ada@contoso.com".to_owned(),
                name: "Ada".to_owned(),
                given_name: String::new(),
                family_name: String::new(),
            }),
            client_id: ClientId::azure_cli(),
            refresh_token: Some(RefreshToken::new(REFRESH_TOKEN.to_owned())),
            signed_in_on: OffsetDateTime::UNIX_EPOCH,
        }])
    }

    async fn save(&self, _grant: &StoredGrant) -> Result<(), azbroker_service::StoreError> {
        Ok(())
    }

    async fn remove(
        &self,
        _environment: &str,
        _home_account_id: &HomeAccountId,
        _client_id: Option<&ClientId>,
    ) -> Result<(), azbroker_service::StoreError> {
        Ok(())
    }

    async fn remove_all(&self) -> Result<(), azbroker_service::StoreError> {
        Ok(())
    }
}
