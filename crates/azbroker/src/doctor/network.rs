use super::{
    finding::{Chain, Finding},
    proxy_value::unusable,
};
use crate::failure::chain;
use azbroker_service::{AuthorityHost, Clock, SystemClock, TrustStore};
use azure_core::{
    http::Url,
    time::{Duration, parse_rfc7231},
};
use hyper_util::client::proxy::matcher::Matcher;
use reqwest::{Client, header, redirect::Policy};
use std::env;
use tokio::net::{TcpStream, lookup_host};

/// From the proxy's or authority's name to the authority's answer and clock.
pub(super) async fn examine(host: &AuthorityHost, tell: &mut impl FnMut(Finding)) {
    let mut hops = Chain::new(&HOPS, tell);
    let _ = reach_authority(host, &mut hops).await;
}

const HOPS: [&str; 6] = ["proxy", "dns", "connection", "tls", "authority", "clock"];

async fn reach_authority(host: &AuthorityHost, hops: &mut Chain<'_>) -> Option<()> {
    let url = format!("https://{host}/common/v2.0/.well-known/openid-configuration");
    let hop = hops.next();
    let (finding, next) = proxy(hop, &url);
    hops.found(finding)?;
    let next = next?;

    let hop = hops.next();
    let finding = dns(hop, &next).await;
    hops.found(finding)?;
    let hop = hops.next();
    let finding = connection(hop, &next).await;
    hops.found(finding)?;

    let tls = hops.next();
    let asked = ask(&url).await;
    let finding = match &asked {
        Err(Failed::NothingTrusted) => nothing_trusted(tls),
        Err(Failed::Handshake(reason)) => no_handshake(tls, &next, reason),
        _ => Finding::fine(tls, format!("{host} is trusted by {}", trust_store())),
    };
    hops.found(finding)?;
    let hop = hops.next();
    let answer = match asked {
        Ok(answer) => answer,
        // Its finding has ended the chain.
        Err(Failed::NothingTrusted) => return None,
        Err(Failed::Handshake(reason) | Failed::Answer(reason)) => {
            return hops.found(no_answer(hop, host, &reason));
        }
    };
    let finding = authority(hop, host, &answer);
    hops.found(finding)?;
    let hop = hops.next();
    hops.found(clock(hop, host, answer.date.as_deref()))
}

/// The machine that is connected to.
struct Next {
    host: String,
    port: u16,
    /// What it is: the authority itself, or the proxy.
    what: &'static str,
}

/// Which proxy the broker's HTTP client takes. It is the same code that decides there.
fn proxy(hop: &'static str, url: &str) -> (Finding, Option<Next>) {
    let set: Vec<_> = PROXIES
        .into_iter()
        .filter(|name| env::var_os(name).is_some_and(|value| !value.is_empty()))
        .collect();
    let Ok(destination) = url.parse() else {
        return (
            Finding::broken(hop, "the authority host makes no URL", "name another one"),
            None,
        );
    };
    if let Some(set) = unusable() {
        let finding = Finding::broken(
            hop,
            format!("{set}, which is no URL of a proxy"),
            "correct it, as http://host:port, or unset it",
        );
        return (finding, None);
    }
    match Matcher::from_env().intercept(&destination) {
        Some(proxy) => {
            let (uri, host) = (proxy.uri(), proxy.uri().host().unwrap_or_default());
            let standard = if uri.scheme_str() == Some("https") {
                443
            } else {
                80
            };
            let next = Next {
                host: host.trim_matches(['[', ']']).to_owned(),
                port: uri.port_u16().unwrap_or(standard),
                what: "the proxy",
            };
            let found = format!("{host}:{} ({})", next.port, set.join(", "));
            let direct = env::var("NO_PROXY")
                .or(env::var("no_proxy"))
                .unwrap_or_default();
            let loopback = ["localhost", "127.0.0.1", "*"];
            let finding = if loopback.iter().any(|name| direct.contains(name)) {
                Finding::fine(hop, found)
            } else {
                Finding::notice(
                    hop,
                    format!("{found}; NO_PROXY leaves out the loopback"),
                    "set NO_PROXY=localhost,127.0.0.1,::1, or programs may send sign-ins' redirects to the proxy",
                )
            };
            (finding, Some(next))
        }
        None => {
            let found = match set.is_empty() {
                true => "none is set".to_owned(),
                false => format!("not used for the authority ({})", set.join(", ")),
            };
            let next = Url::parse(url).ok().and_then(|url| {
                Some(Next {
                    host: url.host_str()?.trim_matches(['[', ']']).to_owned(),
                    port: url.port_or_known_default()?,
                    what: "the authority",
                })
            });
            (Finding::fine(hop, found), next)
        }
    }
}

