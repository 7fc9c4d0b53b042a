//! The broker's service with an authority and an account in its own process.
//!
//! ```text
//! bench-broker [ACCOUNTS]
//! ```
//!
//! For counting, and for more tokens than a cloud gives in a minute: without TLS, a store or a browser it starts
//! quickly even under an instrument, and the silent answer from a held token is the same code. It holds one
//! account or as many as it is told. It prints nothing and serves on the session bus.

use async_trait::async_trait;
use azbroker_entra::{Account, ClientId, HomeAccountId, RefreshToken};
use azbroker_service::{
    ApprovalMode, BUS_NAME, Broker, Client, Configuration, StoreError, StoredGrant, SystemBrowser,
    SystemClock, TokenStore, serve_at,
};
use azure_core::{
    Bytes,
    error::ErrorKind,
    http::{AsyncRawResponse, Body, HttpClient, Request, StatusCode, headers::Headers},
    time::OffsetDateTime,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use futures_util::StreamExt;
use serde_json::json;
use std::{error::Error, sync::Arc};
use url::form_urlencoded;

// One thread: how several wake each other differs from run to run.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let accounts = std::env::args().nth(1);
    let accounts = accounts.map_or(Ok(1), |text| text.parse())?;
    let clock = Arc::new(SystemClock);
    let broker = Broker::new(
        Configuration {
            approvals: ApprovalMode::SameUser,
            ..Configuration::default()
        },
        Client::new(Some(Arc::new(Authority)), clock.clone()),
        Arc::new(SystemBrowser::new(Some("/bin/false".to_owned()))),
        clock,
        Some(Box::new(Accounts(accounts))),
    );
    let connection = zbus::Connection::session().await?;
    serve_at(&connection, Arc::new(broker)).await?;
    connection.request_name(BUS_NAME).await?;
    let mut messages = zbus::MessageStream::from(&connection);
    while messages.next().await.is_some() {}
    Ok(())
}

/// Answers every redemption with tokens of the same size; whose they are is what the refresh token says.
#[derive(Debug)]
struct Authority;

#[async_trait]
impl HttpClient for Authority {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let Body::Bytes(form) = request.body() else {
            return Err(azure_core::Error::with_message(
                ErrorKind::DataConversion,
                "a redemption is a form",
            ));
        };
        let refresh_token = form_urlencoded::parse(form)
            .find(|(name, _)| name == "refresh_token")
            .map_or_else(String::new, |(_, value)| value.into_owned());
        let number = refresh_token.trim_start_matches(REFRESH_TOKEN);
        let claims = json!({
            "aud": ClientId::azure_cli().as_str(),
            "iss": format!("https://login.microsoftonline.com/{TENANT}/v2.0"),
            "exp": 4_102_444_800_u64,
            "preferred_username": username(number),
            "name": format!("User {number}"),
            "oid": object(number),
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
            "refresh_token": refresh_token,
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

/// Has kept the refresh tokens of so many accounts, and takes every change.
#[derive(Debug)]
struct Accounts(usize);

#[async_trait]
impl TokenStore for Accounts {
    fn description(&self) -> &str {
        "the bench"
    }

    async fn load(&self) -> Result<Vec<StoredGrant>, StoreError> {
        let grant = |number: usize| {
            let object = object(&number.to_string());
            StoredGrant {
                account: Arc::new(Account {
                    environment: "login.microsoftonline.com".to_owned(),
                    home_account_id: HomeAccountId::new(&object, TENANT),
                    local_account_id: object,
                    tenant_id: TENANT.to_owned(),
                    username: username(&number.to_string()),
                    name: format!("User {number}"),
                    given_name: String::new(),
                    family_name: String::new(),
                }),
                client_id: ClientId::azure_cli(),
                refresh_token: Some(RefreshToken::new(format!("{REFRESH_TOKEN}{number}"))),
                signed_in_on: OffsetDateTime::UNIX_EPOCH,
            }
        };
        Ok((0..self.0).map(grant).collect())
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

fn username(number: &str) -> String {
    format!("user{number}@contoso.example")
}

fn object(number: &str) -> String {
    format!("00000000-0000-4000-8000-{number:0>12}")
}

const REFRESH_TOKEN: &str = "what buys the next token of ";
const TENANT: &str = "72f9a1c4-6d0b-4e53-9c1e-0d5a4b7c2e10";
