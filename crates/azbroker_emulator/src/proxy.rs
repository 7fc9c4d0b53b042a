//! The listener: an HTTP proxy that ends TLS itself.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    body::Body,
    http::{Method, Request, Response, StatusCode, Uri, header},
    response::IntoResponse,
};
use hyper::{
    body::Incoming, ext::ReasonPhrase, server::conn::http1, service::service_fn, upgrade::OnUpgrade,
};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use tokio_rustls::TlsAcceptor;

use crate::{
    certificates::CertificateAuthority,
    cloud::Cloud,
    entra,
    exchange::{self, Site, SiteKind},
    faults::Target,
    ledger::{Entry, Outcome},
    metadata, vault,
};

/// Accepts connections and leads each to the site it asks for.
#[derive(Debug)]
pub(crate) struct Proxy {
    cloud: Arc<Cloud>,
    certificates: Arc<CertificateAuthority>,
    sites: HashMap<String, Arc<Site>>,
    metadata: Site,
    port: u16,
}

impl Proxy {
    pub(crate) fn new(
        cloud: Arc<Cloud>,
        certificates: Arc<CertificateAuthority>,
        port: u16,
    ) -> Self {
        let mut sites = HashMap::new();
        for instance in &entra::INSTANCES {
            for host in instance.hosts {
                let site = Site {
                    kind: SiteKind::Entra,
                    host: (*host).to_owned(),
                    router: entra::router(cloud.clone(), instance, host),
                };
                sites.insert((*host).to_owned(), Arc::new(site));
            }
        }
        for name in cloud.vaults.keys() {
            let host = format!("{name}.{}", vault::DOMAIN);
            let router = vault::router(cloud.clone(), name);
            sites.insert(
                host.clone(),
                Arc::new(Site {
                    kind: SiteKind::Vault,
                    host,
                    router,
                }),
            );
        }
        let metadata = Site {
            kind: SiteKind::Metadata,
            host: metadata::HOST.into(),
            router: metadata::router(),
        };
        Self {
            cloud,
            certificates,
            sites,
            metadata,
            port,
        }
    }

