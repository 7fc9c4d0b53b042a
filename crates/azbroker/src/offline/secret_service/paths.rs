//! Where the objects of the secret service are on the bus.

use zbus::zvariant::OwnedObjectPath;

use super::store::ItemId;

/// The well-known name.
pub(super) const NAME: &str = "org.freedesktop.secrets";

/// The service itself.
pub(super) const SERVICE: &str = "/org/freedesktop/secrets";

/// A collection under its own name.
pub(super) fn collection(name: &str) -> OwnedObjectPath {
    path(format!("{COLLECTIONS}{name}"))
}

/// A collection under an alias.
pub(super) fn alias(alias: &str) -> OwnedObjectPath {
    path(format!("{ALIASES}{alias}"))
}

/// An item.
pub(super) fn item(id: &ItemId) -> OwnedObjectPath {
    path(format!("{COLLECTIONS}{}/{}", id.collection, id.number))
}

/// A session.
pub(super) fn session(number: u64) -> OwnedObjectPath {
    path(format!("{SERVICE}/session/s{number}"))
}

/// "No object": the answer where there is nothing to name, above all no prompt.
pub(super) fn none() -> OwnedObjectPath {
    OwnedObjectPath::default()
}

/// What a client means by a path.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// A collection under its own name.
    Collection(String),
    /// A collection under an alias.
    Alias(String),
    /// An item of a collection.
    Item(ItemId),
}

/// Reads a path; `None` if it can be nothing of ours. Whether the object exists is another question.
pub(super) fn read(path: &str) -> Option<Meaning> {
    if let Some(alias) = path.strip_prefix(ALIASES) {
        return is_element(alias).then(|| Meaning::Alias(alias.to_owned()));
    }
    let rest = path.strip_prefix(COLLECTIONS)?;
    match rest.split_once('/') {
        None => is_element(rest).then(|| Meaning::Collection(rest.to_owned())),
        Some((collection, number)) => {
            let number = number.parse().ok()?;
            Some(Meaning::Item(ItemId {
                collection: collection.to_owned(),
                number,
            }))
        }
    }
}

/// Whether `text` can be one element of an object path.
pub(super) fn is_element(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Builds a path from elements which are known to be good.
fn path(text: String) -> OwnedObjectPath {
    OwnedObjectPath::try_from(text).unwrap_or_default()
}

const COLLECTIONS: &str = "/org/freedesktop/secrets/collection/";
const ALIASES: &str = "/org/freedesktop/secrets/aliases/";
