//! How a vault says no.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::json;

use crate::exchange::Notes;

/// A refusal with its code and, where there is one, the inner code.
#[derive(Clone, Debug)]
pub(super) struct VaultRefusal {
    status: StatusCode,
    code: &'static str,
    inner: Option<&'static str>,
    message: String,
    challenge: Option<String>,
}

impl VaultRefusal {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            inner: None,
            message: message.into(),
            challenge: None,
        }
    }

    pub(super) fn unauthorized(challenge: String, message: impl Into<String>) -> Self {
        Self {
            challenge: Some(challenge),
            ..Self::new(StatusCode::UNAUTHORIZED, "Unauthorized", message)
        }
    }

    pub(super) fn forbidden(inner: &'static str, message: impl Into<String>) -> Self {
        Self {
            inner: Some(inner),
            ..Self::new(StatusCode::FORBIDDEN, "Forbidden", message)
        }
    }

    pub(super) fn conflict(inner: &'static str, message: impl Into<String>) -> Self {
        Self {
            inner: Some(inner),
            ..Self::new(StatusCode::CONFLICT, "Conflict", message)
        }
    }

    pub(super) fn bad_parameter(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BadParameter", message)
    }

    pub(super) fn not_found(name: &str) -> Self {
        let message = format!(
            "A secret with (name/id) {name} was not found in this key vault. If you recently deleted this secret you \
             may be able to recover it."
        );
        Self::new(StatusCode::NOT_FOUND, "SecretNotFound", message)
    }

    pub(super) fn into_response(self, notes: &Notes) -> Response {
        notes.refused(self.inner.unwrap_or(self.code), None);
        let mut error = json!({"code": self.code, "message": self.message});
        if let Some(inner) = self.inner {
            error["innererror"] = json!({"code": inner});
        }
        let mut response = (self.status, Json(json!({"error": error}))).into_response();
        if let Some(challenge) = self
            .challenge
            .and_then(|text| HeaderValue::try_from(text).ok())
        {
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}
