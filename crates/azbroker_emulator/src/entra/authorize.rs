//! The authorize endpoint: the first page of a sign-in, or the answer when none is needed.

use axum::{
    body::Bytes,
    extract::{Extension, Path, RawQuery, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use super::{
    Entra, Refusal,
    authorize_request::{Addressee, AnswerTo, AuthorizeRequest, Prompt, Rejection, ResponseMode},
    device_codes::Answer,
    form::Form,
    grants::CodeGrant,
    pages::{self, View},
    sign_ins::Stage,
    tokens,
};
use crate::{
    cloud::Account,
    exchange::{Notes, PlannedRefusal},
    random,
    world::Consent,
};

pub(super) async fn by_query(
    State(entra): State<Entra>,
    Extension(notes): Extension<Notes>,
    planned: Option<Extension<PlannedRefusal>>,
    Path(tenant): Path<String>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    start(
        &entra,
        &notes,
        planned,
        &tenant,
        &headers,
        query.unwrap_or_default().as_bytes(),
    )
}

pub(super) async fn by_form(
    State(entra): State<Entra>,
    Extension(notes): Extension<Notes>,
    planned: Option<Extension<PlannedRefusal>>,
    Path(tenant): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    start(&entra, &notes, planned, &tenant, &headers, &body)
}

/// The page that programs without a listener redirect to, to read the code from the address.
pub(super) async fn native_client() -> Response {
    pages::native_client()
}

/// Reads a cookie of the emulator's own.
pub(super) fn cookie(headers: &HeaderMap, name: &str) -> String {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(key, value)| (key == name).then(|| value.to_owned()))
        .unwrap_or_default()
}

/// Sets a cookie that only this host sees, and no script; see
/// [RFC 6265bis section 4.1.3.2](https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis#section-4.1.3.2).
pub(super) fn set_cookie(response: &mut Response, name: &str, value: &str) {
    let cookie = format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax");
    if let Ok(cookie) = HeaderValue::try_from(cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

/// Goes on with an account that is signed in: consent, or the end.
pub(super) fn signed_in(
    entra: &Entra,
    notes: &Notes,
    id: &str,
    request: &AuthorizeRequest,
    account: Account,
) -> Response {
    let cloud = &entra.cloud;
    let user = cloud.user(account);
    notes.facts().username = Some(user.username.clone());
    let Some(application) = cloud.application(account, &request.client_id) else {
        // The application is known in another tenant, but not in the user's own.
        cloud.sign_ins.finish(id);
        let refusal = Refusal::unknown_application(&request.client_id, &cloud.tenant(account).name);
        return pages::refused(cloud, notes, &refusal);
    };
    let agreed = application.consent == Consent::Granted
        || cloud.sign_ins.has_consent(account, &request.client_id);
    if !agreed || request.prompt == Prompt::Consent {
        if request.prompt == Prompt::None {
            cloud.sign_ins.finish(id);
            let message = format!(
                "The user or administrator has not consented to use the application '{}'.",
                request.client_id
            );
            let refusal = Refusal::bad_request("interaction_required", 65_001, message)
                .with_suberror("consent_required");
            return refuse(entra, notes, &request.answer_to, &refusal);
        }
        cloud.sign_ins.advance(id, Stage::Consent(account));
        return pages::consent(
            &View::new(entra, id, request),
            user,
            request.scopes.requested(),
        );
    }
    finish(entra, notes, id, request, account)
}

/// Ends a sign-in with a code.
pub(super) fn finish(
    entra: &Entra,
    notes: &Notes,
    id: &str,
    request: &AuthorizeRequest,
    account: Account,
) -> Response {
    let cloud = &entra.cloud;
    if !cloud.sign_ins.finish(id) {
        return pages::refused(cloud, notes, &lost_sign_in());
    }
    notes.facts().username = Some(cloud.user(account).username.clone());
    let to = match &request.answer_to {
        Addressee::Application(to) => to,
        Addressee::Device(code) => {
            cloud.device_codes.answer(code, Answer::SignedIn(account));
            return pages::device_signed_in(&request.application_name);
        }
    };
    let code = cloud.grants.issue_code(
        cloud,
        CodeGrant {
            instance: entra.instance,
            account,
            client_id: request.client_id.clone(),
            redirect_uri: to.redirect_uri.as_str().to_owned(),
            challenge: request.challenge.clone(),
            nonce: request.nonce.clone(),
            scopes: request.scopes.clone(),
            claims: request.claims.clone(),
        },
    );
    let mut parameters = vec![("code", code)];
    if to.client_info {
        parameters.push(("client_info", tokens::client_info(cloud, account)));
    }
    parameters.push(("session_state", random::guid()));
    answer(to, parameters)
}

/// Ends a sign-in with an error that the application learns of.
pub(super) fn refuse(entra: &Entra, notes: &Notes, to: &Addressee, refusal: &Refusal) -> Response {
    let to = match to {
        Addressee::Application(to) => to,
        Addressee::Device(code) => {
            refusal.sentence(notes);
            entra.cloud.device_codes.answer(code, Answer::Declined);
            return pages::device_declined();
        }
    };
    let written = refusal.written(&entra.cloud, notes);
    answer(
        to,
        vec![
            ("error", written.error),
            ("error_description", written.error_description),
            ("error_uri", written.error_uri),
        ],
    )
}

/// The page for a form whose sign-in is over, or belongs to another browser.
pub(super) fn lost_sign_in() -> Refusal {
    let message =
        "Invalid request: this sign-in is over, or was started in another browser. Start again.";
    Refusal::bad_request("invalid_request", 165_000, message)
}

pub(super) const BROWSER_COOKIE: &str = "__Host-browser";
pub(super) const SESSION_COOKIE: &str = "__Host-session";

fn start(
    entra: &Entra,
    notes: &Notes,
    planned: Option<Extension<PlannedRefusal>>,
    tenant: &str,
    headers: &HeaderMap,
    parameters: &[u8],
) -> Response {
    let cloud = &entra.cloud;
    let request = Form::parse(parameters)
        .map_err(Rejection::Page)
        .and_then(|form| AuthorizeRequest::parse(cloud, notes, tenant, &form));
    let request = match request {
        Ok(request) => request,
        Err(Rejection::Page(refusal)) => return pages::refused(cloud, notes, &refusal),
        Err(Rejection::Redirect(to, refusal)) => {
            return refuse(entra, notes, &Addressee::Application(*to), &refusal);
        }
    };
    if let Some(Extension(PlannedRefusal(refusal))) = planned {
        return refuse(entra, notes, &request.answer_to, &refusal);
    }
    begin(entra, notes, headers, request)
}

/// Shows the first page of a sign-in, or ends it where none is needed.
pub(super) fn begin(
    entra: &Entra,
    notes: &Notes,
    headers: &HeaderMap,
    request: AuthorizeRequest,
) -> Response {
    let cloud = &entra.cloud;
    let mut accounts = cloud
        .sign_ins
        .accounts(cloud, &cookie(headers, SESSION_COOKIE));
    accounts.retain(|account| request.authority.admits(*account));

    let mut browser = cookie(headers, BROWSER_COOKIE);
    let is_new = browser.is_empty();
    if is_new {
        browser = random::token();
    }
    let id = cloud.sign_ins.start(cloud, &browser, request.clone());
    let mut response = first_step(entra, notes, &id, &request, &accounts);
    if is_new {
        set_cookie(&mut response, BROWSER_COOKIE, &browser);
    }
    response
}

fn first_step(
    entra: &Entra,
    notes: &Notes,
    id: &str,
    request: &AuthorizeRequest,
    accounts: &[Account],
) -> Response {
    let cloud = &entra.cloud;
    let view = View::new(entra, id, request);
    let hinted = request.login_hint.as_deref();
    let hinted_account = hinted.and_then(|hint| request.authority.account(cloud, hint));

    if request.prompt == Prompt::SelectAccount && !accounts.is_empty() {
        return pages::accounts(
            &view,
            &accounts
                .iter()
                .map(|account| cloud.user(*account))
                .collect::<Vec<_>>(),
        );
    }
    if request.prompt != Prompt::Login && request.prompt != Prompt::SelectAccount {
        let session = match hinted {
            Some(_) => hinted_account.filter(|account| accounts.contains(account)),
            // Silence means the last one who signed in; otherwise the user chooses among several.
            None if accounts.len() == 1 || request.prompt == Prompt::None => {
                accounts.last().copied()
            }
            None => None,
        };
        if let Some(account) = session {
            return signed_in(entra, notes, id, request, account);
        }
        if request.prompt == Prompt::None {
            cloud.sign_ins.finish(id);
            let message = "A silent sign-in request was sent but no user is signed in.";
            let refusal = Refusal::bad_request("login_required", 50_058, message);
            return refuse(entra, notes, &request.answer_to, &refusal);
        }
        if hinted.is_none() && accounts.len() > 1 {
            return pages::accounts(
                &view,
                &accounts
                    .iter()
                    .map(|account| cloud.user(*account))
                    .collect::<Vec<_>>(),
            );
        }
    }
    match hinted_account {
        Some(account) => {
            cloud.sign_ins.advance(id, Stage::Password(account));
            pages::password(&view, &cloud.user(account).username, None)
        }
        None => pages::username(&view, hinted.unwrap_or_default(), None),
    }
}

fn answer(to: &AnswerTo, mut parameters: Vec<(&'static str, String)>) -> Response {
    if let Some(state) = &to.state {
        parameters.push(("state", state.clone()));
    }
    let location = match to.response_mode {
        ResponseMode::Query => to.redirect_uri.with_query(&parameters),
        ResponseMode::Fragment => to.redirect_uri.with_fragment(&parameters),
        ResponseMode::FormPost => return pages::form_post(&to.redirect_uri, &parameters),
    };
    let headers = [
        (header::LOCATION, location.as_str()),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    (StatusCode::FOUND, headers).into_response()
}
