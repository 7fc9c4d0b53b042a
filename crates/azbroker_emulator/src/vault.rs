//! The emulated Key Vault: its secrets.

mod access;
mod api_version;
mod deleted_secrets;
mod page;
mod proof;
mod refusal;
mod secrets;
mod store;
mod wire;

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::{Extension, Path, Request, State},
    http::{StatusCode, Uri},
    middleware::{self, Next},
    response::Response,
    routing::{get, post},
};

use crate::{cloud::Cloud, exchange::Notes, world::Vault};

use access::Caller;
pub(crate) use access::claims_challenge;
use api_version::ApiVersion;
pub(crate) use proof::Seen;
use refusal::VaultRefusal;
pub(crate) use store::VaultStore;

/// The domain that vaults are under.
pub(crate) const DOMAIN: &str = "vault.azure.net";

/// What the handlers of one vault work on.
#[derive(Clone)]
struct Site {
    cloud: Arc<Cloud>,
    /// The vault's name in lower case.
    name: String,
}

impl Site {
    fn store(&self) -> &VaultStore {
        &self.cloud.vaults[&self.name]
    }

    fn vault(&self) -> &Vault {
        self.cloud
            .world
            .vaults
            .iter()
            .find(|vault| vault.name.eq_ignore_ascii_case(&self.name))
            .expect("a site is made of a vault of the world, which does not change")
    }

    fn host(&self) -> String {
        format!("{}.{DOMAIN}", self.name)
    }

    fn url(&self) -> String {
        format!("https://{}", self.host())
    }
}

/// What a vault answers that is not in the world: it is named, with those that are.
///
/// The real cloud has no such host. Clients try again for a minute and more when a connection fails, and then
/// name the connection; a plain no they show at once.
pub(crate) fn absent_router(cloud: &Cloud, name: &str) -> Router {
    let mut known: Vec<_> = cloud
        .world
        .vaults
        .iter()
        .map(|vault| vault.name.as_str())
        .collect();
    known.sort_unstable();
    let message = match known.as_slice() {
        [] => format!("the emulated world has no vault '{name}', nor any other"),
        known => format!(
            "the emulated world has no vault '{name}'; it has {}",
            known.join(", ")
        ),
    };
    Router::new().fallback(move |Extension(notes): Extension<Notes>| {
        let refusal = VaultRefusal::new(StatusCode::NOT_FOUND, "VaultNotFound", message.clone());
        async move { refusal.into_response(&notes) }
    })
}

/// Makes the service of one vault.
pub(crate) fn router(cloud: Arc<Cloud>, name: &str) -> Router {
    let site = Site {
        cloud,
        name: name.to_owned(),
    };
    Router::new()
        .route("/secrets", get(secrets::list))
        .route("/secrets/", get(secrets::list))
        .route(
            "/secrets/{name}",
            get(secrets::latest)
                .put(secrets::set)
                .patch(secrets::update_latest)
                .delete(secrets::delete)
                .post(restore),
        )
        .route(
            "/secrets/{name}/",
            get(secrets::latest)
                .put(secrets::set)
                .patch(secrets::update_latest)
                .delete(secrets::delete),
        )
        .route("/secrets/{name}/versions", get(secrets::list_versions))
        .route("/secrets/{name}/backup", post(no_backup))
        .route(
            "/secrets/{name}/{version}",
            get(secrets::version).patch(secrets::update_version),
        )
        .route("/deletedsecrets", get(deleted_secrets::list))
        .route("/deletedsecrets/", get(deleted_secrets::list))
        .route(
            "/deletedsecrets/{name}",
            get(deleted_secrets::one).delete(deleted_secrets::purge),
        )
        .route(
            "/deletedsecrets/{name}/",
            get(deleted_secrets::one).delete(deleted_secrets::purge),
        )
        .route(
            "/deletedsecrets/{name}/recover",
            post(deleted_secrets::recover),
        )
        .fallback(not_emulated)
        .method_not_allowed_fallback(wrong_method)
        // Around everything: a request without a token learns nothing, not even which paths there are.
        .layer(middleware::from_fn_with_state(site.clone(), admit))
        .with_state(site)
}

/// Lets a request with a good token and an API version through.
async fn admit(
    State(site): State<Site>,
    Extension(notes): Extension<Notes>,
    mut request: Request<Body>,
    next: Next,
) -> Response {
    let caller = match Caller::of(&site, &request) {
        Ok(caller) => caller,
        Err(refusal) => return refusal.into_response(&notes),
    };
    {
        let mut facts = notes.facts();
        facts.username = Some(caller.username.clone());
        facts.client_id = Some(caller.client_id.clone());
    }
    let version = match ApiVersion::of(request.uri()) {
        Ok(version) => version,
        Err(refusal) => return refusal.into_response(&notes),
    };
    request.extensions_mut().insert(caller);
    request.extensions_mut().insert(version);
    next.run(request).await
}

async fn no_backup(Extension(notes): Extension<Notes>) -> Response {
    VaultRefusal::new(
        StatusCode::NOT_IMPLEMENTED,
        "NotSupported",
        "The emulator has no backup and restore of secrets.",
    )
    .into_response(&notes)
}

/// `POST /secrets/restore` is an operation; other methods take the word as a name.
async fn restore(notes: Extension<Notes>, Path(name): Path<String>) -> Response {
    if name == "restore" {
        no_backup(notes).await
    } else {
        wrong_method(notes).await
    }
}

async fn not_emulated(Extension(notes): Extension<Notes>, uri: Uri) -> Response {
    let message = format!(
        "The emulator's vaults have secrets only, and nothing at '{}'.",
        uri.path()
    );
    VaultRefusal::new(StatusCode::NOT_IMPLEMENTED, "NotSupported", message).into_response(&notes)
}

async fn wrong_method(Extension(notes): Extension<Notes>) -> Response {
    let message = "The path does not accept requests of this method.";
    VaultRefusal::new(StatusCode::METHOD_NOT_ALLOWED, "BadParameter", message).into_response(&notes)
}
