use azbroker_entra::Scopes;
use std::fmt;

/// What a token is for: the scopes without the permissions, such as `https://vault.azure.net`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Resource(String);

impl Resource {
    /// The resource of a request's scopes. Entra ID takes one a request; if there are more, all are named.
    pub(crate) fn of(scopes: &Scopes) -> Self {
        let mut resources: Vec<String> = scopes.iter().filter_map(resource).collect();
        resources.sort_unstable();
        resources.dedup();
        match resources.is_empty() {
            // Whoever asks for a sign-in alone is given an access token for Microsoft Graph with it.
            true => Self(GRAPH.to_owned()),
            false => Self(resources.join(" ")),
        }
    }

    /// Reads what [`Display`](fmt::Display) wrote, or somebody typed; `None` if nothing can be called that.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().trim_end_matches('/').to_ascii_lowercase();
        let plain = text.chars().all(|c| c.is_ascii_graphic() || c == ' ');
        (plain && !text.is_empty()).then(|| Self(one_name(&text).to_owned()))
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn resource(scope: &str) -> Option<String> {
    const OF_OPENID: [&str; 4] = ["openid", "profile", "offline_access", "email"];
    if OF_OPENID.iter().any(|own| scope.eq_ignore_ascii_case(own)) {
        return None;
    }
    // A permission by itself is one of Microsoft Graph.
    let resource = scope
        .rsplit_once('/')
        .map_or(GRAPH, |(resource, _)| resource);
    let resource = resource.trim_end_matches('/').to_ascii_lowercase();
    Some(one_name(&resource).to_owned())
}

const GRAPH: &str = "https://graph.microsoft.com";

/// A resource's address where another name of it is given, so that a rule about it cannot be got around by
/// its application ID. Entra ID knows further names that nobody but the tenant can know.
fn one_name(resource: &str) -> &str {
    /// An address, and the other names for it.
    const NAMES: [(&str, &[&str]); 6] = [
        (GRAPH, &["00000003-0000-0000-c000-000000000000"]),
        (
            "https://management.azure.com",
            &[
                "797f4846-ba00-4fd7-ba43-dac1f8f63013",
                "https://management.core.windows.net",
            ],
        ),
        (
            "https://vault.azure.net",
            &["cfa8b339-82a2-471a-a3c9-0fc0be7a4093"],
        ),
        (
            "https://storage.azure.com",
            &["e406a681-f3d4-42a8-90b6-c2b029497af1"],
        ),
        (
            "https://database.windows.net",
            &["022907d3-0f1b-48f7-badc-1ba6abab6d66"],
        ),
        (
            "https://graph.windows.net",
            &["00000002-0000-0000-c000-000000000000"],
        ),
    ];
    let known = NAMES.iter().find(|(_, others)| others.contains(&resource));
    known.map_or(resource, |(address, _)| address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_is_the_scope_without_the_permission() {
        for (scopes, resource) in [
            (
                vec!["https://vault.azure.net/.default"],
                "https://vault.azure.net",
            ),
            (
                vec!["https://Vault.azure.net//.default", "offline_access"],
                "https://vault.azure.net",
            ),
            (
                vec!["User.Read", "Mail.Read"],
                "https://graph.microsoft.com",
            ),
            (
                vec!["api://5a6f/x/y.read", "https://a.example/b"],
                "api://5a6f/x https://a.example",
            ),
            (vec!["openid", "profile"], "https://graph.microsoft.com"),
            (
                vec!["00000003-0000-0000-C000-000000000000/.default"],
                "https://graph.microsoft.com",
            ),
            (
                vec!["https://management.core.windows.net//.default"],
                "https://management.azure.com",
            ),
        ] {
            let scopes = Scopes::parse(scopes).unwrap();
            assert_eq!(Resource::of(&scopes).to_string(), resource, "{scopes}");
        }
    }
}
