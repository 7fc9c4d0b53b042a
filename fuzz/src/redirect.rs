use super::{at_most_seconds, replaced, runtime};
use async_trait::async_trait;
use azbroker_entra::{
    Authority, Client, ClientId, CorrelationId, FurtherParameters, OwnPages, Prompt,
    PromptBehavior, PromptError, RedirectInMemory, RedirectWay, Redirected, Scopes, SignIn,
    SystemClock, TokenRequest,
};
use azure_core::{
    http::{AsyncRawResponse, HttpClient, Request, StatusCode, Url, headers::Headers},
    time::Duration,
};
use std::sync::{Arc, Mutex};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream},
    net::TcpStream,
    sync::{mpsc::UnboundedSender, oneshot},
};

/// The redirect of a sign-in: any bytes on its connection. `PORT` and `STATE` in them stand for the real
/// ones. Whatever they are, the true redirect that comes after them is still taken, unless they were one.
pub fn redirect(bytes: &[u8]) {
    thread_local!(static RUNTIME: tokio::runtime::Runtime = runtime());
    let (connections, connect) = RedirectInMemory::at(PORT);
    let browser = Browser {
        bytes,
        way: Way::Memory(connect),
    };
    let sign_in = sign_in();
    let (page, shown) = Page::new();
    let waits = async { sign_in.wait_in_memory(connections, &page, DEADLINE).await };
    let ends = ends(waits, browser, shown);
    RUNTIME.with(|runtime| runtime.block_on(at_most_seconds(20, ends)));
}

/// The same at a port of the machine, where whose a connection is is looked up too. There may not be many: each is
/// kept for a minute in the table where that is looked up.
pub fn redirect_at_a_port(bytes: &[u8]) {
    thread_local!(static RUNTIME: tokio::runtime::Runtime = runtime());
    let browser = Browser {
        bytes,
        way: Way::Port,
    };
    let sign_in = sign_in();
    let (page, shown) = Page::new();
    let waits = async { sign_in.wait(&page, DEADLINE).await };
    let ends = ends(waits, browser, shown);
    RUNTIME.with(|runtime| runtime.block_on(at_most_seconds(20, ends)));
}

fn sign_in() -> SignIn {
    SignIn {
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
    }
}

/// Both sides to their end, so that nothing of an input is left for the next one.
async fn ends(
    waits: impl Future<Output = azbroker_entra::Result<Redirected>>,
    browser: Browser<'_>,
    shown: oneshot::Receiver<Url>,
) {
    let bytes = browser.bytes;
    let signs_in = async {
        let redirected = waits.await;
        let redirected =
            redirected.unwrap_or_else(|error| panic!("the true redirect was not taken: {error}"));
        let server = Arc::new(Server::default());
        let client = Client::new(Some(server.clone()), Arc::new(SystemClock));
        let error = redirected.redeem(&client).await.err();
        let error = error.expect("the server has no tokens");
        let sent = server.sent.lock().expect("nobody panicked").clone();
        (sent, error)
    };
    let browses = async {
        let url = shown.await.expect("the page is shown");
        browser.comes_back_from(&url).await;
    };
    let ((sent, error), ()) = tokio::join!(signs_in, browses);
    let may_redirect = contains(bytes, b"STATE");
    match sent {
        Some(form) if form.contains("code=the-true-code&") => {}
        // Only who knows the state brings a code or a refusal.
        _ => assert!(may_redirect, "taken without the state: {error}"),
    }
}

/// Tells the address that it is to show.
#[derive(Debug)]
struct Page(Mutex<Option<oneshot::Sender<Url>>>);

impl Page {
    fn new() -> (Self, oneshot::Receiver<Url>) {
        let (page, shown) = oneshot::channel();
        (Self(Mutex::new(Some(page))), shown)
    }
}

#[async_trait]
impl Prompt for Page {
    async fn open(&self, url: &Url) -> Result<(), PromptError> {
        let shown = self.0.lock().expect("nobody panicked").take();
        let _ = shown.expect("it is shown once").send(url.clone());
        Ok(())
    }
}

/// Sends the bytes, then the true redirect.
struct Browser<'a> {
    bytes: &'a [u8],
    way: Way,
}

enum Way {
    Memory(UnboundedSender<DuplexStream>),
    Port,
}

impl Browser<'_> {
    async fn comes_back_from(&self, url: &Url) {
        let value = |wanted: &str| {
            let mut pairs = url.query_pairs();
            let (_, value) = pairs.find(|(name, _)| name == wanted).expect("it is there");
            value.into_owned()
        };
        let state = value("state");
        let redirect_uri = Url::parse(&value("redirect_uri")).expect("a URL");
        let port = redirect_uri.port().expect("a port");
        let bytes = replaced(self.bytes, b"STATE", state.as_bytes());
        let bytes = replaced(&bytes, b"PORT", port.to_string().as_bytes());
        let truth = format!(
            "GET /?code=the-true-code&state={state} HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n"
        );
        // The listener may be content with the first and hang up on either.
        let patience = std::time::Duration::from_millis(100);
        let _ = tokio::time::timeout(patience, self.send(port, &bytes)).await;
        let _ = self.send(port, truth.as_bytes()).await;
    }

    async fn send(&self, port: u16, bytes: &[u8]) -> std::io::Result<()> {
        match &self.way {
            Way::Memory(connect) => {
                let (ours, theirs) = tokio::io::duplex(BUFFER);
                connect.send(theirs).map_err(std::io::Error::other)?;
                send(ours, bytes).await
            }
            Way::Port => send(TcpStream::connect(("127.0.0.1", port)).await?, bytes).await,
        }
    }
}

/// Sends all of it, says that there is no more, and lets the other side end.
async fn send(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    bytes: &[u8],
) -> std::io::Result<()> {
    stream.write_all(bytes).await?;
    stream.shutdown().await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(())
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// Where nothing listens.
const PORT: u16 = 40123;
const DEADLINE: Duration = Duration::seconds(10);
/// As much as a machine's socket takes at once, about.
const BUFFER: usize = 64 * 1024;

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
