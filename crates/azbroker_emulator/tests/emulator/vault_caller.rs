use azbroker_emulator::{Emulator, default_world::*};
use serde_json::Value;

use crate::harness::*;

/// A caller of the vault.
pub(crate) struct Caller<'a> {
    emulator: &'a Emulator,
    token: String,
}

impl<'a> Caller<'a> {
    pub(crate) async fn sign_in(emulator: &'a Emulator, username: &str) -> Self {
        Self::with_token(emulator, vault_token(emulator, username).await)
    }

    pub(crate) fn with_token(emulator: &'a Emulator, token: String) -> Self {
        Self { emulator, token }
    }

    /// Sends a request; the path may have a query.
    pub(crate) async fn call(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let separator = if path.contains('?') { '&' } else { '?' };
        self.call_url(
            method,
            &format!("{VAULT_URL}{path}{separator}api-version=2025-07-01"),
            body,
        )
        .await
    }

    pub(crate) async fn call_url(&self, method: &str, url: &str, body: Value) -> (u16, Value) {
        let method = reqwest::Method::from_bytes(method.as_bytes()).expect("a method");
        let mut request = self
            .emulator
            .http_client()
            .request(method, url)
            .bearer_auth(&self.token);
        if !body.is_null() {
            request = request
                .header("content-type", "application/json")
                .body(body.to_string());
        }
        let response = request.send().await.expect("an answer");
        let status = response.status().as_u16();
        let text = response.text().await.expect("a body");
        (
            status,
            if text.is_empty() {
                Value::Null
            } else {
                json(&text)
            },
        )
    }
}

#[track_caller]
pub(crate) fn assert_error(
    (status, body): &(u16, Value),
    expected: u16,
    code: &str,
    inner: Option<&str>,
) {
    let error = &body["error"];
    assert_eq!(
        (*status, error["code"].as_str()),
        (expected, Some(code)),
        "{body}"
    );
    assert_eq!(error["innererror"]["code"].as_str(), inner, "{body}");
    assert!(
        error["message"]
            .as_str()
            .is_some_and(|message| !message.is_empty())
    );
}
