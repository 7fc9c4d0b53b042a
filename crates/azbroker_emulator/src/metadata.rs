//! The metadata address of virtual machines, where no managed identity is.
//!
//! Clients ask it whether they run on a virtual machine. This answer makes them go on at once; others make
//! them try for many seconds.

use axum::{
    Json, Router,
    extract::Extension,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::json;

use crate::exchange::Notes;

pub(crate) const HOST: &str = "169.254.169.254";

pub(crate) fn router() -> Router {
    Router::new().fallback(no_identity)
}

async fn no_identity(Extension(notes): Extension<Notes>) -> Response {
    notes.refused("invalid_request", None);
    let body = json!({"error": "invalid_request", "error_description": "Identity not found"});
    (StatusCode::BAD_REQUEST, Json(body)).into_response()
}