    /// Serves until it is aborted; then all connections end, because their tasks live in this one.
    pub(crate) async fn run(self, listener: TcpListener) {
        let proxy = Arc::new(self);
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => {
                        connections.spawn(proxy.clone().serve(stream));
                    }
                    // A client that is already gone, or too many open files: the next one may fare better.
                    Err(error) => {
                        tracing::warn!(%error, "a connection could not be accepted");
                        proxy.cloud.clock.sleep(ACCEPT_PAUSE).await;
                    }
                },
                Some(_) = connections.join_next() => {}
            }
        }
    }

    async fn serve(self: Arc<Self>, stream: TcpStream) {
        // Small answers in a conversation: waiting to fill a packet only adds delay.
        let _ = stream.set_nodelay(true);
        let tunnel = Mutex::new(None);
        let service = service_fn(|request| self.proxy_request(request, &tunnel));
        let served = connection()
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades()
            .await;
        if let Err(error) = served {
            tracing::trace!(%error, "a proxy connection ended");
        }
        let tunnel = tunnel.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Some(Tunnel { site, upgrade }) = tunnel {
            match upgrade.await {
                Ok(upgraded) => self.serve_tunnel(&site, TokioIo::new(upgraded)).await,
                Err(error) => tracing::trace!(%error, "a tunnel was not opened"),
            }
        }
    }

    async fn serve_tunnel(
        &self,
        site: &Site,
        io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    ) {
        let config = match self.certificates.server_config(&site.host) {
            Ok(config) => config,
            Err(error) => {
                tracing::error!(
                    host = site.host,
                    error = &error as &dyn std::error::Error,
                    "no certificate"
                );
                return;
            }
        };
        let stream = match TlsAcceptor::from(config).accept(io).await {
            Ok(stream) => stream,
            Err(error) => {
                // What a user sees who forgot to trust the authority.
                tracing::warn!(host = site.host, %error, "the TLS handshake failed");
                return;
            }
        };
        let service = service_fn(|request: Request<Incoming>| {
            exchange::answer(&self.cloud, site, request.map(Body::new))
        });
        if let Err(error) = connection()
            .serve_connection(TokioIo::new(stream), service)
            .await
        {
            tracing::trace!(host = site.host, %error, "a connection ended");
        }
    }

    async fn proxy_request(
        &self,
        mut request: Request<Incoming>,
        tunnel: &Mutex<Option<Tunnel>>,
    ) -> Result<Response<Body>, exchange::Dropped> {
        let Some(host) = request.uri().host().map(str::to_ascii_lowercase) else {
            if let Some(site) = self.sign_in_page(&request) {
                let request = with_host_cookies(request.map(Body::new));
                let answer = exchange::answer(&self.cloud, site, request).await;
                return answer.map(with_plain_cookies);
            }
            if self.is_own(&request) && request.uri().path() == FAULTS {
                let response = self.plan_faults(request).await;
                return Ok(exchange::dated(&self.cloud, response));
            }
            let response = (
                StatusCode::BAD_REQUEST,
                "this is a proxy: set HTTPS_PROXY to its address\n",
            );
            return Ok(exchange::dated(&self.cloud, response.into_response()));
        };
        let response = if request.method() == Method::CONNECT {
            match self.site(&host) {
                Some(site) if request.uri().port_u16() == Some(443) => {
                    if !self.sites.contains_key(&host) {
                        self.record_refusal(request.method(), &host);
                    }
                    let upgrade = hyper::upgrade::on(&mut request);
                    *tunnel.lock().unwrap_or_else(PoisonError::into_inner) =
                        Some(Tunnel { site, upgrade });
                    Response::new(Body::empty())
                }
                _ => self.refuse(request.method(), request.uri(), &host),
            }
        } else if host == metadata::HOST {
            return exchange::answer(&self.cloud, &self.metadata, request.map(Body::new)).await;
        } else {
            self.refuse(request.method(), request.uri(), &host)
        };
        Ok(exchange::dated(&self.cloud, response))
    }

    /// The site of a host; a vault that is not in the world says so itself.
    fn site(&self, host: &str) -> Option<Arc<Site>> {
        if let Some(site) = self.sites.get(host) {
            return Some(site.clone());
        }
        let name = host.strip_suffix(vault::DOMAIN)?.strip_suffix('.')?;
        // One label, or there would be no end of certificates.
        let label = !name.is_empty() && !name.contains('.') && name.len() <= 63;
        label.then(|| {
            Arc::new(Site {
                kind: SiteKind::Vault,
                host: host.to_owned(),
                router: vault::absent_router(&self.cloud, name),
            })
        })
    }

    /// The site of a sign-in page that is asked of this listener itself, in plain HTTP.
    ///
    /// That is how a person signs in with a browser of their own, which knows neither the proxy nor the
    /// authority. Only the pages are there; tokens are not.
    fn sign_in_page(&self, request: &Request<Incoming>) -> Option<&Site> {
        let own = self.is_own(request);
        let path = request.uri().path();
        let page = path.ends_with("/oauth2/v2.0/authorize") || path.contains("/login/");
        let site = self.sites.get(entra::PUBLIC.hosts[0])?;
        (own && page).then_some(site)
    }

    /// Whether a request names this listener. A name of somebody else's that resolves to this machine is not meant.
    fn is_own<T>(&self, request: &Request<T>) -> bool {
        let host = request.headers().get(header::HOST);
        let host = host.and_then(|host| host.to_str().ok()).unwrap_or_default();
        ["localhost", "127.0.0.1"]
            .iter()
            .any(|name| host == format!("{name}:{}", self.port))
    }

    /// Plans faults for a program that runs beside the emulator. No web page can send this type of content here.
    async fn plan_faults(&self, request: Request<Incoming>) -> Response<Body> {
        let json = request
            .headers()
            .get(header::CONTENT_TYPE)
            .is_some_and(|kind| kind == "application/json");
        if request.method() != Method::POST || !json {
            let text = "faults are planned by POST of application/json\n";
            return (StatusCode::BAD_REQUEST, text).into_response();
        }
        let body = axum::body::to_bytes(Body::new(request.into_body()), LONGEST_PLAN).await;
        let planned = body
            .map_err(|error| error.to_string())
            .and_then(|json| self.cloud.faults.plan(&json));
        match planned {
            Ok(()) => StatusCode::NO_CONTENT.into_response(),
            Err(fault) => (
                StatusCode::BAD_REQUEST,
                format!("no fault was planned: {fault}\n"),
            )
                .into_response(),
        }
    }

    fn record_refusal(&self, method: &Method, host: &str) {
        self.cloud.ledger.record(Entry {
            sequence: 0,
            time: self.cloud.clock.now(),
            target: Target::Proxy,
            host: host.to_owned(),
            method: method.to_string(),
            // What a client wanted to send to a stranger may hold anything.
            path: String::new(),
            status: Some(StatusCode::BAD_GATEWAY.as_u16()),
            outcome: Outcome::RefusedHost,
            grant_type: None,
            redeemed: None,
            client_id: None,
            username: None,
            scopes: Vec::new(),
            is_silent: false,
            client_request_id: None,
        });
    }

    /// Says which host is not emulated, where people look: the status line, the body, the log and the ledger.
    fn refuse(&self, method: &Method, uri: &Uri, host: &str) -> Response<Body> {
        let known = self.sites.contains_key(host);
        let text = match uri.port_u16() {
            _ if known && method != Method::CONNECT => {
                format!("{host} is emulated over https only")
            }
            Some(port) if known => format!("{host} is emulated on port 443, not {port}"),
            _ => format!("{host} is not emulated, and nothing is forwarded"),
        };
        tracing::warn!(host, "a host was refused: {text}");
        self.record_refusal(method, host);
        let mut response = (
            StatusCode::BAD_GATEWAY,
            format!("azbroker emulator: {text}\n"),
        )
            .into_response();
        if let Ok(reason) = ReasonPhrase::try_from(text) {
            // Many clients show the reason of a refused CONNECT and never its body.
            response.extensions_mut().insert(reason);
        }
        response
    }
}

