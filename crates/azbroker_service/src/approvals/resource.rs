#[cfg(test)]
mod tests;

use azbroker_entra::Scopes;
use azure_core::Uuid;
use std::fmt;

/// What a token is for: the scopes without the permissions, such as `https://vault.azure.net`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Resource(String);

/// Why what somebody typed is no resource.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ResourceError {
    /// It is neither a URI nor a GUID.
    #[error("'{0}' is no resource: give one such as https://vault.azure.net")]
    NoName(String),
    /// Its end may be a permission.
    #[error(
        "'{typed}' may be a resource or a scope of one: give {typed}/.default or {of}/.default"
    )]
    ResourceOrScope {
        /// What was typed.
        typed: String,
        /// The resource if it is a scope.
        of: String,
    },
    /// It is one of those that a token for the whole opens.
    #[error("'{part}' is no resource by itself: give {of}, which its tokens are for")]
    Part {
        /// What was typed.
        part: String,
        /// The resource.
        of: &'static str,
    },
}

impl Resource {
    /// The resource of a request's scopes. Entra ID takes one a request; if there are more, all are named.
    pub(crate) fn of(scopes: &Scopes) -> Self {
        let resources = scopes.iter().filter_map(resource).collect::<Vec<_>>();
        match resources.is_empty() {
            // Whoever asks for a sign-in alone is given an access token for Microsoft Graph with it.
            true => Self(GRAPH.to_owned()),
            false => Self::together(resources),
        }
    }

    /// Reads what somebody typed: a resource, a scope of one, or the host of one of Azure's own. It is what a request
    /// with that scope is for.
    ///
    /// # Errors
    ///
    /// When no request is for such a thing, or it could be two things.
    pub fn typed(text: &str) -> Result<Self, ResourceError> {
        let typed = text.trim().to_ascii_lowercase();
        let no_name = || ResourceError::NoName(text.to_owned());
        if !is_one_word(&typed) {
            return Err(no_name());
        }
        match Named::read(&typed) {
            Named::WellKnown(address) => Ok(Self(address.to_owned())),
            Named::ByUri { name, permission } => {
                if let Some(of) = whole_of(name) {
                    return Err(ResourceError::Part { part: typed, of });
                }
                let of = name.to_owned();
                match permission.is_empty() || PERMISSIONS.contains(&permission) {
                    true => Ok(Self(of)),
                    false => Err(ResourceError::ResourceOrScope { typed, of }),
                }
            }
            Named::ByGuid(guid) => Ok(Self(guid.to_owned())),
            Named::Otherwise(_) => Err(no_name()),
        }
    }

    /// Reads what [`Display`](fmt::Display) wrote, and what earlier versions took from somebody who typed it. `None`
    /// where no request can be told to be for it.
    pub(super) fn written(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase();
        let words = text.split(' ').map(|word| match Named::read(word) {
            _ if !is_one_word(word) => None,
            // With a permission it is less than the whole, of which a rule would be.
            Named::WellKnown(_) if !is_name_of_well_known(without_permission(word)) => None,
            Named::WellKnown(address) => Some(address.to_owned()),
            Named::ByUri { name, .. } if whole_of(name).is_some() => None,
            // There are no permissions in it, but where one was typed.
            Named::ByUri { .. } => Some(without_permission(word).to_owned()),
            Named::ByGuid(guid) => Some(guid.to_owned()),
            Named::Otherwise(_) => None,
        });
        words.collect::<Option<Vec<_>>>().map(Self::together)
    }

