//! The key that an access token is bound to: `token_type` and `req_cnf` of a token request.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;

use super::{Refusal, form::Form};

/// The ID of the key that a client wants its token bound to; `None` for a bearer token.
pub(super) fn asked_key(form: &Form) -> Result<Option<String>, Refusal> {
    match form.value("token_type") {
        None => return Ok(None),
        Some(kind) if kind.eq_ignore_ascii_case("bearer") => return Ok(None),
        Some(kind) if kind.eq_ignore_ascii_case("pop") => {}
        Some(_) => return Err(Refusal::malformed()),
    }
    let key = URL_SAFE_NO_PAD
        .decode(form.required("req_cnf")?)
        .ok()
        .and_then(|json| serde_json::from_slice::<Value>(&json).ok())
        .and_then(|confirmation| confirmation["kid"].as_str().map(str::to_owned))
        .filter(|key| !key.is_empty());
    key.map(Some).ok_or_else(Refusal::malformed)
}
