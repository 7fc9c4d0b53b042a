//! The broker's service with an authority and an account in its own process.
//!
//!     bench-broker
//!
//! For counting only: without TLS, a store or a browser it starts quickly even under an instrument, and the
//! silent answer from a held token is the same code. It prints nothing and serves on the session bus.

use async_trait::async_trait;
use azbroker_entra::{Account, ClientId, HomeAccountId, RefreshToken};
use azbroker_service::{
    ApprovalMode, BUS_NAME, Broker, Client, Configuration, StoreError, StoredGrant, SystemBrowser,
    SystemClock, TokenStore, serve_at,
};
use azure_core::{
    Bytes,
    http::{AsyncRawResponse, HttpClient, Request, StatusCode, headers::Headers},
    time::OffsetDateTime,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use futures_util::StreamExt;
use serde_json::json;
use std::{error::Error, sync::Arc};

// One thread: how several wake each other differs from run to run.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let clock = Arc::new(SystemClock);
    let broker = Broker::new(
        Configuration {
            approvals: ApprovalMode::SameUser,
            ..Configuration::default()
        },
        Client::new(Some(Arc::new(Authority)), clock.clone()),
        Arc::new(SystemBrowser::new(Some("/bin/false".to_owned()))),
        clock,
        Some(Box::new(OneAccount)),
    );
    let connection = zbus::Connection::session().await?;
    serve_at(&connection, Arc::new(broker)).await?;
    connection.request_name(BUS_NAME).await?;
    let mut messages = zbus::MessageStream::from(&connection);
    while messages.next().await.is_some() {}
    Ok(())
}

/// Answers every redemption with the same tokens.
#[derive(Debug)]
struct Authority;

#[async_trait]
impl HttpClient for Authority {
    async fn execute_request(&self, _request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let claims = json!({
            "aud": ClientId::azure_cli().as_str(),
            "iss": format!("https://login.microsoftonline.com/{TENANT}/v2.0"),
            "exp": 4_102_444_800_u64,
            "preferred_username": USERNAME,
            "name": "User 0",
            "oid": OBJECT,
            "tid": TENANT,
        });
        // What is neither signed nor read by anybody may be of any length that real ones have.
        let signature = "c".repeat(342);
        let id_token = format!(
            "e30.{}.{signature}",
            URL_SAFE_NO_PAD.encode(claims.to_string())
        );
        let answer = json!({
            "token_type": "Bearer",
            "scope": "https://vault.azure.net/user_impersonation",
            "expires_in": 86_399,
            "access_token": "a".repeat(1_500),
            "refresh_token": "what buys the next token",
            "id_token": id_token,
        });
        let body = Bytes::from(answer.to_string());
        Ok(AsyncRawResponse::from_bytes(
            StatusCode::Ok,
            Headers::new(),
            body,
        ))
    }
}

/// Has kept one account's refresh token, and takes every change.
#[derive(Debug)]
struct OneAccount;

#[async_trait]
impl TokenStore for OneAccount {
    fn description(&self) -> &str {
        "the bench"
    }

    async fn load(&self) -> Result<Vec<StoredGrant>, StoreError> {
        let account = Account {
            environment: "login.microsoftonline.com".to_owned(),
            home_account_id: HomeAccountId::new(OBJECT, TENANT),
            local_account_id: OBJECT.to_owned(),
            tenant_id: TENANT.to_owned(),
            username: USERNAME.to_owned(),
            name: "User 0".to_owned(),
            given_name: String::new(),
            family_name: String::new(),
        };
        Ok(vec![StoredGrant {
            account,
            client_id: ClientId::azure_cli(),
            refresh_token: Some(RefreshToken::new("what buys the next token".to_owned())),
            signed_in_on: OffsetDateTime::UNIX_EPOCH,
        }])
    }

    async fn save(&self, _grant: &StoredGrant) -> Result<(), StoreError> {
        Ok(())
    }

    async fn remove(
        &self,
        _environment: &str,
        _home_account_id: &HomeAccountId,
        _client_id: Option<&ClientId>,
    ) -> Result<(), StoreError> {
        Ok(())
    }

    async fn remove_all(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

const USERNAME: &str = "user0@contoso.example";
const OBJECT: &str = "00000000-0000-4000-8000-000000000000";
const TENANT: &str = "72f9a1c4-6d0b-4e53-9c1e-0d5a4b7c2e10";
