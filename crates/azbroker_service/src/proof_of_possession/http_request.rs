use crate::denial::Denial;
use aws_lc_rs::digest::{SHA256, digest};
use azbroker_entra::CorrelationId;
use azbroker_protocol::PopParameters;
use azure_core::http::Url;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};

/// The HTTP request that a proof is for, as the program means to send it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HttpRequest {
    method: String,
    host: String,
    path: String,
    query: Option<String>,
    nonce: Option<String>,
    client_claims: Option<String>,
}

impl HttpRequest {
    /// Reads a request out of a message.
    ///
    /// One open client writes the whole address where the host belongs, and no path; that is read as it is meant.
    ///
    /// # Errors
    ///
    /// A denial that says what is missing or wrong.
    pub(crate) fn read(parameters: PopParameters) -> Result<Self, Denial> {
        let PopParameters {
            http_method,
            uri_host,
            uri_path,
            nonce,
            client_claims,
            ..
        } = parameters;
        if http_method.is_empty() {
            return Err(refused(
                "the HTTP method is missing: give it, such as GET, or leave proof of possession out",
            ));
        }
        if http_method.len() > LONGEST_METHOD || !http_method.bytes().all(is_token) {
            return Err(refused("the HTTP method is none"));
        }
        if uri_host.len() > LONGEST || uri_path.len() > LONGEST {
            return Err(refused("the address is longer than any"));
        }
        let (host, path) = if uri_host.contains("://") {
            whole_address(&uri_host, &uri_path)?
        } else {
            (host(&uri_host)?, path(&uri_path)?)
        };
        let (path, query) = match path.split_once('?') {
            Some((path, query)) => (path.to_owned(), Some(query.to_owned())),
            None => (path, None),
        };
        if nonce.len() > LONGEST || !nonce.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(refused(
                "the nonce has a character that none has, or is too long",
            ));
        }
        if client_claims.len() > LONGEST {
            return Err(refused("the client's own claims are too long"));
        }
        let given = |text: String| Some(text).filter(|text| !text.is_empty());
        Ok(Self {
            method: http_method.to_ascii_uppercase(),
            host,
            path,
            query: query.and_then(given),
            nonce: given(nonce),
            client_claims: given(client_claims),
        })
    }

    /// What is signed about the request, but for the time, the token and the key.
    ///
    /// Without a nonce of the server's the request gets one that nobody else has.
    pub(super) fn claims(&self) -> Map<String, Value> {
        let nonce = self.nonce.clone();
        let mut claims = Map::from_iter([
            ("m".to_owned(), json!(self.method)),
            ("u".to_owned(), json!(self.host)),
            ("p".to_owned(), json!(self.path)),
            (
                "nonce".to_owned(),
                json!(nonce.unwrap_or_else(|| CorrelationId::new_v4().to_string())),
            ),
        ]);
        if let Some(query) = &self.query {
            claims.insert("q".to_owned(), query_claim(query));
        }
        if let Some(client_claims) = &self.client_claims {
            claims.insert("client_claims".to_owned(), json!(client_claims));
        }
        claims
    }
}

/// The names of the query's parameters and the hash of them with their values, section 3.2 of the draft. Parameters
/// that stand more than once are in neither: services differ in which of them they mean.
fn query_claim(query: &str) -> Value {
    let parameters: Vec<(&str, &str)> = query
        .split('&')
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .collect();
    let once = |name: &str| {
        parameters
            .iter()
            .filter(|(other, _)| *other == name)
            .count()
            == 1
    };
    let (names, pairs): (Vec<&str>, Vec<String>) = parameters
        .iter()
        .filter(|(name, _)| !name.is_empty() && once(name))
        .map(|(name, value)| (*name, format!("{name}={value}")))
        .unzip();
    let hash = digest(&SHA256, pairs.join("&").as_bytes());
    json!([names, URL_SAFE_NO_PAD.encode(hash)])
}

