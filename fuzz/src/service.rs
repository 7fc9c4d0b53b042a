use super::{at_most_seconds, runtime};
use async_trait::async_trait;
use azbroker_entra::{Account, ClientId, HomeAccountId, NoPrompt, RefreshToken};
use azbroker_service::{
    ApprovalMode, Broker, Client, Configuration, StoredGrant, SystemClock, TokenStore, serve_at,
};
use azure_core::{
    http::{AsyncRawResponse, HttpClient, Request, StatusCode, headers::Headers},
    time::OffsetDateTime,
};
use std::sync::Arc;
use tokio::{net::UnixStream, runtime::Runtime};
use zbus::{Connection, Guid, connection::Builder, zvariant::DynamicType};

pub(super) const CONTRACT: &str = "com.microsoft.identity.Broker1";
pub(super) const MANAGEMENT: &str = "com.github.azbroker.Broker1";
pub(super) const SIGN_IN: &str = "com.github.azbroker.SignIn1";

const REFRESH_TOKEN: &str = "the-refresh-token-that-stays-here";

/// A broker and one program that is connected to it.
pub(super) struct Service {
    runtime: Runtime,
    client: Connection,
    _server: Connection,
}

impl Service {
    pub(super) fn start() -> Self {
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

    /// The answer to a call. It is JSON and never a D-Bus error, no longer than this, and holds no refresh token.
    pub(super) fn answer(
        &self,
        interface: &str,
        method: &str,
        texts: &(impl serde::Serialize + DynamicType),
        longest: usize,
    ) -> serde_json::Value {
        let call = call(&self.client, interface, method, texts);
        let answer = self.runtime.block_on(at_most_seconds(20, call));
        let json: serde_json::Value = serde_json::from_str(&answer)
            .unwrap_or_else(|error| panic!("{method}: {error}: {answer}"));
        assert!(json.is_object(), "{method}: {answer}");
        assert!(answer.len() < longest, "{method}: {} bytes", answer.len());
        assert!(!answer.contains(REFRESH_TOKEN), "{method}: {answer}");
        json
    }
}

async fn call(
    client: &Connection,
    interface: &str,
    method: &str,
    texts: &(impl serde::Serialize + DynamicType),
) -> String {
    let path = "/com/microsoft/identity/broker1";
    let reply = client
        .call_method(None::<&str>, path, Some(interface), method, texts)
        .await;
    let reply = reply.unwrap_or_else(|error| panic!("{method} is no JSON: {error}"));
    reply.body().deserialize().expect("a string")
}

/// A broker that holds one account and lets every program have its tokens, with nobody at the browser and an Entra ID that refuses.
fn broker() -> Arc<Broker> {
    let clock = Arc::new(SystemClock);
    Arc::new(Broker::new(
        Configuration {
            approvals: ApprovalMode::SameUser,
            ..Configuration::default()
        },
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
