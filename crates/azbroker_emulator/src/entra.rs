//! The emulated Entra ID.

mod authority;
mod authorize;
mod authorize_request;
mod claims;
mod confirmation;
mod device;
mod device_codes;
mod discovery;
mod form;
mod grants;
mod instance;
mod pages;
mod redirect_uri;
mod refusal;
mod scopes;
mod sealing_key;
mod sign_in_steps;
mod sign_ins;
mod signing_key;
mod token;
mod tokens;

use std::sync::Arc;

use axum::{
    Router,
    extract::{Extension, State},
    http::{StatusCode, Uri},
    response::Response,
    routing::{get, post},
};

use crate::{cloud::Cloud, exchange::Notes};

pub(crate) use device_codes::DeviceCodes;
pub(crate) use grants::Grants;
pub(crate) use instance::{INSTANCES, Instance, PUBLIC};
pub(crate) use refusal::Refusal;
pub(crate) use sealing_key::SealingKey;
pub(crate) use sign_ins::SignIns;
pub(crate) use signing_key::{KeyError, SigningKey, TokenFault};
pub(crate) use tokens::REVOCATIONS_CLAIM;

/// What the handlers work on.
#[derive(Clone)]
struct Entra {
    cloud: Arc<Cloud>,
    instance: &'static Instance,
    host: &'static str,
}

/// Makes the service of a cloud for one of its hosts.
pub(crate) fn router(cloud: Arc<Cloud>, instance: &'static Instance, host: &'static str) -> Router {
    Router::new()
        .route("/{tenant}/discovery/instance", get(discovery::instance))
        .route(
            "/{tenant}/.well-known/openid-configuration",
            get(discovery::document),
        )
        .route(
            "/{tenant}/v2.0/.well-known/openid-configuration",
            get(discovery::document),
        )
        .route("/{tenant}/discovery/keys", get(discovery::keys))
        .route("/{tenant}/discovery/v2.0/keys", get(discovery::keys))
        .route(
            "/{tenant}/oauth2/v2.0/authorize",
            get(authorize::by_query).post(authorize::by_form),
        )
        .route("/{tenant}/oauth2/v2.0/token", post(token::redeem))
        .route("/{tenant}/oauth2/v2.0/devicecode", post(device::codes))
        .route("/device", get(device::short_address))
        .route(
            "/{tenant}/oauth2/deviceauth",
            get(device::page).post(device::entered),
        )
        .route(
            "/{tenant}/oauth2/nativeclient",
            get(authorize::native_client),
        )
        .route("/{tenant}/login/account", post(sign_in_steps::account))
        .route("/{tenant}/login/username", post(sign_in_steps::username))
        .route("/{tenant}/login/password", post(sign_in_steps::password))
        .route("/{tenant}/login/consent", post(sign_in_steps::consent))
        .route("/favicon.ico", get(no_icon))
        .fallback(not_emulated)
        .method_not_allowed_fallback(wrong_method)
        .with_state(Entra {
            cloud,
            instance,
            host,
        })
}

/// Browsers ask for an icon of their own accord, also beside answers that are no page.
async fn no_icon() -> StatusCode {
    StatusCode::NO_CONTENT
}

async fn not_emulated(
    State(entra): State<Entra>,
    Extension(notes): Extension<Notes>,
    uri: Uri,
) -> Response {
    tracing::warn!(
        host = entra.host,
        path = uri.path(),
        "a path was asked for that is not emulated"
    );
    let message = format!("The emulator has nothing at '{}'.", uri.path());
    Refusal::new(StatusCode::NOT_FOUND, "invalid_request", 900_561, message)
        .into_json(&entra.cloud, &notes)
}

async fn wrong_method(State(entra): State<Entra>, Extension(notes): Extension<Notes>) -> Response {
    let message = "The endpoint does not accept requests of this method.";
    Refusal::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "invalid_request",
        900_561,
        message,
    )
    .into_json(&entra.cloud, &notes)
}
