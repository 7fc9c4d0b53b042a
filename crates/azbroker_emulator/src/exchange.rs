//! One request and its answer: faults, the date, the ledger.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::{
    Router,
    body::Body,
    http::{HeaderValue, Method, Request, Response, StatusCode, Uri, header},
    response::IntoResponse,
};
use thiserror::Error;
use tower_service::Service;

use crate::{
    cloud::Cloud,
    entra::Refusal,
    faults::{Fault, Target},
    ledger::{Entry, Outcome},
    timestamp, vault,
};

/// The connection ends without an answer, on purpose.
#[derive(Debug, Error)]
#[error("a planned fault closes the connection")]
pub(crate) struct Dropped;

/// A service behind a host of the emulated cloud.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    pub(crate) kind: SiteKind,
    pub(crate) host: String,
    pub(crate) router: Router,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SiteKind {
    Entra,
    Vault,
    Metadata,
}

impl Site {
    fn target(&self, path: &str) -> Target {
        match self.kind {
            SiteKind::Vault => Target::Vault,
            SiteKind::Metadata => Target::Metadata,
            SiteKind::Entra if path.ends_with("/oauth2/v2.0/token") => Target::Token,
            SiteKind::Entra if path.ends_with("/oauth2/v2.0/authorize") => Target::Authorize,
            SiteKind::Entra if path.ends_with("/oauth2/v2.0/devicecode") => Target::DeviceCode,
            SiteKind::Entra if path.contains("/discovery/") || path.contains("/.well-known/") => {
                Target::Discovery
            }
            SiteKind::Entra => Target::SignIn,
        }
    }
}

/// What a handler learns about a request, for the ledger.
///
/// A clone is another handle to the same notes; requests carry one as an extension.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notes(Arc<Mutex<Facts>>);

/// The content of [`Notes`]; it holds no secret.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    pub(crate) refused: Option<(String, Option<u32>)>,
    pub(crate) grant_type: Option<String>,
    pub(crate) redeemed: Option<String>,
    pub(crate) client_id: Option<String>,
    pub(crate) username: Option<String>,
    pub(crate) scopes: Vec<String>,
    pub(crate) is_silent: bool,
    pub(crate) client_request_id: Option<String>,
}

impl Notes {
    pub(crate) fn facts(&self) -> MutexGuard<'_, Facts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn refused(&self, error: &str, aadsts: Option<u32>) {
        self.facts().refused = Some((error.to_owned(), aadsts));
    }
}

/// The refusal that a planned fault wants from the handler of the authorize endpoint.
#[derive(Clone, Debug)]
pub(crate) struct PlannedRefusal(pub(crate) Refusal);

/// Answers a request to a site, or breaks as planned, and writes the ledger.
pub(crate) async fn answer(
    cloud: &Cloud,
    site: &Site,
    mut request: Request<Body>,
) -> Result<Response<Body>, Dropped> {
    let target = site.target(request.uri().path());
    let notes = Notes::default();
    notes.facts().client_request_id = sent_request_id(site.kind, &request);
    let record = |method: &Method, uri: &Uri, status: Option<StatusCode>, faulted: bool| {
        record(cloud, site, target, &notes, (method, uri), status, faulted);
    };
    let (method, uri) = (request.method().clone(), request.uri().clone());

    let mut lose_answer = false;
    match cloud.faults.take(target) {
        None => {}
        Some(Fault::Delay(duration)) => cloud.clock.sleep(duration).await,
        Some(Fault::LoseAnswer) => lose_answer = true,
        Some(Fault::Drop) => {
            record(&method, &uri, None, true);
            return Err(Dropped);
        }
        Some(Fault::Hang) => {
            record(&method, &uri, None, true);
            return std::future::pending().await;
        }
        Some(Fault::Status { code, retry_after }) => {
            let mut response = StatusCode::from_u16(code)
                .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
                .into_response();
            if let Some(after) = retry_after {
                response
                    .headers_mut()
                    .insert(header::RETRY_AFTER, HeaderValue::from(after.as_secs()));
            }
            record(&method, &uri, Some(response.status()), true);
            return Ok(dated(cloud, response));
        }
        Some(Fault::Oauth {
            error,
            aadsts,
            suberror,
            claims,
        }) => {
            if target == Target::Vault {
                let response = vault::claims_challenge(&error, claims.as_deref(), &notes);
                record(&method, &uri, Some(response.status()), true);
                return Ok(dated(cloud, response));
            }
            let refusal = Refusal::planned(error, aadsts, suberror, claims);
            if target == Target::Authorize {
                request.extensions_mut().insert(PlannedRefusal(refusal));
            } else {
                let response = refusal.into_json(cloud, &notes);
                record(&method, &uri, Some(response.status()), true);
                return Ok(dated(cloud, response));
            }
        }
    }

    request.extensions_mut().insert(notes.clone());
    // A router is always ready and cannot fail.
    let Ok(response) = site.router.clone().call(request).await;
    if lose_answer {
        record(&method, &uri, None, true);
        return Err(Dropped);
    }
    record(&method, &uri, Some(response.status()), false);
    Ok(dated(cloud, response))
}

