//! The endpoint that gives device codes, and the page where they are entered.

use axum::{
    Json,
    body::Bytes,
    extract::{Extension, Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::{
    Entra, PUBLIC, Refusal,
    authority::Authority,
    authorize,
    authorize_request::{Addressee, AuthorizeRequest, Prompt},
    claims::Claims,
    device_codes::{Answer, DeviceGrant, LIFETIME_SECONDS},
    form::Form,
    pages,
    scopes::Scopes,
};
use crate::exchange::Notes;

/// Gives a pair of codes, see [RFC 8628 section 3.1](https://www.rfc-editor.org/rfc/rfc8628#section-3.1).
pub(super) async fn codes(
    State(entra): State<Entra>,
    Extension(notes): Extension<Notes>,
    Path(tenant): Path<String>,
    body: Bytes,
) -> Response {
    match issue(&entra, &notes, &tenant, &body) {
        Ok(codes) => ([(header::CACHE_CONTROL, "no-store")], Json(codes)).into_response(),
        Err(refusal) => refusal.into_json(&entra.cloud, &notes),
    }
}

/// The short address that people type.
pub(super) async fn short_address() -> Response {
    (StatusCode::FOUND, [(header::LOCATION, PAGE)]).into_response()
}

/// Asks for the code.
pub(super) async fn page() -> Response {
    pages::device_code("", None)
}

/// Goes on with the sign-in that the code was issued for.
pub(super) async fn entered(
    State(entra): State<Entra>,
    Extension(notes): Extension<Notes>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let cloud = &entra.cloud;
    let form = match Form::parse(&body) {
        Ok(form) => form,
        Err(refusal) => return pages::refused(cloud, &notes, &refusal),
    };
    let user_code = form.value("otc").unwrap_or_default();
    let (device_code, grant) = match cloud.device_codes.entered(cloud, user_code) {
        Ok(found) => found,
        Err(refusal) => return pages::device_code(user_code, Some(&refusal.sentence(&notes))),
    };
    notes.facts().client_id = Some(grant.client_id.clone());
    if form.value("decision") == Some("cancel") {
        cloud.device_codes.answer(&device_code, Answer::Declined);
        return pages::device_declined();
    }
    let request = AuthorizeRequest {
        authority: grant.authority,
        client_id: grant.client_id,
        application_name: grant.application_name,
        answer_to: Addressee::Device(device_code),
        scopes: grant.scopes,
        nonce: None,
        challenge: None,
        prompt: Prompt::Unspecified,
        login_hint: None,
        claims: Claims::default(),
        correlation_id: None,
    };
    authorize::begin(&entra, &notes, &headers, request)
}

fn issue(entra: &Entra, notes: &Notes, tenant: &str, body: &[u8]) -> Result<Value, Refusal> {
    let cloud = &entra.cloud;
    let form = Form::parse(body)?;
    notes.facts().client_id = form.value("client_id").map(str::to_owned);
    let authority = Authority::parse(cloud, tenant)?;
    let application = authority.application(cloud, form.required("client_id")?)?;
    let scopes = Scopes::parse(form.required("scope")?)?;
    notes.facts().scopes = scopes.requested().to_vec();
    let grant = DeviceGrant {
        instance: entra.instance,
        client_id: application.client_id.clone(),
        application_name: application.name.clone(),
        authority,
        scopes,
    };
    let codes = cloud.device_codes.issue(cloud, grant);
    let address = if entra.instance == PUBLIC {
        ADDRESS.to_owned()
    } else {
        format!("https://{}{PAGE}", entra.instance.hosts[0])
    };
    Ok(json!({
        "user_code": codes.user_code,
        "device_code": codes.device_code,
        "verification_uri": address,
        "expires_in": LIFETIME_SECONDS,
        "interval": INTERVAL_SECONDS,
        "message": format!(
            "To sign in, use a web browser to open the page {address} and enter the code {} to authenticate.",
            codes.user_code
        ),
    }))
}

const ADDRESS: &str = "https://login.microsoft.com/device";
const PAGE: &str = "/common/oauth2/deviceauth";

/// The real service has 5; tests need not wait that long.
const INTERVAL_SECONDS: u32 = 1;
