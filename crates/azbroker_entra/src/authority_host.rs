use crate::{
    Authority,
    authority::{is_loopback, shown},
};
use azure_core::http::Url;
use std::fmt;

/// The host of an authority, with its port where that is not the usual one.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct AuthorityHost(Url);

impl AuthorityHost {
    /// Reads a host such as `login.contoso.example`, `login.contoso.example:8443` or
    /// `https://login.contoso.example`.
    ///
    /// # Errors
    ///
    /// When it is no host, is not HTTPS (HTTP is taken on this machine's loopback only), or has more in it
    /// than a host and a port.
    pub fn parse(text: &str) -> Result<Self, AuthorityHostError> {
        let shown = || shown(text);
        let url = if text.contains("://") {
            Url::parse(text)
        } else {
            Url::parse(&format!("https://{text}"))
        };
        let url = url.map_err(|_| AuthorityHostError::NoHost(shown()))?;
        let extra = !url.username().is_empty()
            || url.password().is_some()
            || url.path() != "/"
            || url.query().is_some()
            || url.fragment().is_some();
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(&url) => {}
            "http" => return Err(AuthorityHostError::NotHttps(shown())),
            _ => return Err(AuthorityHostError::NoHost(shown())),
        }
        if extra {
            return Err(AuthorityHostError::TooMuch(shown()));
        }
        if !url.host_str().is_some_and(is_plain) {
            return Err(AuthorityHostError::NoHost(shown()));
        }
        Ok(Self(url))
    }

    /// The host of an authority.
    pub fn of(authority: &Authority) -> Self {
        Self(authority.origin().clone())
    }
}

/// As [`AuthorityHost::parse`] reads it.
impl fmt::Display for AuthorityHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.scheme() != "https" {
            write!(f, "{}://", self.0.scheme())?;
        }
        f.write_str(self.0.host_str().unwrap_or_default())?;
        match self.0.port() {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for AuthorityHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AuthorityHost({self})")
    }
}

/// A text that is no authority host.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuthorityHostError {
    /// It is no host.
    #[error(
        "'{0}' is no authority host such as login.contoso.example or login.contoso.example:8443"
    )]
    NoHost(String),
    /// It would send secrets in clear text.
    #[error("authority host '{0}' is not HTTPS: write it with https://, or without a scheme")]
    NotHttps(String),
    /// It has more than a host and a port.
    #[error("authority host '{0}' has more in it than a host and a port: programs name the tenant")]
    TooMuch(String),
}

/// A pattern or a list would be taken for a host that nobody has.
fn is_plain(host: &str) -> bool {
    let name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    host.starts_with('[') || (!host.starts_with('.') && host.chars().all(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_read_in_each_form_and_matches_the_authority_it_means() {
        for (text, shown, authority) in [
            (
                "login.contoso.example",
                "login.contoso.example",
                "https://login.contoso.example/common",
            ),
            (
                "Login.Contoso.example:443",
                "login.contoso.example",
                "https://LOGIN.contoso.example",
            ),
            (
                "https://login.contoso.example:8443/",
                "login.contoso.example:8443",
                "https://login.contoso.example:8443/t",
            ),
            (
                "http://127.0.0.1:8080",
                "http://127.0.0.1:8080",
                "http://127.0.0.1:8080/t",
            ),
            ("[::1]:8443", "[::1]:8443", "https://[::1]:8443/t"),
        ] {
            let host = AuthorityHost::parse(text).unwrap();
            assert_eq!(host.to_string(), shown);
            assert_eq!(AuthorityHost::parse(shown).unwrap(), host);
            let authority = Authority::parse(authority).unwrap();
            assert_eq!(AuthorityHost::of(&authority), host);
        }
    }

    #[test]
    fn another_port_or_scheme_is_another_host() {
        let host = AuthorityHost::parse("localhost:8443").unwrap();
        for other in ["https://localhost/t", "http://localhost:8443/t"] {
            assert_ne!(AuthorityHost::of(&Authority::parse(other).unwrap()), host);
        }
    }

    #[test]
    fn what_is_no_host_says_what_is_wrong() {
        let no_host = |text| {
            format!(
                "'{text}' is no authority host such as login.contoso.example or login.contoso.example:8443"
            )
        };
        let too_much = |text| {
            format!(
                "authority host '{text}' has more in it than a host and a port: programs name the tenant"
            )
        };
        for (text, message) in [
            ("", no_host("")),
            ("two words", no_host("two words")),
            ("a.example,b.example", no_host("a.example,b.example")),
            ("*.contoso.example", no_host("*.contoso.example")),
            ("a.example:port", no_host("a.example:port")),
            ("ftp://a.example", no_host("ftp://a.example")),
            (
                "http://login.contoso.example",
                "authority host 'http://login.contoso.example' is not HTTPS: write it with https://, or without a scheme".to_owned(),
            ),
            ("https://a.example/tenant", too_much("https://a.example/tenant")),
            ("user:secret@a.example", too_much("a.example")),
            ("a.example?x=1", too_much("a.example")),
        ] {
            let error = AuthorityHost::parse(text).unwrap_err();
            assert_eq!(error.to_string(), message, "{text}");
        }
    }
}
