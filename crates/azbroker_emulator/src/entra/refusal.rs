//! How Entra ID says no.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

use crate::{cloud::Cloud, exchange::Notes, random, timestamp};

/// A refusal with its AADSTS number.
///
/// See [RFC 6749 section 5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2).
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    error: String,
    aadsts: u32,
    message: String,
    suberror: Option<String>,
    claims: Option<String>,
}

impl Refusal {
    pub(crate) fn new(
        status: StatusCode,
        error: &str,
        aadsts: u32,
        message: impl Into<String>,
    ) -> Self {
        Self {
            status,
            error: error.into(),
            aadsts,
            message: message.into(),
            suberror: None,
            claims: None,
        }
    }

    pub(crate) fn bad_request(error: &str, aadsts: u32, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error, aadsts, message)
    }

    /// The refusal of a planned fault.
    pub(crate) fn planned(
        error: String,
        aadsts: u32,
        suberror: Option<String>,
        claims: Option<String>,
    ) -> Self {
        let status = if error == "invalid_client" {
            StatusCode::UNAUTHORIZED
        } else {
            StatusCode::BAD_REQUEST
        };
        Self {
            suberror,
            claims,
            ..Self::new(
                status,
                &error,
                aadsts,
                "The emulator was told to refuse this request.",
            )
        }
    }

    pub(super) fn malformed() -> Self {
        Self::bad_request(
            "invalid_request",
            9_002_313,
            "Invalid request. Request is malformed or invalid.",
        )
    }

    pub(super) fn missing(parameter: &str) -> Self {
        let message =
            format!("The request body must contain the following parameter: '{parameter}'.");
        Self::bad_request("invalid_request", 900_144, message)
    }

    pub(super) fn unknown_application(client_id: &str, directory: &str) -> Self {
        let message = format!(
            "Application with identifier '{client_id}' was not found in the directory '{directory}'. \
             Check that the application is registered in this tenant and the request goes to the right tenant."
        );
        Self::bad_request("unauthorized_client", 700_016, message)
    }

    pub(super) fn with_suberror(mut self, suberror: &str) -> Self {
        self.suberror = Some(suberror.to_owned());
        self
    }

    #[cfg(test)]
    pub(super) fn error(&self) -> &str {
        &self.error
    }

    pub(super) fn status(&self) -> StatusCode {
        self.status
    }

    /// What a person at a page is told; the ledger learns of it.
    pub(super) fn sentence(&self, notes: &Notes) -> String {
        notes.refused(&self.error, Some(self.aadsts));
        format!("AADSTS{}: {}", self.aadsts, self.message)
    }

    /// The text of the refusal, written at this moment about this request; the ledger learns of it.
    pub(super) fn written(&self, cloud: &Cloud, notes: &Notes) -> Written {
        let correlation_id = notes
            .facts()
            .client_request_id
            .clone()
            .unwrap_or_else(random::guid);
        let trace_id = random::guid();
        let timestamp = timestamp::error_time(cloud.clock.now());
        let error_description = format!(
            "{} Trace ID: {trace_id} Correlation ID: {correlation_id} Timestamp: {timestamp}",
            self.sentence(notes)
        );
        Written {
            error: self.error.clone(),
            error_description,
            error_codes: [self.aadsts],
            timestamp,
            trace_id,
            correlation_id,
            error_uri: format!(
                "https://login.microsoftonline.com/error?code={}",
                self.aadsts
            ),
            suberror: self.suberror.clone(),
            claims: self.claims.clone(),
        }
    }

    /// The answer of an endpoint that speaks JSON.
    pub(crate) fn into_json(self, cloud: &Cloud, notes: &Notes) -> Response {
        let written = self.written(cloud, notes);
        let headers = [
            (
                header::CACHE_CONTROL.as_str(),
                "no-store, no-cache".to_owned(),
            ),
            (header::PRAGMA.as_str(), "no-cache".to_owned()),
            ("x-ms-request-id", written.trace_id.clone()),
            ("client-request-id", written.correlation_id.clone()),
        ];
        let mut response = (self.status, headers, Json(written)).into_response();
        if self.status == StatusCode::UNAUTHORIZED {
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// The JSON of a refusal.
#[derive(Serialize)]
pub(super) struct Written {
    pub(super) error: String,
    pub(super) error_description: String,
    error_codes: [u32; 1],
    pub(super) timestamp: String,
    pub(super) trace_id: String,
    pub(super) correlation_id: String,
    pub(super) error_uri: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    suberror: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    claims: Option<String>,
}
