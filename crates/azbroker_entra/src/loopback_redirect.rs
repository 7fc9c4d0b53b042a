use crate::authority::shown;
use azure_core::http::Url;
use std::fmt;

/// A redirect URI on this machine's loopback, as an application registers it, such as
/// `http://localhost:8400/done`.
///
/// See [RFC 8252 section 7.3](https://www.rfc-editor.org/rfc/rfc8252#section-7.3).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LoopbackRedirect {
    host: &'static str,
    port: Option<u16>,
    /// Empty or with a slash before it.
    path: String,
}

impl LoopbackRedirect {
    /// Reads a redirect URI; without a port, any free one is taken at each sign-in.
    ///
    /// # Errors
    ///
    /// When nothing on this machine could receive a redirect there.
    pub fn parse(text: &str) -> Result<Self, LoopbackRedirectError> {
        let shown = || shown(text);
        let url = Url::parse(text).map_err(|_| LoopbackRedirectError::NoUri(shown()))?;
        let host = url.host_str().unwrap_or_default();
        let Some(host) = HOSTS.into_iter().find(|known| *known == host) else {
            return Err(match url.scheme() {
                "http" | "https" => LoopbackRedirectError::NotLoopback(shown()),
                _ => LoopbackRedirectError::NoUri(shown()),
            });
        };
        match url.scheme() {
            "http" => {}
            "https" => return Err(LoopbackRedirectError::Https(shown())),
            _ => return Err(LoopbackRedirectError::NoUri(shown())),
        }
        let extra = !url.username().is_empty()
            || url.password().is_some()
            || url.query().is_some()
            || url.fragment().is_some();
        if extra {
            return Err(LoopbackRedirectError::TooMuch(shown()));
        }
        let port = port_in(text);
        if port == Some(0) {
            return Err(LoopbackRedirectError::PortZero);
        }
        let path = match url.path() {
            "/" if !text.ends_with('/') => "",
            path => path,
        };
        Ok(Self {
            host,
            port,
            path: path.to_owned(),
        })
    }

    /// The port, where it is a certain one.
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// What is sent to Entra ID, with the port that is listened at.
    pub(crate) fn at(&self, port: u16) -> String {
        format!("http://{}:{port}{}", self.host, self.path)
    }

    /// The path of the request that a browser makes of it.
    pub(crate) fn path(&self) -> &str {
        match self.path.as_str() {
            "" => "/",
            path => path,
        }
    }
}

/// What most applications register: this machine, at any port.
impl Default for LoopbackRedirect {
    fn default() -> Self {
        Self {
            host: HOSTS[0],
            port: None,
            path: String::new(),
        }
    }
}

/// As [`LoopbackRedirect::parse`] reads it.
impl fmt::Display for LoopbackRedirect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => f.write_str(&self.at(port)),
            None => write!(f, "http://{}{}", self.host, self.path),
        }
    }
}

/// The names that a browser of this machine finds it under.
const HOSTS: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// The port as it is written; a URL leaves out its scheme's usual one, which is not any port.
fn port_in(text: &str) -> Option<u16> {
    let (_, rest) = text.split_once("://")?;
    let end = rest.find('/').unwrap_or(rest.len());
    let (_, port) = rest[..end].rsplit_once(':')?;
    port.parse().ok()
}

/// A text that is no redirect URI of this machine.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LoopbackRedirectError {
    /// It is no address of a web page.
    #[error("redirect URI '{0}' is no URL such as http://localhost:8400")]
    NoUri(String),
    /// It leads to another machine.
    #[error(
        "redirect URI '{0}' is not of this machine: its host must be localhost, 127.0.0.1 or [::1]"
    )]
    NotLoopback(String),
    /// There is no certificate for this machine.
    #[error("redirect URI '{0}' is HTTPS, which has no certificate here: write it with http://")]
    Https(String),
    /// It has what a redirect brings.
    #[error("redirect URI '{0}' has more in it than a host, a port and a path")]
    TooMuch(String),
    /// Nothing can listen there.
    #[error("redirect URI names port 0: leave the port out for any free one")]
    PortZero,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris_of_this_machine_are_read() {
        for (text, shown, sent, path) in [
            (
                "http://localhost",
                "http://localhost",
                "http://localhost:7",
                "/",
            ),
            (
                "http://LocalHost/",
                "http://localhost/",
                "http://localhost:7/",
                "/",
            ),
            (
                "http://localhost:8400",
                "http://localhost:8400",
                "http://localhost:7",
                "/",
            ),
            (
                "http://localhost:80",
                "http://localhost:80",
                "http://localhost:7",
                "/",
            ),
            (
                "http://127.0.0.1:1/done",
                "http://127.0.0.1:1/done",
                "http://127.0.0.1:7/done",
                "/done",
            ),
            (
                "http://[::1]/a/b",
                "http://[::1]/a/b",
                "http://[::1]:7/a/b",
                "/a/b",
            ),
        ] {
            let uri = LoopbackRedirect::parse(text).unwrap();
            assert_eq!(uri.to_string(), shown);
            assert_eq!((uri.at(7).as_str(), uri.path()), (sent, path));
        }
        assert_eq!(
            LoopbackRedirect::parse("http://localhost").unwrap(),
            LoopbackRedirect::default()
        );
    }

    #[test]
    fn every_wrong_uri_says_what_is_wrong() {
        for (text, message) in [
            (
                "",
                "redirect URI '' is no URL such as http://localhost:8400",
            ),
            (
                "localhost:8400",
                "redirect URI 'localhost:8400' is no URL such as http://localhost:8400",
            ),
            (
                "app://localhost",
                "redirect URI 'app://localhost' is no URL such as http://localhost:8400",
            ),
            (
                "http://app.example:8400",
                "redirect URI 'http://app.example:8400' is not of this machine: its host must be localhost, 127.0.0.1 or [::1]",
            ),
            (
                "http://127.0.0.2",
                "redirect URI 'http://127.0.0.2' is not of this machine: its host must be localhost, 127.0.0.1 or [::1]",
            ),
            (
                "https://localhost:8400",
                "redirect URI 'https://localhost:8400' is HTTPS, which has no certificate here: write it with http://",
            ),
            (
                "http://localhost:8400/?x=1",
                "redirect URI 'http://localhost:8400/' has more in it than a host, a port and a path",
            ),
            (
                "http://user:secret@localhost",
                "redirect URI 'localhost' has more in it than a host, a port and a path",
            ),
            (
                "http://localhost:0",
                "redirect URI names port 0: leave the port out for any free one",
            ),
            (
                "http://localhost:99999",
                "redirect URI 'http://localhost:99999' is no URL such as http://localhost:8400",
            ),
        ] {
            assert_eq!(
                LoopbackRedirect::parse(text).unwrap_err().to_string(),
                message
            );
        }
    }
}
