//! Where an answer may go.

use url::{Url, form_urlencoded};

/// A redirect URI that is registered for the application; no other can be held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RedirectUri {
    text: String,
    url: Url,
}

impl RedirectUri {
    /// Finds the registration that the URI matches.
    ///
    /// Scheme and host are compared without case, the rest exactly; the port of `http://localhost` and
    /// `http://127.0.0.1` does not count, see
    /// [RFC 8252 section 7.3](https://www.rfc-editor.org/rfc/rfc8252#section-7.3).
    pub(super) fn matching(text: &str, registered: &[String]) -> Option<Self> {
        if text.contains(|c: char| c.is_whitespace() || c.is_control() || c == '\\') {
            return None;
        }
        let url = Url::parse(text).ok()?;
        if url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() {
            return None;
        }
        let wanted = Parts::of(text)?;
        registered
            .iter()
            .any(|registration| {
                Parts::of(registration).is_some_and(|registration| registration.matches(&wanted))
            })
            .then(|| Self {
                text: text.to_owned(),
                url,
            })
    }

    /// The URI as the client wrote it.
    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// The URI with parameters in its query.
    pub(super) fn with_query(&self, parameters: &[(&str, String)]) -> String {
        let separator = if self.text.contains('?') { '&' } else { '?' };
        format!("{}{separator}{}", self.text, encode(parameters))
    }

    /// The URI with parameters in its fragment.
    pub(super) fn with_fragment(&self, parameters: &[(&str, String)]) -> String {
        format!("{}#{}", self.text, encode(parameters))
    }

    /// The source for a `Content-Security-Policy`: browsers also check redirects after a form against it.
    pub(super) fn policy_source(&self) -> String {
        match self.url.origin() {
            origin @ url::Origin::Tuple(..) => origin.ascii_serialization(),
            url::Origin::Opaque(_) => format!("{}:", self.url.scheme()),
        }
    }
}

/// A URI taken apart, but not normalised.
struct Parts {
    scheme: String,
    host: String,
    port: Option<String>,
    rest: String,
}

impl Parts {
    fn of(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, rest) = rest.split_at(end);
        // The last colon outside the brackets of an IPv6 address.
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, Some(port.to_owned())),
            _ => (authority, None),
        };
        Some(Self {
            scheme: scheme.to_ascii_lowercase(),
            host: host.to_ascii_lowercase(),
            port,
            // An absent path and `/` are the same to a browser.
            rest: if rest.starts_with('/') {
                rest.to_owned()
            } else {
                format!("/{rest}")
            },
        })
    }

    fn matches(&self, wanted: &Self) -> bool {
        let any_port =
            self.scheme == "http" && (self.host == "localhost" || self.host == "127.0.0.1");
        self.scheme == wanted.scheme
            && self.host == wanted.host
            && (any_port || self.port == wanted.port)
            && self.rest == wanted.rest
    }
}

fn encode(parameters: &[(&str, String)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(parameters)
        .finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(uri: &str) -> bool {
        let registered = [
            "http://localhost",
            "http://127.0.0.1/done",
            "https://app.example/cb",
            "ms-appx-web://Microsoft.AAD.BrokerPlugin/5eed",
        ]
        .map(str::to_owned);
        RedirectUri::matching(uri, &registered).is_some()
    }

    #[test]
    fn registered_uris_match() {
        for uri in [
            "http://localhost",
            "http://localhost/",
            "http://localhost:8400",
            "HTTP://LocalHost:8400/",
            "http://127.0.0.1:1/done",
            "https://APP.example/cb",
            "ms-appx-web://microsoft.aad.brokerplugin/5eed",
        ] {
            assert!(matches(uri), "{uri}");
        }
    }

    #[test]
    fn other_uris_do_not_match() {
        for uri in [
            "",
            "http://localhost:8400/else",
            "https://localhost:8400",
            "http://localhost.evil.example",
            "http://localhost@evil.example",
            "http://localhost:8400@evil.example/",
            "http://localhost\\@evil.example",
            "http://localhost#x",
            "http://localhost:80:90",
            "http://[::1]:8400",
            "http://127.0.0.2/done",
            "http://127.0.0.1",
            "https://app.example/CB",
            "https://app.example:8443/cb",
            "https://app.example/cb?x=1",
            "https://app.example/cb/../cb",
            "ms-appx-web://Microsoft.AAD.BrokerPlugin/5EED",
            "javascript:alert(1)",
        ] {
            assert!(!matches(uri), "{uri}");
        }
    }
}
