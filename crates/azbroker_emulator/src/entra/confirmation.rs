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
        Some(kind) => {
            let message = format!("The token type '{kind}' is not supported.");
            return Err(Refusal::bad_request("invalid_request", 901_002, message));
        }
    }
    let key = URL_SAFE_NO_PAD
        .decode(form.required("req_cnf")?)
        .ok()
        .and_then(|json| serde_json::from_slice::<Value>(&json).ok())
        .and_then(|confirmation| confirmation["kid"].as_str().map(str::to_owned))
        .filter(|key| !key.is_empty());
    key.map(Some).ok_or_else(|| {
        let message = "The 'req_cnf' parameter is not the base64url of a JSON object with a 'kid'.";
        Refusal::bad_request("invalid_request", 901_003, message)
    })
}
