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
            // Nothing but who it is that signs in.
            true => Self("openid".to_owned()),
            false => Self(resources.join(" ")),
        }
    }

    /// Reads what [`Display`](fmt::Display) wrote, or somebody typed; `None` if nothing can be called that.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().trim_end_matches('/').to_ascii_lowercase();
        let plain = text.chars().all(|c| c.is_ascii_graphic() || c == ' ');
        (plain && !text.is_empty()).then_some(Self(text))
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
        .map_or("https://graph.microsoft.com", |(resource, _)| resource);
    Some(resource.trim_end_matches('/').to_ascii_lowercase())
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
            (vec!["openid", "profile"], "openid"),
        ] {
            let scopes = Scopes::parse(scopes).unwrap();
            assert_eq!(Resource::of(&scopes).to_string(), resource, "{scopes}");
        }
    }
}