/// Lets cookies come back over plain HTTP, which those of a secure host would not.
fn with_plain_cookies(mut response: Response<Body>) -> Response<Body> {
    let cookies: Vec<_> = response
        .headers()
        .get_all(header::SET_COOKIE)
        .iter()
        .filter_map(|cookie| {
            let cookie = cookie.to_str().ok()?.replace("; Secure", "");
            cookie.trim_start_matches(HOST_PREFIX).parse().ok()
        })
        .collect();
    response.headers_mut().remove(header::SET_COOKIE);
    for cookie in cookies {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// Gives plain cookies the names back that the pages gave them.
fn with_host_cookies(mut request: Request<Body>) -> Request<Body> {
    let cookies = request.headers().get(header::COOKIE);
    let Some(cookies) = cookies.and_then(|cookies| cookies.to_str().ok()) else {
        return request;
    };
    let named: Vec<_> = cookies
        .split("; ")
        .map(|cookie| format!("{HOST_PREFIX}{cookie}"))
        .collect();
    if let Ok(cookies) = named.join("; ").parse() {
        request.headers_mut().insert(header::COOKIE, cookies);
    }
    request
}

/// Marks a cookie that only a secure host can set; see
/// [RFC 6265bis section 4.1.3.2](https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis#section-4.1.3.2).
const HOST_PREFIX: &str = "__Host-";

/// A CONNECT that was granted.
struct Tunnel {
    site: Arc<Site>,
    upgrade: OnUpgrade,
}

fn connection() -> http1::Builder {
    let mut builder = http1::Builder::new();
    // The date comes from the emulator's clock.
    builder.auto_date_header(false);
    builder
}

/// Where faults are planned.
const FAULTS: &str = "/faults";
const LONGEST_PLAN: usize = 64 * 1024;
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
