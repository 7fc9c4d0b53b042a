//! The routes below `/secrets`.

use axum::{
    Json,
    body::Bytes,
    extract::{Extension, Path, State},
    http::Uri,
    response::{IntoResponse, Response},
};
use serde_json::Value;

use super::{
    ApiVersion, Site, VaultRefusal,
    access::{Action, Caller},
    page::PageRequest,
    store::{Secret, Version},
    wire::{self, SecretBody},
};
use crate::{exchange::Notes, ledger::SecretKind, world::is_secret_name};

pub(super) async fn latest(
    State(site): State<Site>,
    Extension(notes): Extension<Notes>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
) -> Response {
    answer(&notes, || {
        let secret = found(&site, &caller, Action::Get, &name)?;
        shown(&site, &secret, secret.latest())
    })
}

pub(super) async fn version(
    State(site): State<Site>,
    Extension(notes): Extension<Notes>,
    Extension(caller): Extension<Caller>,
    Path((name, id)): Path<(String, String)>,
) -> Response {
    answer(&notes, || {
        let secret = found(&site, &caller, Action::Get, &name)?;
        let version = secret.versions().iter().find(|version| version.id == id);
        shown(
            &site,
            &secret,
            version.ok_or_else(|| VaultRefusal::not_found(&format!("{name}/{id}")))?,
        )
    })
}

pub(super) async fn set(
    State(site): State<Site>,
    Extension(notes): Extension<Notes>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
    body: Bytes,
) -> Response {
    answer(&notes, || {
        caller.may(Action::Set, &site)?;
        checked(&name)?;
        let mut body = SecretBody::parse(&body)?;
        let Some(value) = body.value.take() else {
            return Err(VaultRefusal::bad_parameter(
                "The property 'value' is required.",
            ));
        };
        site.cloud.ledger.knows(SecretKind::VaultValue, &value);
        let secret = site
            .store()
            .set(&name, value, body.changes(), site.cloud.clock.unix())?;
        Ok(wire::bundle(&site, &secret.name, secret.latest()))
    })
}

pub(super) async fn update_latest(
    State(site): State<Site>,
    Extension(notes): Extension<Notes>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
    body: Bytes,
) -> Response {
    answer(&notes, || update(&site, &caller, &name, None, &body))
}

pub(super) async fn update_version(
    State(site): State<Site>,
    Extension(notes): Extension<Notes>,
    Extension(caller): Extension<Caller>,
    Path((name, id)): Path<(String, String)>,
    body: Bytes,
) -> Response {
    answer(&notes, || update(&site, &caller, &name, Some(&id), &body))
}

pub(super) async fn delete(
    State(site): State<Site>,
    Extension(notes): Extension<Notes>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
) -> Response {
    answer(&notes, || {
        found(&site, &caller, Action::Delete, &name)?;
        let secret = site.store().delete(&name, site.cloud.clock.unix())?;
        Ok(wire::deleted_bundle(&site, &secret))
    })
}

pub(super) async fn list(
    State(site): State<Site>,
    Extension(notes): Extension<Notes>,
    Extension(caller): Extension<Caller>,
    Extension(api_version): Extension<ApiVersion>,
    uri: Uri,
) -> Response {
    answer(&notes, || {
        caller.may(Action::List, &site)?;
        let page = PageRequest::of(&uri, api_version)?;
        let secrets = site.store().all();
        let items = secrets
            .iter()
            .map(|secret| (secret.name.to_ascii_lowercase(), wire::item(&site, secret)));
        Ok(page.cut(&site, items))
    })
}

pub(super) async fn list_versions(
    State(site): State<Site>,
    Extension(notes): Extension<Notes>,
    Extension(caller): Extension<Caller>,
    Extension(api_version): Extension<ApiVersion>,
    Path(name): Path<String>,
    uri: Uri,
) -> Response {
    answer(&notes, || {
        let secret = found(&site, &caller, Action::List, &name)?;
        let page = PageRequest::of(&uri, api_version)?;
        let items = secret
            .versions()
            .iter()
            .enumerate()
            .map(|(number, version)| {
                // Oldest first; the number makes a key that sorts so.
                (
                    format!("{number:08}"),
                    wire::bundle_without_value(&site, &secret.name, version),
                )
            });
        Ok(page.cut(&site, items))
    })
}

/// Runs the body of a handler and writes what it returns.
pub(super) fn answer(
    notes: &Notes,
    body: impl FnOnce() -> Result<Value, VaultRefusal>,
) -> Response {
    match body() {
        Ok(value) => Json(value).into_response(),
        Err(refusal) => refusal.into_response(notes),
    }
}

/// Refuses what cannot be the name of a secret.
pub(super) fn checked(name: &str) -> Result<(), VaultRefusal> {
    if is_secret_name(name) {
        return Ok(());
    }
    let message = format!(
        "The request URI contains an invalid name: {name}. A secret's name has 1 to 127 letters, digits and hyphens."
    );
    Err(VaultRefusal::bad_parameter(message))
}

fn found(site: &Site, caller: &Caller, action: Action, name: &str) -> Result<Secret, VaultRefusal> {
    caller.may(action, site)?;
    checked(name)?;
    site.store().secret(name)
}

fn shown(site: &Site, secret: &Secret, version: &Version) -> Result<Value, VaultRefusal> {
    if !version.properties.enabled {
        return Err(VaultRefusal::forbidden(
            "SecretDisabled",
            "Operation get is not allowed on a disabled secret.",
        ));
    }
    Ok(wire::bundle(site, &secret.name, version))
}

fn update(
    site: &Site,
    caller: &Caller,
    name: &str,
    id: Option<&str>,
    body: &[u8],
) -> Result<Value, VaultRefusal> {
    caller.may(Action::Update, site)?;
    checked(name)?;
    let body = SecretBody::parse(body)?;
    if body.value.is_some() {
        return Err(VaultRefusal::bad_parameter(
            "The value cannot be updated; set a new version.",
        ));
    }
    let (name, version) = site
        .store()
        .update(name, id, body.changes(), site.cloud.clock.unix())?;
    Ok(wire::bundle_without_value(site, &name, &version))
}
