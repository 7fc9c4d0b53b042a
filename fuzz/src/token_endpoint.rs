use super::{at_most_seconds, runtime};
use async_trait::async_trait;
use azbroker_entra::{
    Authority, Client, ClientId, CorrelationId, Error, Grant, HomeAccountId, RefreshToken, Scopes,
    SystemClock, TokenRequest,
};
use azure_core::http::{AsyncRawResponse, HttpClient, Request, StatusCode, headers::Headers};
use std::sync::Arc;

/// Answers of the token endpoint: the first byte chooses the status, the rest is the body. Tokens with an ID
/// token and client info, refusals, and everything else that a server may say.
pub fn token_endpoint(bytes: &[u8]) {
    let Some((first, body)) = bytes.split_first() else {
        return;
    };
    let server = Server {
        status: STATUSES[usize::from(*first) % STATUSES.len()],
        body: body.to_vec(),
    };
    let client = Client::new(Some(Arc::new(server)), Arc::new(SystemClock));
    let request = TokenRequest {
        authority: Authority::public_cloud(),
        client_id: ClientId::azure_cli(),
        scopes: Scopes::parse(["https://vault.azure.net/.default"]).expect("a scope"),
        claims: None,
        bound_to: None,
        correlation_id: CorrelationId::nil(),
    };
    let grant = Grant::RefreshToken(RefreshToken::new(REDEEMED.to_owned()));
    thread_local!(static RUNTIME: tokio::runtime::Runtime = runtime());
    let redeemed = at_most_seconds(30, client.redeem(&request, &grant));
    match RUNTIME.with(|runtime| runtime.block_on(redeemed)) {
        Ok(tokens) => {
            let account = &tokens.account;
            assert!(!account.username.is_empty() && !account.tenant_id.is_empty());
            let home = HomeAccountId::parse(account.home_account_id.as_str());
            assert_eq!(home.as_ref(), Some(&account.home_account_id));
            let shown = format!("{tokens:?}");
            assert!(!shown.contains(tokens.id_token.expose()), "{shown}");
        }
        Err(error) => {
            if let Error::Refused(refusal) = &error {
                let _ = refusal.kind();
            }
            // It goes to logs and terminals.
            let text = error.to_sentence();
            assert!(text.len() < 2_000, "an error of {} bytes", text.len());
            assert!(!text.chars().any(char::is_control), "{text:?}");
            assert!(!text.contains(REDEEMED), "{text}");
        }
    }
}

/// Those that are not tried again, which would take its time.
const STATUSES: [StatusCode; 4] = [
    StatusCode::Ok,
    StatusCode::BadRequest,
    StatusCode::Unauthorized,
    StatusCode::NotFound,
];

const REDEEMED: &str = "a refresh token that no error may quote";

/// A server that says the same to everybody.
#[derive(Debug)]
struct Server {
    status: StatusCode,
    body: Vec<u8>,
}

#[async_trait]
impl HttpClient for Server {
    async fn execute_request(&self, _request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let body = self.body.clone();
        Ok(AsyncRawResponse::from_bytes(
            self.status,
            Headers::new(),
            body,
        ))
    }
}