async fn dns(hop: &'static str, next: &Next) -> Finding {
    let Next { host, port, what } = next;
    let looked_up = tokio::time::timeout(PATIENCE, lookup_host((host.as_str(), *port))).await;
    let failed = |reason: String| {
        Finding::broken(
            hop,
            format!("{what}'s name {host} is not found: {reason}"),
            match *what {
                "the proxy" => "check the name in HTTPS_PROXY, and the network",
                _ => "check the network; where only a proxy reaches the Internet, set HTTPS_PROXY",
            },
        )
    };
    match looked_up {
        Ok(Ok(mut found)) => match found.next() {
            Some(address) => Finding::fine(hop, format!("{host} is {}", address.ip())),
            None => failed("it has no address".to_owned()),
        },
        Ok(Err(error)) => failed(error.to_string()),
        Err(_) => failed(format!("no answer within {} s", PATIENCE.as_secs())),
    }
}

async fn connection(hop: &'static str, next: &Next) -> Finding {
    let Next { host, port, what } = next;
    let connected =
        tokio::time::timeout(PATIENCE, TcpStream::connect((host.as_str(), *port))).await;
    let failed = |reason: String| {
        Finding::broken(
            hop,
            format!("{what} at {host}:{port} cannot be reached: {reason}"),
            match *what {
                "the proxy" => "correct HTTPS_PROXY, or start the proxy",
                _ => {
                    "check the network and its firewall; where only a proxy reaches the Internet, set HTTPS_PROXY"
                }
            },
        )
    };
    match connected {
        Ok(Ok(_)) => Finding::fine(hop, format!("{what} at {host}:{port} is there")),
        Ok(Err(error)) => failed(error.to_string()),
        Err(_) => failed(format!("no answer within {} s", PATIENCE.as_secs())),
    }
}

struct Answer {
    status: u16,
    date: Option<String>,
    body: Vec<u8>,
}

/// Why nobody answered.
enum Failed {
    /// There is no client, as it trusts nobody.
    NothingTrusted,
    /// Nobody was connected to, or the handshake failed: the authority's, the proxy's, or the proxy opened no tunnel.
    Handshake(String),
    /// All of that went well, and then no answer came.
    Answer(String),
}

/// Asks as the broker does, with the same library, trust store and proxy, but waits for less long.
async fn ask(url: &str) -> Result<Answer, Failed> {
    let failed = |error: reqwest::Error| {
        let within = |limit: std::time::Duration| format!("within {} s", limit.as_secs());
        let timed_out = error.is_timeout();
        // A connection has less time than the answer, so there is one by the time that the answer is late.
        match error.is_connect() {
            true if timed_out => Failed::Handshake(format!("no handshake {}", within(PATIENCE))),
            true => Failed::Handshake(chain(&error.without_url())),
            false if timed_out => Failed::Answer(format!("no answer {}", within(ANSWER_WITHIN))),
            false => Failed::Answer(chain(&error.without_url())),
        }
    };
    let client = Client::builder()
        .redirect(Policy::none())
        .connect_timeout(PATIENCE)
        .timeout(ANSWER_WITHIN)
        .build()
        .map_err(|_| Failed::NothingTrusted)?;
    let response = client.get(url).send().await.map_err(failed)?;
    let date = response.headers().get(header::DATE);
    Ok(Answer {
        status: response.status().as_u16(),
        date: date.and_then(|date| Some(date.to_str().ok()?.to_owned())),
        body: response.bytes().await.map_err(failed)?.to_vec(),
    })
}

/// In the words of the broker.
fn nothing_trusted(hop: &'static str) -> Finding {
    let trust_store = trust_store();
    let cure = trust_store.cure();
    let error = azbroker_service::EntraError::NothingTrusted { trust_store };
    Finding::broken(hop, error.to_string(), cure)
}