    /// Takes what a request was for, as [`Display`](fmt::Display) wrote it.
    pub(super) fn of_request(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// Whether all that this one names is among what another one names, by one name or another.
    pub(super) fn is_part_of(&self, other: &Self) -> bool {
        let mut names = self.0.split(' ').map(without_api);
        names.all(|name| {
            other
                .0
                .split(' ')
                .map(without_api)
                .any(|other| other == name)
        })
    }

    fn together(mut resources: Vec<String>) -> Self {
        resources.sort_unstable();
        resources.dedup();
        Self(resources.join(" "))
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How a word in lower case names a resource.
enum Named<'a> {
    /// As one of Azure's own, by any of its names, with a permission or without.
    WellKnown(&'static str),
    /// By a URI, and what follows it, which is a permission if the word is a scope.
    ByUri { name: &'a str, permission: &'a str },
    /// By its application ID, with a permission or without.
    ByGuid(&'a str),
    /// By what is neither, with a permission; by itself that is one of Microsoft Graph.
    Otherwise(&'a str),
}

impl<'a> Named<'a> {
    fn read(word: &'a str) -> Self {
        if let Some(address) = well_known(word) {
            return Self::WellKnown(address);
        }
        let path = path_of(word);
        let (name, permission) = match word[path..].rsplit_once('/') {
            Some((before, permission)) => (&word[..path + before.len()], permission),
            None if path > 0 || is_guid(word) => (word, ""),
            None => (GRAPH, word),
        };
        let name = without_permission(name);
        match name {
            _ if path > 0 => Self::ByUri { name, permission },
            _ if is_guid(name) => Self::ByGuid(name),
            _ => Self::Otherwise(name),
        }
    }
}

/// The resource of a scope; OpenID's own have none.
fn resource(scope: &str) -> Option<String> {
    const OF_OPENID: [&str; 4] = ["openid", "profile", "offline_access", "email"];
    let scope = scope.to_ascii_lowercase();
    if OF_OPENID.contains(&&*scope) {
        return None;
    }
    let name = match Named::read(&scope) {
        Named::WellKnown(name)
        | Named::ByUri { name, .. }
        | Named::ByGuid(name)
        | Named::Otherwise(name) => name,
    };
    Some(name.to_owned())
}

/// A name without the permissions that are none of a resource's path.
fn without_permission(name: &str) -> &str {
    let (mut end, path) = (name.len(), path_of(name));
    loop {
        let rest = name[path..end].trim_end_matches('/');
        let shorter = PERMISSIONS
            .iter()
            .find_map(|permission| rest.strip_suffix(permission)?.strip_suffix('/'));
        end = path + rest.len();
        match shorter {
            Some(shorter) => end = path + shorter.len(),
            None => return &name[..end],
        }
    }
}

/// Where a URI's host and path begin; 0 in what is none.
fn path_of(word: &str) -> usize {
    let is_scheme = |scheme: &str| {
        let mut letters = scheme.chars();
        letters.next().is_some_and(|c| c.is_ascii_alphabetic())
            && letters.all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
    };
    match word.split_once("://") {
        Some((scheme, path)) if is_scheme(scheme) && !path.starts_with('/') && !path.is_empty() => {
            scheme.len() + "://".len()
        }
        _ if word.len() > URN.len() && word.starts_with(URN) => URN.len(),
        _ => 0,
    }
}

fn is_guid(word: &str) -> bool {
    const LENGTH: usize = "00000000-0000-0000-0000-000000000000".len();
    word.len() == LENGTH && Uuid::try_parse(word).is_ok()
}

fn is_one_word(word: &str) -> bool {
    !word.is_empty() && word.chars().all(|c| c.is_ascii_graphic())
}

const GRAPH: &str = "https://graph.microsoft.com";
const URN: &str = "urn:";

/// The permissions that are told from the path of a resource by themselves.
const PERMISSIONS: [&str; 2] = [".default", "user_impersonation"];

/// A resource's address where any name of it is given, whatever follows, so that a rule about it cannot be got around
/// by its application ID. Entra ID knows further names that nobody but the tenant can know.
fn well_known(word: &str) -> Option<&'static str> {
    let word = without_scheme(word);
    let is_it = |name: &&str| {
        let rest = word.strip_prefix(*name);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let known = WELL_KNOWN.iter().find(|(_, names)| names.iter().any(is_it));
    known.map(|(address, _)| *address)
}

/// The resource of Azure's own whose tokens open what is below its host, such as a single vault.
fn whole_of(name: &str) -> Option<&'static str> {
    let host = without_scheme(name).split('/').next().unwrap_or_default();
    let is_below = |name: &&str| {
        let below = host.strip_suffix(*name);
        below.is_some_and(|below| below.ends_with('.'))
    };
    let whole = WELL_KNOWN
        .iter()
        .find(|(_, names)| names.iter().any(is_below));
    whole.map(|(address, _)| *address)
}

fn is_name_of_well_known(name: &str) -> bool {
    let name = without_scheme(name);
    WELL_KNOWN.iter().any(|(_, names)| names.contains(&name))
}

/// The application ID in the address that applications have by default, `api://<application ID>`.
fn without_api(name: &str) -> &str {
    let id = name.strip_prefix("api://").filter(|id| is_guid(id));
    id.unwrap_or(name)
}

fn without_scheme(name: &str) -> &str {
    let web = ["https://", "http://"];
    let plain = web.iter().find_map(|scheme| name.strip_prefix(scheme));
    plain.unwrap_or(name)
}

/// Addresses, and all names for them: the hosts and the application ID.
const WELL_KNOWN: [(&str, &[&str]); 7] = [
    (
        "https://vault.azure.net",
        &["vault.azure.net", "cfa8b339-82a2-471a-a3c9-0fc0be7a4093"],
    ),
    (
        GRAPH,
        &[
            "graph.microsoft.com",
            "00000003-0000-0000-c000-000000000000",
        ],
    ),
    (
        "https://management.azure.com",
        &[
            "management.azure.com",
            "management.core.windows.net",
            "797f4846-ba00-4fd7-ba43-dac1f8f63013",
        ],
    ),
    (
        "https://storage.azure.com",
        &["storage.azure.com", "e406a681-f3d4-42a8-90b6-c2b029497af1"],
    ),
    (
        "https://database.windows.net",
        &[
            "database.windows.net",
            "022907d3-0f1b-48f7-badc-1ba6abab6d66",
        ],
    ),
    (
        // For PostgreSQL and MySQL; no part of the one above, though it looks so.
        "https://ossrdbms-aad.database.windows.net",
        &[
            "ossrdbms-aad.database.windows.net",
            "123cd850-d9df-40bd-94d5-c9f07b7fa203",
        ],
    ),
    (
        "https://graph.windows.net",
        &["graph.windows.net", "00000002-0000-0000-c000-000000000000"],
    ),
];
