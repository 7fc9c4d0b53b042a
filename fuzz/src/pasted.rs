use super::{at_most_seconds, replaced, runtime};
use async_trait::async_trait;
use azbroker_entra::{
    Authority, Client, ClientId, CorrelationId, FurtherParameters, OwnPages, Paste, PastedText,
    Prompt, PromptBehavior, PromptError, RedirectUri, RedirectWay, Scopes, SignIn, SystemClock,
    TokenRequest,
};
use azure_core::{
    http::{AsyncRawResponse, HttpClient, Request, StatusCode, Url, headers::Headers},
    time::Duration,
};
use std::sync::{Arc, Mutex};
use tokio::sync::{mpsc, oneshot};

/// What a user pastes to end a sign-in; `STATE` stands for the real one. Whatever it is, the true address that is
/// pasted after it is still taken, unless it was one, and no other page's address is taken for one.
pub fn pasted(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    thread_local!(static RUNTIME: tokio::runtime::Runtime = runtime());
    RUNTIME.with(|runtime| runtime.block_on(at_most_seconds(20, sign_in(text))));
}

async fn sign_in(text: &str) {
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
    let (pastes, mut pasted) = mpsc::channel(1);
    let (prompt, shown) = oneshot::channel();
    let prompt = Page(Mutex::new(Some(prompt)));
    let waits = sign_in.wait_by_hand(
        RedirectUri::NativeClient,
        &prompt,
        &mut pasted,
        Duration::seconds(10),
    );
    let pasting = async {
        let state: String = shown.await.expect("the page is shown");
        let text = replaced(text.as_bytes(), b"STATE", state.as_bytes());
        let text = String::from_utf8(text).expect("it was text");
        let taken = paste(&pastes, &text).await;
        if taken {
            assert!(text.contains("state") && is_of_the_page(&text), "{text}");
        } else {
            let truth = format!("{PAGE}?code={CODE}&state={state}");
            assert!(paste(&pastes, &truth).await, "the true one was not taken");
        }
        taken
    };
    let (redirected, taken) = tokio::join!(waits, pasting);
    let redirected = redirected.unwrap_or_else(|error| panic!("{error}"));
    let server = Arc::new(Server::default());
    let client = Client::new(Some(server.clone()), Arc::new(SystemClock));
    let error = redirected.redeem(&client).await.err();
    let error = error.expect("the server has no tokens").to_sentence();
    assert!(!error.chars().any(char::is_control), "{error:?}");
    let sent = server.sent.lock().expect("nobody panicked").clone();
    let is_true = sent.is_some_and(|form| form.contains(&format!("code={CODE}&")));
    // Only who knows the state brings a code or a refusal.
    let may_be_other = taken && text.contains("STATE");
    assert!(is_true || may_be_other, "taken without the state: {error}");
}

/// Whether the text was taken.
async fn paste(pastes: &mpsc::Sender<Paste>, text: &str) -> bool {
    let (answer, answered) = oneshot::channel();
    let text = PastedText::new(text.to_owned());
    let paste = Paste { text, answer };
    pastes.send(paste).await.expect("the sign-in waits");
    match answered.await.expect("every paste is answered") {
        Ok(()) => true,
        Err(fault) => {
            assert!(fault.to_string().starts_with("this is "), "{fault}");
            false
        }
    }
}

/// Whether it is the address of the page with a query, or a query alone.
fn is_of_the_page(text: &str) -> bool {
    let Some((page, _)) = text.split_once('?') else {
        return true;
    };
    let page = page.trim().trim_start_matches(['"', '\'', '<', '>']);
    let page = page.to_ascii_lowercase();
    let page = page.trim_end_matches('/');
    page == PAGE || Some(page) == PAGE.strip_prefix("https://")
}

/// Tells the state of the address that it is to show.
#[derive(Debug)]
struct Page(Mutex<Option<oneshot::Sender<String>>>);

#[async_trait]
impl Prompt for Page {
    async fn open(&self, url: &Url) -> Result<(), PromptError> {
        let mut pairs = url.query_pairs();
        let (_, state) = pairs.find(|(name, _)| name == "state").expect("a state");
        let shown = self.0.lock().expect("nobody panicked").take();
        let _ = shown.expect("it is shown once").send(state.into_owned());
        Ok(())
    }
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

const PAGE: &str = RedirectUri::NATIVE_CLIENT;
const CODE: &str = "the-true-code";
