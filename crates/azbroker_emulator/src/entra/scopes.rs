//! What a client asks permission for.

use url::Url;

use crate::entra::Refusal;

/// The scopes of one request: permissions of one resource, and those of OpenID Connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Scopes {
    requested: Vec<String>,
    /// The resource as it was written, which is the audience of the token.
    pub(super) audience: String,
    /// The permissions the token grants.
    pub(super) permissions: Vec<String>,
    /// An ID token is wanted.
    pub(super) openid: bool,
    /// A refresh token is wanted.
    pub(super) offline_access: bool,
}

impl Scopes {
    pub(super) fn parse(text: &str) -> Result<Self, Refusal> {
        let requested: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        let mut resource: Option<(&str, &Resource)> = None;
        let mut permissions: Vec<String> = Vec::new();
        let mut wants_default = None;
        for scope in requested
            .iter()
            .filter(|scope| !OPENID_SCOPES.contains(&scope.as_str()))
        {
            let (written, permission) = split(scope).ok_or_else(|| invalid(text))?;
            let known = Resource::named(written).ok_or_else(|| unknown_resource(written))?;
            if resource.is_some_and(|(_, other)| other.url != known.url) {
                let message = format!(
                    "Provided value for the input parameter scope is not valid because it contains more than one \
                     resource. Scope {text} is not valid."
                );
                return Err(Refusal::bad_request("invalid_scope", 28_000, message));
            }
            resource = Some((written, known));
            if permission == ".default" {
                wants_default = Some(true);
                permissions.push(known.permissions[0].to_owned());
            } else {
                let known = known
                    .permissions
                    .iter()
                    .find(|name| name.eq_ignore_ascii_case(permission));
                permissions.push((*known.ok_or_else(|| invalid(text))?).to_owned());
                wants_default = wants_default.or(Some(false));
            }
        }
        // `.default` stands for all permissions and goes with no other.
        if wants_default == Some(true) && permissions.len() > 1 {
            return Err(invalid(text));
        }
        let has = |name: &str| requested.iter().any(|scope| scope == name);
        let (openid, offline_access) = (has("openid"), has("offline_access"));
        if requested.is_empty() {
            return Err(invalid(text));
        }
        let audience = resource.map_or(GRAPH, |(written, _)| written).to_owned();
        Ok(Self {
            requested,
            audience,
            permissions,
            openid,
            offline_access,
        })
    }

    pub(super) fn requested(&self) -> &[String] {
        &self.requested
    }

    /// The `scope` of the answer: the real permission, then what was asked for as it was written.
    ///
    /// Clients look a token up in their cache by what they asked for, `.default` too.
    pub(super) fn granted(&self) -> String {
        let default = self
            .requested
            .iter()
            .any(|scope| scope.ends_with("/.default"));
        let real = self
            .permissions
            .first()
            .filter(|_| default)
            .map(|name| format!("{}/{name}", self.audience));
        // As the service does, which never lists this one.
        let asked = self
            .requested
            .iter()
            .filter(|scope| *scope != "offline_access");
        real.iter()
            .chain(asked)
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join(" ")
    }
}

/// A service that tokens can be for.
#[derive(Debug)]
struct Resource {
    url: &'static str,
    /// What it knows; the first is what `.default` gives.
    permissions: &'static [&'static str],
}

impl Resource {
    /// Finds it by URL, with or without one slash at the end.
    fn named(written: &str) -> Option<&'static Self> {
        let url = written.strip_suffix('/').unwrap_or(written);
        RESOURCES
            .iter()
            .find(|resource| resource.url.eq_ignore_ascii_case(url))
    }
}

fn split(scope: &str) -> Option<(&str, &str)> {
    if !scope.contains("://") {
        // A bare name is a permission of Microsoft Graph.
        return Resource::named(GRAPH)?
            .permissions
            .iter()
            .any(|name| name.eq_ignore_ascii_case(scope))
            .then_some((GRAPH, scope));
    }
    let (resource, permission) = scope.rsplit_once('/')?;
    let is_url = Url::parse(resource).is_ok_and(|url| url.has_host());
    (is_url && !permission.is_empty()).then_some((resource, permission))
}

fn invalid(text: &str) -> Refusal {
    let message = format!(
        "The provided value for the input parameter 'scope' is not valid. The scope '{text}' does not exist."
    );
    Refusal::bad_request("invalid_scope", 70_011, message)
}

fn unknown_resource(name: &str) -> Refusal {
    let message = format!(
        "The resource principal named {name} was not found in the tenant. Check that the scope has the right host."
    );
    Refusal::bad_request("invalid_resource", 500_011, message)
}

const GRAPH: &str = "https://graph.microsoft.com";
const OPENID_SCOPES: [&str; 4] = ["openid", "profile", "email", "offline_access"];
const RESOURCES: &[Resource] = &[
    Resource {
        url: "https://vault.azure.net",
        permissions: &["user_impersonation"],
    },
    Resource {
        url: GRAPH,
        permissions: &["User.Read", "User.ReadBasic.All", "Mail.Read", "Files.Read"],
    },
    Resource {
        url: "https://management.core.windows.net",
        permissions: &["user_impersonation"],
    },
    Resource {
        url: "https://management.azure.com",
        permissions: &["user_impersonation"],
    },
    Resource {
        url: "https://storage.azure.com",
        permissions: &["user_impersonation"],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    fn audience_and_echo(text: &str) -> (String, String) {
        let scopes = Scopes::parse(text).unwrap_or_else(|refusal| panic!("{text}: {refusal:?}"));
        (scopes.audience.clone(), scopes.granted())
    }

    #[test]
    fn scopes_name_an_audience_and_are_echoed() {
        for (text, audience, echo) in [
            (
                "https://vault.azure.net/.default offline_access openid profile",
                "https://vault.azure.net",
                "https://vault.azure.net/user_impersonation https://vault.azure.net/.default openid profile",
            ),
            (
                "https://management.core.windows.net//.default",
                "https://management.core.windows.net/",
                "https://management.core.windows.net//user_impersonation https://management.core.windows.net//.default",
            ),
            (
                "User.Read openid",
                "https://graph.microsoft.com",
                "User.Read openid",
            ),
            (
                "https://graph.microsoft.com/User.Read",
                "https://graph.microsoft.com",
                "https://graph.microsoft.com/User.Read",
            ),
            (
                "openid profile",
                "https://graph.microsoft.com",
                "openid profile",
            ),
        ] {
            assert_eq!(
                audience_and_echo(text),
                (audience.to_owned(), echo.to_owned()),
                "{text}"
            );
        }
    }

    #[test]
    fn wrong_scopes_are_refused() {
        for (text, error) in [
            ("", "invalid_scope"),
            ("nonsense", "invalid_scope"),
            ("https://vault.azure.net", "invalid_scope"),
            ("https://vault.azure.net/", "invalid_scope"),
            ("https://vault.azure.net/No.Such", "invalid_scope"),
            (
                "https://vault.azure.net/.default https://vault.azure.net/user_impersonation",
                "invalid_scope",
            ),
            (
                "https://vault.azure.net/.default User.Read",
                "invalid_scope",
            ),
            ("https://vault.azure.example/.default", "invalid_resource"),
            ("https://vault.azure.net///.default", "invalid_resource"),
            ("api://5eed/.default", "invalid_resource"),
        ] {
            assert_eq!(
                Scopes::parse(text).map_err(|refusal| refusal.error().to_owned()),
                Err(error.to_owned()),
                "{text}"
            );
        }
    }
}
