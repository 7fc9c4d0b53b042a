use super::{at_most_seconds, replaced, runtime};
use async_trait::async_trait;
use azbroker_entra::{
    Authority, Client, ClientId, CorrelationId, FurtherParameters, OwnPages, Prompt,
    PromptBehavior, PromptError, RedirectWay, Scopes, SignIn, SystemClock, TokenRequest,
};
use azure_core::{
    http::{AsyncRawResponse, HttpClient, Request, StatusCode, Url, headers::Headers},
    time::Duration,
};
use std::sync::{Arc, Mutex};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// The redirect of a sign-in: any bytes on its connection. `PORT` and `STATE` in them stand for the real
/// ones. Whatever they are, the true redirect that comes after them is still taken, unless they were one.
pub fn redirect(bytes: &[u8]) {
    thread_local!(static RUNTIME: tokio::runtime::Runtime = runtime());
    RUNTIME.with(|runtime| runtime.block_on(at_most_seconds(20, sign_in(bytes))));
}

async fn sign_in(bytes: &[u8]) {
    let sign_in = SignIn {
        further: FurtherParameters::default(),
        request: TokenRequest {
            authority: Authority::public_cloud(),
            client_id: ClientId::azure_cli(),
            scopes: Scopes::parse(["https://vault.azure.net/.default"]).expect("a scope"),
            claims: None,
            bound_to: None,
            correlation_id: CorrelationId::nil(),
        },
        login_hint: None,
        prompt_behavior: PromptBehavior::Unspecified,
        redirect_way: RedirectWay::Loopback,
        own_pages: OwnPages::default(),
    };
    let browser = Browser {
        bytes: bytes.to_vec(),
    };
    let waited = sign_in.wait(&browser, Duration::seconds(10)).await;
    let redirected =
        waited.unwrap_or_else(|error| panic!("the true redirect was not taken: {error}"));
    let server = Arc::new(Server::default());
    let client = Client::new(Some(server.clone()), Arc::new(SystemClock));
    let error = redirected.redeem(&client).await.err();
    let error = error.expect("the server has no tokens");
    let sent = server.sent.lock().expect("nobody panicked").clone();
    let may_redirect = contains(bytes, b"STATE");
    match sent {
        Some(form) if form.contains("code=the-true-code&") => {}
        // Only who knows the state brings a code or a refusal.
        _ => assert!(may_redirect, "taken without the state: {error}"),
    }
}

/// Sends the bytes, then the true redirect.
#[derive(Debug)]
struct Browser {
    bytes: Vec<u8>,
}

#[async_trait]
impl Prompt for Browser {
    async fn open(&self, url: &Url) -> Result<(), PromptError> {
        let value = |wanted: &str| {
            let mut pairs = url.query_pairs();
            let (_, value) = pairs.find(|(name, _)| name == wanted).expect("it is there");
            value.into_owned()
        };
        let state = value("state");
        let redirect_uri = Url::parse(&value("redirect_uri")).expect("a URL");
        let port = redirect_uri.port().expect("a port");
        let bytes = replaced(&self.bytes, b"STATE", state.as_bytes());
        let bytes = replaced(&bytes, b"PORT", port.to_string().as_bytes());
        let truth = format!(
            "GET /?code=the-true-code&state={state} HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n"
        );
        // The listener may be content with the first and hang up on either.
        let _ = send(port, &bytes).await;
        let truth = tokio::spawn(async move {
            let _ = send(port, truth.as_bytes()).await;
        });
        drop(truth);
        Ok(())
    }
}

/// Sends all of it, says that there is no more, and lets the other side end. A redirect that was taken is
/// answered only when the code has been redeemed, so that is not waited for.
async fn send(port: u16, bytes: &[u8]) -> std::io::Result<()> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    stream.write_all(bytes).await?;
    stream.shutdown().await?;
    let answered = async {
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await
    };
    let patience = std::time::Duration::from_millis(100);
    let _ = tokio::time::timeout(patience, answered).await;
    Ok(())
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// Notes what it is sent, and refuses.
#[derive(Debug, Default)]
struct Server {
    sent: Mutex<Option<String>>,
}

#[async_trait]
impl HttpClient for Server {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let body = azure_core::Bytes::from(request.body());
        let form = String::from_utf8_lossy(&body).into_owned();
        *self.sent.lock().expect("nobody panicked") = Some(form);
        let refusal = r#"{"error":"invalid_grant","error_description":"no"}"#;
        Ok(AsyncRawResponse::from_bytes(
            StatusCode::BadRequest,
            Headers::new(),
            refusal,
        ))
    }
}