fn whole_address(address: &str, path: &str) -> Result<(String, String), Denial> {
    if !path.is_empty() {
        return Err(refused(
            "a whole address stands beside a path: give host and path",
        ));
    }
    let url = Url::parse(address).ok();
    let Some(url) = url.filter(|url| {
        matches!(url.scheme(), "https" | "http")
            && url.username().is_empty()
            && url.password().is_none()
            && url.fragment().is_none()
    }) else {
        return Err(refused("the host is none: give it as in vault.azure.net"));
    };
    let path = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    Ok((host_of(&url), path))
}

/// A host, with its port where that is not the usual one.
fn host(text: &str) -> Result<String, Denial> {
    let none =
        || refused("the host is none: give it as in vault.azure.net, and the path by itself");
    let plain =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | ':' | '[' | ']');
    if text.is_empty() || !text.chars().all(plain) {
        return Err(none());
    }
    let url = Url::parse(&format!("https://{text}/")).map_err(|_| none())?;
    Ok(host_of(&url))
}

fn host_of(url: &Url) -> String {
    match (url.host_str().unwrap_or_default(), url.port()) {
        (host, Some(port)) => format!("{host}:{port}"),
        (host, None) => host.to_owned(),
    }
}

fn path(text: &str) -> Result<String, Denial> {
    match text {
        "" => Ok("/".to_owned()),
        _ if !text.starts_with('/') => Err(refused("the path does not begin with a slash")),
        _ if !text.bytes().all(|byte| byte.is_ascii_graphic()) || text.contains('#') => Err(
            refused("the path has a character that none has: write it as it stands in the request"),
        ),
        _ => Ok(text.to_owned()),
    }
}

/// A character of a method, [RFC 9110 section 5.6.2](https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2).
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

fn refused(fault: &str) -> Denial {
    Denial::malformed(format!("proof of possession: {fault}"))
}

const LONGEST: usize = 8 * 1024;
const LONGEST_METHOD: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(host: &str, path: &str) -> Map<String, Value> {
        HttpRequest::read(PopParameters {
            http_method: "get".to_owned(),
            uri_host: host.to_owned(),
            uri_path: path.to_owned(),
            nonce: "n".to_owned(),
            ..Default::default()
        })
        .unwrap()
        .claims()
    }

    #[test]
    fn host_and_path_are_signed_as_the_service_sees_them() {
        for (host, path, signed_host, signed_path) in [
            (
                "vault.azure.net",
                "/secrets/a",
                "vault.azure.net",
                "/secrets/a",
            ),
            ("Vault.azure.net:443", "", "vault.azure.net", "/"),
            ("localhost:8443", "/", "localhost:8443", "/"),
            ("[::1]:8443", "/", "[::1]:8443", "/"),
            (
                "https://graph.microsoft.com/v1.0/me",
                "",
                "graph.microsoft.com",
                "/v1.0/me",
            ),
        ] {
            let claims = read(host, path);
            assert_eq!(
                (&claims["u"], &claims["p"]),
                (&json!(signed_host), &json!(signed_path))
            );
            assert_eq!(claims["m"], "GET");
            assert!(!claims.contains_key("q") && !claims.contains_key("client_claims"));
        }
    }

    #[test]
    fn a_query_is_signed_as_names_and_a_hash() {
        // The example of the draft's section 3.2, with a parameter that stands twice beside it.
        let claims = read("h", "/p?twice=1&b=bar&a=foo&c=duck&twice=2");
        assert_eq!(claims["p"], "/p");
        assert_eq!(
            claims["q"],
            json!([
                ["b", "a", "c"],
                "u4LgkGUWhP9MsKrEjA4dizIllDXluDku6ZqCeyuR-JY"
            ])
        );
        assert_eq!(read("https://h/p?b=bar&a=foo&c=duck", "")["q"], claims["q"]);
    }

    #[test]
    fn without_a_nonce_each_request_gets_one_of_its_own() {
        let parameters = || PopParameters {
            http_method: "GET".to_owned(),
            uri_host: "h".to_owned(),
            ..Default::default()
        };
        let request = HttpRequest::read(parameters()).unwrap();
        assert_ne!(request.claims()["nonce"], request.claims()["nonce"]);
    }
}