/// Puts the emulator's time on an answer.
pub(crate) fn dated(cloud: &Cloud, mut response: Response<Body>) -> Response<Body> {
    if let Ok(date) = HeaderValue::try_from(timestamp::http_date(cloud.clock.now())) {
        response.headers_mut().insert(header::DATE, date);
    }
    response
}

fn record(
    cloud: &Cloud,
    site: &Site,
    target: Target,
    notes: &Notes,
    (method, uri): (&Method, &Uri),
    status: Option<StatusCode>,
    faulted: bool,
) {
    let facts = notes.facts().clone();
    let outcome = match facts.refused {
        Some((error, aadsts)) => Outcome::Refused { error, aadsts },
        None if faulted => Outcome::Fault,
        None => match status {
            Some(status) if status.is_client_error() || status.is_server_error() => {
                Outcome::Refused {
                    error: status
                        .canonical_reason()
                        .unwrap_or_default()
                        .replace(' ', ""),
                    aadsts: None,
                }
            }
            _ => Outcome::Answered,
        },
    };
    let entry = Entry {
        sequence: 0,
        time: cloud.clock.now(),
        target,
        host: site.host.clone(),
        method: method.to_string(),
        path: uri.path().to_owned(),
        status: status.map(|status| status.as_u16()),
        outcome,
        grant_type: facts.grant_type,
        redeemed: facts.redeemed,
        client_id: facts.client_id,
        username: facts.username,
        scopes: facts.scopes,
        is_silent: facts.is_silent,
        client_request_id: facts.client_request_id,
    };
    tracing::debug!(
        host = entry.host,
        method = entry.method,
        path = entry.path,
        status = entry.status,
        aadsts = entry.aadsts(),
        correlation_id = entry.client_request_id,
        "answered"
    );
    cloud.ledger.record(entry);
}

/// The client's ID of the request, from where clients put it; a body may name it later.
fn sent_request_id(kind: SiteKind, request: &Request<Body>) -> Option<String> {
    let name = match kind {
        SiteKind::Vault => "x-ms-client-request-id",
        SiteKind::Entra | SiteKind::Metadata => "client-request-id",
    };
    let header = request
        .headers()
        .get(name)
        .and_then(|value| value.to_str().ok())
        .and_then(correlation_id);
    header.or_else(|| {
        let query = request.uri().query()?;
        let (_, value) =
            url::form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name)?;
        correlation_id(&value)
    })
}

/// A correlation ID is a GUID; anything else is not echoed.
pub(crate) fn correlation_id(text: &str) -> Option<String> {
    let id = uuid::Uuid::try_parse(text).ok()?;
    Some(id.hyphenated().to_string())
}
