//! Receives the one redirect of a sign-in on this machine's loopback
//! ([RFC 8252 section 7.3](https://www.rfc-editor.org/rfc/rfc8252#section-7.3)).

use crate::{
    AuthorizationCode, Refusal, last_page::LastPage, loopback_peer::may_redirect,
    redirect_parameters::RedirectParameters,
};
use http_body_util::Full;
use hyper::{
    Method, Request, Response,
    body::{Bytes, Incoming},
    header,
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::{
    convert::Infallible,
    io,
    net::{Ipv4Addr, Ipv6Addr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinSet,
};

/// Both loopback addresses at one port that the system chose.
#[derive(Debug)]
pub(crate) struct RedirectListener {
    v4: TcpListener,
    /// Missing where the machine has no IPv6.
    v6: Option<TcpListener>,
    port: u16,
}

impl RedirectListener {
    pub(crate) async fn bind() -> io::Result<Self> {
        const ATTEMPTS: usize = 16;
        let mut attempt = 0;
        loop {
            attempt += 1;
            let v4 = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
            let port = v4.local_addr()?.port();
            match TcpListener::bind((Ipv6Addr::LOCALHOST, port)).await {
                Ok(v6) => {
                    let v6 = Some(v6);
                    return Ok(Self { v4, v6, port });
                }
                // Somebody else has this port on the other address and would get the redirect of a
                // browser that prefers it: take another port.
                Err(error) if error.kind() == io::ErrorKind::AddrInUse && attempt < ATTEMPTS => {}
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => return Err(error),
                Err(_) => return Ok(Self { v4, v6: None, port }),
            }
        }
    }

    /// What Entra ID sends the browser to. Its host is what applications register; the port is not compared.
    pub(crate) fn redirect_uri(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    /// Waits for the redirect that carries `state`. Requests without it are answered and change nothing.
    pub(crate) async fn receive(self, state: String) -> Redirect {
        let (sender, mut received) = oneshot::channel();
        let waiting = Arc::new(Waiting {
            port: self.port,
            state,
            sender: Mutex::new(Some(sender)),
        });
        let mut connections = JoinSet::new();
        loop {
            let stream = tokio::select! {
                answer = &mut received => match answer {
                    Ok((outcome, page)) => return Redirect { outcome, page, connections },
                    // `waiting` holds the sender until it is used.
                    Err(_) => unreachable!("the sender is used once"),
                },
                stream = accept(&self.v4) => stream,
                stream = accept_some(self.v6.as_ref()) => stream,
                Some(_) = connections.join_next() => continue,
            };
            if let Some(stream) = stream {
                // Whoever only holds connections open gives way to the browser.
                if connections.len() >= MOST_CONNECTIONS {
                    connections.abort_all();
                }
                connections.spawn(serve(stream, waiting.clone()));
            }
        }
    }
}

/// The redirect, with the browser still waiting for its page.
#[derive(Debug)]
pub(crate) struct Redirect {
    pub(crate) outcome: Result<AuthorizationCode, Refusal>,
    page: oneshot::Sender<LastPage>,
    connections: JoinSet<()>,
}

impl Redirect {
    /// Answers the browser and closes the listener. It waits until the page is out, but not for long.
    pub(crate) async fn finish(mut self, page: LastPage) {
        if self.page.send(page).is_err() {
            return;
        }
        let all = async { while self.connections.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(LAST_PAGE_WAIT, all).await;
    }
}

/// More than a browser opens for one page; a bound for whoever else connects.
const MOST_CONNECTIONS: usize = 32;

/// A browser that keeps a second connection open holds nobody up.
const LAST_PAGE_WAIT: Duration = Duration::from_millis(200);

/// How long a connection may take to send its request.
const REQUEST_WAIT: Duration = Duration::from_secs(2);

type Answer = (
    Result<AuthorizationCode, Refusal>,
    oneshot::Sender<LastPage>,
);

struct Waiting {
    port: u16,
    state: String,
    sender: Mutex<Option<oneshot::Sender<Answer>>>,
}

/// The next connection, unless it is another user's.
async fn accept(listener: &TcpListener) -> Option<TcpStream> {
    let (stream, peer) = listener.accept().await.ok()?;
    let local = stream.local_addr().ok()?;
    if !may_redirect(peer, local) {
        tracing::warn!("another user of this machine connected to the sign-in's address");
        return None;
    }
    Some(stream)
}

async fn accept_some(listener: Option<&TcpListener>) -> Option<TcpStream> {
    match listener {
        Some(listener) => accept(listener).await,
        None => std::future::pending().await,
    }
}

async fn serve(stream: TcpStream, waiting: Arc<Waiting>) {
    let service = service_fn(|request| {
        let waiting = waiting.clone();
        async move { Ok::<_, Infallible>(waiting.answer(&request).await) }
    });
    // A browser that hangs up is no concern of ours.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(REQUEST_WAIT)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

impl Waiting {
    async fn answer(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        let page = match self.accept(request) {
            Some((sender, outcome)) => {
                let (page, shown) = oneshot::channel();
                if sender.send((outcome, page)).is_err() {
                    LastPage::NotExpected
                } else {
                    shown.await.unwrap_or(LastPage::Failed(None))
                }
            }
            None => LastPage::NotExpected,
        };
        response(page)
    }

    /// Takes the redirect if this is the one waited for.
    fn accept(
        &self,
        request: &Request<Incoming>,
    ) -> Option<(oneshot::Sender<Answer>, Result<AuthorizationCode, Refusal>)> {
        // A page of another name that resolves to this machine must not be taken for the browser's redirect.
        let host = request.headers().get(header::HOST)?.to_str().ok()?;
        let names = ["localhost", "127.0.0.1", "[::1]"];
        let own = names
            .iter()
            .any(|name| host == format!("{name}:{}", self.port));
        if !own || request.method() != Method::GET || request.uri().path() != "/" {
            return None;
        }
        let outcome = RedirectParameters::parse(request.uri().query()?)?.outcome_of(&self.state)?;
        let sender = self
            .sender
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()?;
        Some((sender, outcome))
    }
}

fn response(page: LastPage) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(page.html())));
    *response.status_mut() =
        hyper::StatusCode::from_u16(page.status()).unwrap_or(hyper::StatusCode::OK);
    for (name, value) in [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; img-src data:; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
        ),
    ] {
        response
            .headers_mut()
            .insert(name, header::HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests;
