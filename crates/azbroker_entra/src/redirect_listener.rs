//! Receives the one redirect of a sign-in on this machine's loopback
//! ([RFC 8252 section 7.3](https://www.rfc-editor.org/rfc/rfc8252#section-7.3)).

use crate::{
    AuthorizationCode, LoopbackRedirect, Refusal,
    last_page::LastPage,
    loopback_listener::{LoopbackListener, is_loopback_host},
    redirect_connections::{RedirectConnections, RedirectPeer},
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
    collections::VecDeque,
    io,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::oneshot,
    task::{AbortHandle, JoinSet},
};

/// Waits for a redirect at a port of its own.
#[derive(Debug)]
pub(crate) struct RedirectListener<L = LoopbackListener> {
    listener: L,
    redirect: LoopbackRedirect,
}

impl RedirectListener {
    pub(crate) async fn bind(redirect: LoopbackRedirect) -> io::Result<Self> {
        let listener = match redirect.port() {
            Some(port) => LoopbackListener::bind_to(port).await?,
            None => LoopbackListener::bind().await?,
        };
        Ok(Self::on(listener, redirect))
    }
}

impl<L: RedirectConnections> RedirectListener<L> {
    pub(crate) fn on(listener: L, redirect: LoopbackRedirect) -> Self {
        Self { listener, redirect }
    }

    /// What Entra ID sends the browser to. Its host and path are what applications register; the port is not
    /// compared.
    pub(crate) fn redirect_uri(&self) -> String {
        self.redirect.at(self.listener.port())
    }

    /// Waits for the redirect that carries `state`. Requests without it are answered and change nothing.
    pub(crate) async fn receive(self, state: String) -> Redirect {
        let (sender, mut received) = oneshot::channel();
        let waiting = Arc::new(Waiting {
            port: self.listener.port(),
            path: self.redirect.path().to_owned(),
            state,
            sender: Mutex::new(Some(sender)),
        });
        let mut connections = JoinSet::new();
        let mut places = VecDeque::<Place>::new();
        loop {
            places.retain(|place| !place.task.is_finished());
            let idle = |place: &Place| !place.has_state.load(Ordering::Relaxed);
            let full = places.len() >= MOST_CONNECTIONS;
            let room = !full || places.iter().any(idle);
            let accepted = tokio::select! {
                answer = &mut received => match answer {
                    Ok((outcome, page)) => return Redirect { outcome, page, connections },
                    // `waiting` holds the sender until it is used.
                    Err(_) => unreachable!("the sender is used once"),
                },
                accepted = self.listener.accept(), if room => accepted,
                Some(_) = connections.join_next() => continue,
            };
            let Some((stream, peer)) = accepted else {
                continue;
            };
            if full {
                // Whoever has sent something by now is heard. Whoever only holds connections open gives way to the
                // browser, the one that has waited longest first.
                tokio::task::yield_now().await;
                if let Some(oldest) = places.iter().position(idle)
                    && let Some(oldest) = places.remove(oldest)
                {
                    oldest.task.abort();
                }
            }
            let has_state = Arc::new(AtomicBool::new(false));
            let task = connections.spawn(serve(stream, peer, waiting.clone(), has_state.clone()));
            places.push_back(Place { task, has_state });
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
    path: String,
    state: String,
    sender: Mutex<Option<oneshot::Sender<Answer>>>,
}

/// A connection that is served.
struct Place {
    task: AbortHandle,
    /// Whether a request with the state came over it.
    has_state: Arc<AtomicBool>,
}

/// What ends a connection without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the other end is not the user's")]
struct NotLetIn;

async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    peer: impl RedirectPeer,
    waiting: Arc<Waiting>,
    has_state: Arc<AtomicBool>,
) {
    let service = service_fn(|request| {
        let (waiting, peer, has_state) = (waiting.clone(), peer.clone(), has_state.clone());
        async move { waiting.answer(&request, &peer, &has_state).await }
    });
    // A browser that hangs up is no concern of ours.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(REQUEST_WAIT)
        .keep_alive(false)
        // Who has no more to say is looked at and answered all the same.
        .half_close(true)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

impl Waiting {
    async fn answer(
        &self,
        request: &Request<Incoming>,
        peer: &impl RedirectPeer,
        has_state: &AtomicBool,
    ) -> Result<Response<Full<Bytes>>, NotLetIn> {
        let Some(outcome) = self.outcome_in(request) else {
            return Ok(LastPage::NotExpected.into_response());
        };
        has_state.store(true, Ordering::Relaxed);
        if !peer.may_answer().await {
            return Err(NotLetIn);
        }
        let page = match self.take() {
            Some(sender) => {
                let (page, shown) = oneshot::channel();
                if sender.send((outcome, page)).is_err() {
                    LastPage::NotExpected
                } else {
                    shown.await.unwrap_or(LastPage::Abandoned)
                }
            }
            None => LastPage::NotExpected,
        };
        Ok(page.into_response())
    }

    /// What the redirect brings, if this is the one waited for.
    fn outcome_in(
        &self,
        request: &Request<Incoming>,
    ) -> Option<Result<AuthorizationCode, Refusal>> {
        let own = is_loopback_host(request.headers().get(header::HOST), self.port);
        if !own || request.method() != Method::GET || request.uri().path() != self.path {
            return None;
        }
        RedirectParameters::parse(request.uri().query()?)?.outcome_of(&self.state)
    }

    /// Who waits for it; there is one redirect.
    fn take(&self) -> Option<oneshot::Sender<Answer>> {
        let mut sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner);
        sender.take()
    }
}

#[cfg(test)]
mod tests;
