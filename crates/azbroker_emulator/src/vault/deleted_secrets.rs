//! The routes below `/deletedsecrets`.

use axum::{
    extract::{Extension, Path, State},
    http::{StatusCode, Uri},
    response::{IntoResponse, Response},
};

use super::{
    ApiVersion, Site,
    access::{Action, Caller},
    page::PageRequest,
    secrets::{answer, checked},
    wire,
};
use crate::exchange::Notes;

pub(super) async fn one(
    State(site): State<Site>,
    Extension(notes): Extension<Notes>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
) -> Response {
    answer(&notes, || {
        caller.may(Action::List, &site)?;
        checked(&name)?;
        Ok(wire::deleted_bundle(&site, &site.store().deleted(&name)?))
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
        let secrets = site.store().all_deleted();
        let items = secrets.iter().map(|secret| {
            (
                secret.name.to_ascii_lowercase(),
                wire::deleted_item(&site, secret),
            )
        });
        Ok(page.cut(&site, items))
    })
}

pub(super) async fn recover(
    State(site): State<Site>,
    Extension(notes): Extension<Notes>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
) -> Response {
    answer(&notes, || {
        caller.may(Action::Recover, &site)?;
        checked(&name)?;
        let secret = site.store().recover(&name)?;
        Ok(wire::bundle_without_value(
            &site,
            &secret.name,
            secret.latest(),
        ))
    })
}

pub(super) async fn purge(
    State(site): State<Site>,
    Extension(notes): Extension<Notes>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
) -> Response {
    let purged = caller
        .may(Action::Purge, &site)
        .and_then(|()| checked(&name))
        .and_then(|()| site.store().purge(&name));
    match purged {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(refusal) => refusal.into_response(&notes),
    }
}
