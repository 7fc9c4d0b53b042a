//! A small application that signs users in, as real ones do.

use std::collections::HashMap;

use aws_lc_rs::digest;
use axum::{Router, body::Bytes, extract::RawQuery, http::Method};
use azbroker_emulator::{Behavior, Emulator, SignIn, Visited, Visitor, World, default_world::*};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;
use tokio::{net::TcpListener, sync::mpsc, task::AbortHandle};
use url::form_urlencoded;

pub(crate) const VAULT_SCOPE: &str = "https://vault.azure.net/.default";
pub(crate) const ALL_SCOPES: &str =
    "https://vault.azure.net/.default offline_access openid profile";
pub(crate) const AUTHORITY: &str = "https://login.microsoftonline.com/organizations";
pub(crate) const VERIFIER: &str = "a-verifier-of-at-least-43-characters~that.is_long";

pub(crate) type Parameters = HashMap<String, String>;

pub(crate) async fn emulator() -> Emulator {
    Emulator::start(World::default())
        .await
        .expect("the default world starts")
}

/// An application with a loopback listener for the answer.
pub(crate) struct App {
    pub(crate) redirect_uri: String,
    answers: mpsc::UnboundedReceiver<(Method, Parameters)>,
    server: AbortHandle,
}

impl App {
    pub(crate) async fn listen() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port is free");
        let port = listener.local_addr().expect("it is bound").port();
        let (sender, answers) = mpsc::unbounded_channel();
        let router = Router::new().fallback(
            move |method: Method, RawQuery(query): RawQuery, body: Bytes| async move {
                let encoded = query.map_or(body, Bytes::from);
                sender
                    .send((method, parameters(&encoded)))
                    .expect("the test still listens");
                "You are signed in to the application."
            },
        );
        let server =
            tokio::spawn(async move { axum::serve(listener, router).await }).abort_handle();
        Self {
            redirect_uri: format!("http://localhost:{port}"),
            answers,
            server,
        }
    }

    /// The URL that starts a sign-in; the extra parameters add to the usual ones or replace them.
    pub(crate) fn authorize_url(&self, extra: &[(&str, &str)]) -> String {
        self.authorize_url_at(AUTHORITY, extra)
    }

    pub(crate) fn authorize_url_at(&self, authority: &str, extra: &[(&str, &str)]) -> String {
        let challenge = challenge();
        let mut parameters: Vec<(&str, &str)> = vec![
            ("client_id", AZURE_CLI_CLIENT_ID),
            ("response_type", "code"),
            ("redirect_uri", &self.redirect_uri),
            ("scope", ALL_SCOPES),
            ("state", "the state & more"),
            ("nonce", "the nonce"),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
            ("client_info", "1"),
        ];
        parameters.retain(|(name, _)| !extra.iter().any(|(other, _)| other == name));
        parameters.extend(extra.iter().filter(|(_, value)| !value.is_empty()));
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(parameters)
            .finish();
        format!("{authority}/oauth2/v2.0/authorize?{query}")
    }

    /// What the redirect brought.
    pub(crate) async fn answer(&mut self) -> (Method, Parameters) {
        self.answers.recv().await.expect("the listener lives")
    }

    /// Signs a user in and returns the tokens.
    pub(crate) async fn tokens(
        &mut self,
        emulator: &Emulator,
        username: &str,
        extra: &[(&str, &str)],
    ) -> Value {
        let visited = visit(
            emulator,
            username,
            Behavior::Complete,
            &self.authorize_url(extra),
        )
        .await;
        assert_eq!(visited.status, 200, "{}", visited.text);
        let (_, answer) = self.answer().await;
        let client_id = extra
            .iter()
            .find(|(name, _)| *name == "client_id")
            .map_or(AZURE_CLI_CLIENT_ID, |(_, id)| id);
        let (status, tokens) = self
            .redeem(emulator, &answer["code"], &[("client_id", client_id)])
            .await;
        assert_eq!(status, 200, "{tokens}");
        tokens
    }

    pub(crate) async fn redeem(
        &self,
        emulator: &Emulator,
        code: &str,
        extra: &[(&str, &str)],
    ) -> (u16, Value) {
        let mut form: Vec<(&str, &str)> = vec![
            ("client_id", AZURE_CLI_CLIENT_ID),
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &self.redirect_uri),
            ("code_verifier", VERIFIER),
            ("scope", ALL_SCOPES),
            ("client_info", "1"),
        ];
        form.retain(|(name, _)| !extra.iter().any(|(other, _)| other == name));
        form.extend(extra.iter().filter(|(_, value)| !value.is_empty()));
        token_request(emulator, AUTHORITY, &form).await
    }
}

