use crate::{Tenant, cloud};
use azure_core::http::Url;
use std::{borrow::Cow, fmt, hash::Hash};

/// Who issues tokens: a host and a tenant.
///
/// Two authorities are equal when they mean the same: the aliases of a cloud's host are one host.
#[derive(Clone)]
pub struct Authority {
    origin: Url,
    /// Of the origin; each request is held against it several times.
    environment: Cow<'static, str>,
    tenant: Tenant,
}

impl Authority {
    /// The public cloud, for any work or school account.
    pub fn public_cloud() -> Self {
        Self::of_host("login.microsoftonline.com", Tenant::organizations())
            .unwrap_or_else(|_| unreachable!("a constant host is a host"))
    }

    /// Reads an authority such as `https://login.microsoftonline.com/contoso.example`.
    ///
    /// Without a tenant it means `organizations`.
    ///
    /// # Errors
    ///
    /// When it is no URL, is not HTTPS (HTTP is taken on this machine's loopback only), or has more in
    /// it than a host and a tenant.
    pub fn parse(text: &str) -> Result<Self, AuthorityError> {
        let shown = || shown(text);
        let url = Url::parse(text).map_err(|_| AuthorityError::NoUrl(shown()))?;
        let loopback = is_loopback(&url);
        match url.scheme() {
            "https" => {}
            "http" if loopback => {}
            "http" => return Err(AuthorityError::NotHttps(shown())),
            _ => return Err(AuthorityError::NoUrl(shown())),
        }
        let extra = !url.username().is_empty()
            || url.password().is_some()
            || url.query().is_some()
            || url.fragment().is_some();
        let mut segments = url.path().split('/').filter(|segment| !segment.is_empty());
        let tenant = segments.next();
        if extra || segments.next().is_some() {
            return Err(AuthorityError::TooMuch(shown()));
        }
        let tenant = match tenant {
            Some(tenant) => Tenant::parse(tenant).map_err(|_| AuthorityError::NoTenant(shown()))?,
            None => Tenant::organizations(),
        };
        let mut origin = url;
        origin.set_path("/");
        let host = host(&origin);
        let environment = match cloud::aliases(&host) {
            Some(hosts) => hosts[0].into(),
            None => host.into(),
        };
        Ok(Self {
            origin,
            environment,
            tenant,
        })
    }

    /// An HTTPS authority from a host name, as in `AZURE_AUTHORITY_HOST`, and a tenant.
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse).
    pub fn of_host(host: &str, tenant: Tenant) -> Result<Self, AuthorityError> {
        let text = if host.contains("://") {
            host.to_owned()
        } else {
            format!("https://{host}")
        };
        Ok(Self::parse(&text)?.with_tenant(tenant))
    }

    /// The same host with another tenant.
    pub fn with_tenant(self, tenant: Tenant) -> Self {
        Self { tenant, ..self }
    }

    /// The tenant.
    pub fn tenant(&self) -> &Tenant {
        &self.tenant
    }

    /// The host as it was given, with its port where that is not the usual one.
    pub fn host(&self) -> String {
        host(&self.origin)
    }

    /// The one name of the cloud, whichever of its names was given.
    pub fn environment(&self) -> &str {
        &self.environment
    }

    /// Whether the host belongs to a cloud that is known without asking anybody.
    pub fn is_known(&self) -> bool {
        self.origin.scheme() == "https" && cloud::aliases(&self.host()).is_some()
    }

    /// Whether `host` names the same environment.
    pub fn is_same_environment(&self, host: &str) -> bool {
        let own = self.host();
        own == host || cloud::aliases(&own).is_some_and(|hosts| hosts.contains(&host))
    }

    /// Where grants are redeemed.
    pub fn token_endpoint(&self) -> Url {
        self.endpoint("token")
    }

    /// Where the user's browser goes.
    pub fn authorization_endpoint(&self) -> Url {
        self.endpoint("authorize")
    }

    /// Where a code for another device is asked for.
    pub fn device_authorization_endpoint(&self) -> Url {
        self.endpoint("devicecode")
    }

    pub(crate) fn origin(&self) -> &Url {
        &self.origin
    }

    fn endpoint(&self, name: &str) -> Url {
        let mut url = self.origin.clone();
        url.set_path(&format!("/{}/oauth2/v2.0/{name}", self.tenant));
        url
    }
}