/// The libraries tell the fault in words alone.
fn no_handshake(hop: &'static str, next: &Next, reason: &str) -> Finding {
    let lower = reason.to_lowercase();
    const UNKNOWN: [&str; 4] = ["unknownissuer", "badsignature", "self-signed", "selfsigned"];
    if UNKNOWN.iter().any(|word| lower.contains(word)) {
        return Finding::broken(
            hop,
            format!(
                "the authority's certificate comes from an authority that {} does not know",
                trust_store()
            ),
            "a proxy of your organisation may look into TLS: add its certificate authority to the system's \
             store (update-ca-certificates), or name a file with it and the system's in SSL_CERT_FILE",
        );
    }
    if lower.contains("notvalidyet") || lower.contains("expired") {
        return Finding::broken(
            hop,
            format!("the authority's certificate is not valid now: {reason}"),
            "set this machine's clock: `timedatectl set-ntp true`",
        );
    }
    if lower.contains("certificate") {
        return Finding::broken(
            hop,
            format!("the authority's certificate is refused: {reason}"),
            "check SSL_CERT_FILE and SSL_CERT_DIR, and the system's certificates (package ca-certificates)",
        );
    }
    if next.what == "the proxy" && (lower.contains("tunnel") || lower.contains("proxy")) {
        return Finding::broken(
            hop,
            format!("the proxy refuses: {reason}"),
            "check what the proxy allows, and the name and password in HTTPS_PROXY",
        );
    }
    Finding::down(
        hop,
        format!("{} is there, but: {reason}", next.what),
        match next.what {
            "the proxy" => "check that the proxy reaches the authority, and try again",
            _ => "check the network and its firewall, and try again",
        },
    )
}

fn no_answer(hop: &'static str, host: &AuthorityHost, reason: &str) -> Finding {
    Finding::down(
        hop,
        format!("{host} is connected to, but: {reason}"),
        "it is slow or down, or a proxy between is: try again later; see https://status.entra.microsoft.com",
    )
}

fn authority(hop: &'static str, host: &AuthorityHost, answer: &Answer) -> Finding {
    let is_entra_id = serde_json::from_slice::<serde_json::Value>(&answer.body)
        .is_ok_and(|document| document["token_endpoint"].is_string());
    match answer.status {
        200 if is_entra_id => Finding::fine(hop, format!("{host} answers")),
        429 | 500.. => Finding::down(
            hop,
            format!("{host} cannot serve for now (HTTP {})", answer.status),
            "try again later; see https://status.entra.microsoft.com",
        ),
        407 => Finding::broken(
            hop,
            "the proxy wants a name and a password",
            "give them in HTTPS_PROXY, as http://name:password@host:port",
        ),
        status => Finding::broken(
            hop,
            format!("{host} answers as Entra ID does not (HTTP {status})"),
            "sign in to the network, if it has a page for that, or name the right --authority-host",
        ),
    }
}

fn clock(hop: &'static str, host: &AuthorityHost, date: Option<&str>) -> Finding {
    let Some(date) = date.and_then(|date| parse_rfc7231(date).ok()) else {
        return Finding::notice(
            hop,
            format!("{host} does not tell its time"),
            "check this machine's clock",
        );
    };
    let ahead = SystemClock.now() - date;
    if ahead.abs() <= TOLERATED {
        return Finding::fine(
            hop,
            format!("right to {} s", ahead.whole_seconds().abs() + 1),
        );
    }
    let side = if ahead.is_positive() {
        "ahead of"
    } else {
        "behind"
    };
    Finding::broken(
        hop,
        format!(
            "{} minutes {side} {host}",
            (ahead.whole_seconds().abs() + 30) / 60
        ),
        "set it (`timedatectl set-ntp true`; below WSL `wsl --shutdown`), or tokens are refused",
    )
}

fn trust_store() -> TrustStore {
    TrustStore::from_variables(|name| env::var_os(name))
}

/// Where the HTTP client reads its proxy.
const PROXIES: [&str; 6] = [
    "HTTPS_PROXY",
    "https_proxy",
    "ALL_PROXY",
    "all_proxy",
    "NO_PROXY",
    "no_proxy",
];
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(4);
/// For the connection and the answer together.
const ANSWER_WITHIN: std::time::Duration = std::time::Duration::from_secs(8);
const TOLERATED: Duration = Duration::minutes(5);