impl Drop for App {
    fn drop(&mut self) {
        self.server.abort();
    }
}

pub(crate) async fn refresh(
    emulator: &Emulator,
    token: &str,
    extra: &[(&str, &str)],
) -> (u16, Value) {
    let mut form = vec![
        ("client_id", AZURE_CLI_CLIENT_ID),
        ("grant_type", "refresh_token"),
        ("refresh_token", token),
        ("scope", ALL_SCOPES),
    ];
    form.retain(|(name, _)| !extra.iter().any(|(other, _)| other == name));
    form.extend(extra.iter().filter(|(_, value)| !value.is_empty()));
    token_request(emulator, AUTHORITY, &form).await
}

pub(crate) async fn token_request(
    emulator: &Emulator,
    authority: &str,
    form: &[(&str, &str)],
) -> (u16, Value) {
    let response = emulator
        .http_client()
        .post(format!("{authority}/oauth2/v2.0/token"))
        .form(form)
        .send()
        .await
        .expect("the token endpoint answers");
    let status = response.status().as_u16();
    (status, json(&response.text().await.expect("it has a body")))
}

pub(crate) async fn get_json(emulator: &Emulator, url: &str) -> (u16, Value) {
    let response = emulator
        .http_client()
        .get(url)
        .send()
        .await
        .expect("it answers");
    let status = response.status().as_u16();
    (status, json(&response.text().await.expect("it has a body")))
}

pub(crate) async fn visit(
    emulator: &Emulator,
    username: &str,
    behavior: Behavior,
    url: &str,
) -> Visited {
    visitor(emulator, username, behavior)
        .visit(url)
        .await
        .expect("the pages can be reached")
}

pub(crate) fn visitor(emulator: &Emulator, username: &str, behavior: Behavior) -> Visitor {
    let password = match username {
        ADA => ADA_PASSWORD,
        BOB => BOB_PASSWORD,
        CAROL => CAROL_PASSWORD,
        _ => "password of nobody",
    };
    let sign_in = SignIn {
        username: username.into(),
        password: password.into(),
        behavior,
    };
    Visitor::with_client(emulator.http_client(), sign_in).expect("a visitor")
}

/// Signs a user in and returns an access token for vaults.
pub(crate) async fn vault_token(emulator: &Emulator, username: &str) -> String {
    let tokens = App::listen().await.tokens(emulator, username, &[]).await;
    tokens["access_token"]
        .as_str()
        .expect("an access token")
        .to_owned()
}

pub(crate) fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// The claims of a token, without looking at its signature.
pub(crate) fn claims_of(token: &Value) -> Value {
    let payload = token
        .as_str()
        .expect("a token")
        .split('.')
        .nth(1)
        .expect("three parts");
    json(&String::from_utf8(URL_SAFE_NO_PAD.decode(payload).expect("base64url")).expect("UTF-8"))
}

pub(crate) fn challenge() -> String {
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, VERIFIER.as_bytes()))
}

/// Asserts that an answer is a refusal of this number in the shape clients read.
#[track_caller]
pub(crate) fn assert_refused(
    (status, body): &(u16, Value),
    expected_status: u16,
    error: &str,
    aadsts: u32,
) {
    assert_eq!(
        (*status, body["error"].as_str()),
        (expected_status, Some(error)),
        "{body}"
    );
    assert_eq!(body["error_codes"], serde_json::json!([aadsts]), "{body}");
    let description = body["error_description"].as_str().expect("a description");
    assert!(
        description.starts_with(&format!("AADSTS{aadsts}: ")),
        "{description}"
    );
    for part in ["Trace ID: ", "Correlation ID: ", "Timestamp: "] {
        assert!(description.contains(part), "{description}");
    }
}

fn parameters(encoded: &[u8]) -> Parameters {
    form_urlencoded::parse(encoded).into_owned().collect()
}