impl fmt::Display for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin, self.tenant)
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Authority({self})")
    }
}

impl PartialEq for Authority {
    fn eq(&self, other: &Self) -> bool {
        self.tenant == other.tenant
            && self.origin.scheme() == other.origin.scheme()
            && self.environment() == other.environment()
    }
}

impl Eq for Authority {}

impl Hash for Authority {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.environment().hash(state);
        self.tenant.hash(state);
    }
}

/// A text that is no authority.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuthorityError {
    /// It is no web address.
    #[error("authority '{0}' is no URL such as https://login.microsoftonline.com/contoso.example")]
    NoUrl(String),
    /// It would send secrets in clear text.
    #[error("authority '{0}' is not HTTPS: write it with https://")]
    NotHttps(String),
    /// It has more than a host and a tenant.
    #[error("authority '{0}' has more in it than a host and a tenant")]
    TooMuch(String),
    /// What stands after the host is no tenant.
    #[error("authority '{0}' names no tenant: give a tenant ID, a domain or 'organizations'")]
    NoTenant(String),
}

fn host(origin: &Url) -> String {
    match (origin.host_str(), origin.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (Some(host), None) => host.to_owned(),
        (None, _) => String::new(),
    }
}

pub(crate) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || address
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// What of a wrong authority may be shown: no credentials, no parameters, not too long.
pub(crate) fn shown(text: &str) -> String {
    let text = text.split(['?', '#']).next().unwrap_or_default();
    let text = match text.rsplit_once('@') {
        Some((_, rest)) => rest,
        None => text,
    };
    text.chars().filter(|c| !c.is_control()).take(120).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_authorities_are_read() {
        for (text, shown) in [
            (
                "https://login.microsoftonline.com/Contoso.example/",
                "https://login.microsoftonline.com/contoso.example",
            ),
            (
                "https://login.microsoftonline.us",
                "https://login.microsoftonline.us/organizations",
            ),
            (
                "https://localhost:8443/common",
                "https://localhost:8443/common",
            ),
            ("http://[::1]:8080/t", "http://[::1]:8080/t"),
            ("http://127.9.9.9/t", "http://127.9.9.9/t"),
        ] {
            assert_eq!(Authority::parse(text).unwrap().to_string(), shown);
        }
    }

    #[test]
    fn wrong_authorities_say_what_is_wrong() {
        for (text, message) in [
            (
                "http://login.microsoftonline.com/x",
                "authority 'http://login.microsoftonline.com/x' is not HTTPS: write it with https://",
            ),
            (
                "http://localhost.evil.example/x",
                "authority 'http://localhost.evil.example/x' is not HTTPS: write it with https://",
            ),
            (
                "login.microsoftonline.com",
                "authority 'login.microsoftonline.com' is no URL such as https://login.microsoftonline.com/contoso.example",
            ),
            (
                "https://user:pass@host/x",
                "authority 'host/x' has more in it than a host and a tenant",
            ),
            (
                "https://host/a/b?x=1",
                "authority 'https://host/a/b' has more in it than a host and a tenant",
            ),
            (
                "https://host/a%20b",
                "authority 'https://host/a%20b' names no tenant: give a tenant ID, a domain or 'organizations'",
            ),
        ] {
            assert_eq!(Authority::parse(text).unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn aliases_are_one_environment() {
        let a = Authority::parse("https://login.windows.net/t").unwrap();
        let b = Authority::parse("https://login.microsoftonline.com/T").unwrap();
        assert_eq!(a, b);
        assert_eq!(a.environment(), "login.microsoftonline.com");
        assert!(a.is_known());
        let c = Authority::parse("https://login.chinacloudapi.cn/t").unwrap();
        assert_ne!(a, c);
        assert_eq!(c.environment(), "login.partner.microsoftonline.cn");
        assert!(
            !Authority::parse("https://login.evil.example/t")
                .unwrap()
                .is_known()
        );
        assert!(
            !Authority::parse("https://login.windows.net:444/t")
                .unwrap()
                .is_known()
        );
    }
}
