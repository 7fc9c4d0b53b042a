use super::{Next, OpenPage, State, form::Sent, pages};
use azbroker_entra::{LoopbackListener, LoopbackPeer, is_loopback_host};
use http_body_util::{BodyExt, Full, Limited};
use hyper::{
    Method, Request, Response, StatusCode,
    body::{Bytes, Incoming},
    header::{self, HeaderMap, HeaderValue},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::{
    collections::VecDeque,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::Semaphore,
    task::{AbortHandle, JoinSet},
};

/// Serves one page.
pub(super) struct Server {
    listener: LoopbackListener,
    page: Arc<OpenPage>,
}

/// How long a page that has ended still says so.
const LINGERS: Duration = Duration::from_secs(300);

/// How long it stays where too many linger already: the last answer must get out.
const LEAVES: Duration = Duration::from_secs(2);

/// More than a browser opens for one page; a bound for whoever else connects.
const MOST_CONNECTIONS: usize = 32;

/// How long a connection may take to send its request, head and body each.
const REQUEST_WAIT: Duration = Duration::from_secs(2);

/// Far more than the form can be.
const LARGEST_BODY: usize = 4 * 1024;

impl Server {
    pub(super) fn new(listener: LoopbackListener, page: Arc<OpenPage>) -> Self {
        Self { listener, page }
    }

    pub(super) async fn run(self, lingering: Arc<Semaphore>) {
        let mut serving = pin!(self.serve());
        tokio::select! {
            () = &mut serving => return,
            () = self.page.ended.notified() => {}
        }
        let place = lingering.try_acquire();
        let stays = if place.is_ok() { LINGERS } else { LEAVES };
        let _ = tokio::time::timeout(stays, serving).await;
    }

    async fn serve(&self) {
        let mut tasks = JoinSet::new();
        let mut connections = VecDeque::<Connection>::new();
        loop {
            let idle = |each: &Connection| !each.answers.load(Ordering::Relaxed);
            let full = connections.len() >= MOST_CONNECTIONS;
            let room = !full || connections.iter().any(idle);
            let accepted = tokio::select! {
                accepted = self.listener.accept(), if room => accepted,
                Some(_) = tasks.join_next() => {
                    connections.retain(|each| !each.task.is_finished());
                    continue;
                }
            };
            let Some((stream, peer)) = accepted else {
                continue;
            };
            if full {
                // Whoever has sent something by now is heard. Whoever only holds connections open gives way to the
                // browser, the one that has waited longest first; an answer is never lost to it.
                tokio::task::yield_now().await;
                if let Some(oldest) = connections.iter().position(idle)
                    && let Some(oldest) = connections.remove(oldest)
                {
                    oldest.task.abort();
                }
            }
            let answers = Arc::new(AtomicBool::new(false));
            let task = tasks.spawn(converse(stream, peer, self.page.clone(), answers.clone()));
            connections.push_back(Connection { task, answers });
        }
    }
}

struct Connection {
    task: AbortHandle,
    /// Whether the user's answer came over it, or it is being looked at whose it is.
    answers: Arc<AtomicBool>,
}

/// What ends a connection without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the other end is not the user's")]
struct NotLetIn;

/// Whoever is at the other end of a connection.
pub(super) trait Peer: Clone + Send + Sync {
    /// Whether it is the user's own program.
    fn may_answer(&self) -> impl Future<Output = bool> + Send;
}

impl Peer for LoopbackPeer {
    async fn may_answer(&self) -> bool {
        Self::may_answer(self).await
    }
}

/// Answers what comes over one connection.
pub(super) async fn converse(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send,
    peer: impl Peer,
    page: Arc<OpenPage>,
    answers: Arc<AtomicBool>,
) {
    let service = service_fn(|request| {
        let (peer, page, answers) = (peer.clone(), page.clone(), answers.clone());
        async move { respond(request, &peer, &page, &answers).await }
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

async fn respond(
    request: Request<Incoming>,
    peer: &impl Peer,
    page: &OpenPage,
    answers: &AtomicBool,
) -> Result<Response<Full<Bytes>>, NotLetIn> {
    if !is_loopback_host(request.headers().get(header::HOST), page.port) {
        return Ok(pages::nothing_here(StatusCode::MISDIRECTED_REQUEST));
    }
    let path = request.uri().path().strip_prefix('/').unwrap_or_default();
    if !page.path.is(path) {
        return Ok(pages::nothing_here(StatusCode::NOT_FOUND));
    }
    answers.store(true, Ordering::Relaxed);
    if !peer.may_answer().await {
        return Err(NotLetIn);
    }
    answers.store(false, Ordering::Relaxed);
    Ok(match *request.method() {
        Method::GET => match &*page.lock() {
            State::Open(_) => pages::question(&page.asked, &page.token),
            State::Answered => pages::answered(),
            State::Ended(ending) => pages::ended(&page.asked, ending),
        },
        Method::POST => match read(request, page).await {
            Ok(sent) => answer(&sent, page, answers).await,
            Err(status) => pages::nothing_here(status),
        },
        _ => pages::nothing_here(StatusCode::METHOD_NOT_ALLOWED),
    })
}

/// Reads the form, if the page itself sent it.
async fn read(request: Request<Incoming>, page: &OpenPage) -> Result<Sent, StatusCode> {
    if !is_of_page(request.headers()) {
        return Err(StatusCode::FORBIDDEN);
    }
    let body = Limited::new(request.into_body(), LARGEST_BODY).collect();
    let body = tokio::time::timeout(REQUEST_WAIT, body)
        .await
        .map_err(|_| StatusCode::REQUEST_TIMEOUT)?
        .map_err(|_| StatusCode::PAYLOAD_TOO_LARGE)?;
    let sent = Sent::read(&body.to_bytes()).ok_or(StatusCode::BAD_REQUEST)?;
    match page.token.is(&sent.token) {
        true => Ok(sent),
        false => Err(StatusCode::FORBIDDEN),
    }
}

/// Whether a form was sent from this origin: every browser says so in one of these.
fn is_of_page(headers: &HeaderMap) -> bool {
    let text = |name: &str| Some(headers.get(name)?.to_str().unwrap_or_default());
    let own = text("host").map(|host| format!("http://{host}"));
    match (text("origin"), text("sec-fetch-site")) {
        (None, None) => false,
        (origin, site) => {
            origin.is_none_or(|origin| own.as_deref() == Some(origin))
                && site.is_none_or(|site| site == "same-origin")
        }
    }
}

/// Hands the answer on, and shows what comes of it.
async fn answer(sent: &Sent, page: &OpenPage, answers: &AtomicBool) -> Response<Full<Bytes>> {
    let next = match sent.answer(&page.asked) {
        Some(answer) => page.take(answer),
        None => return pages::nothing_here(StatusCode::BAD_REQUEST),
    };
    let next = match next {
        Some(next) => {
            answers.store(true, Ordering::Relaxed);
            next.await.ok()
        }
        None => None,
    };
    match next {
        Some(Next::SignIn(url)) => see_other(&url),
        Some(Next::AnotherWindow) => pages::going_on(),
        Some(Next::Ending(ending)) => pages::outcome(&page.asked, &ending),
        None => match &*page.lock() {
            State::Ended(ending) => pages::ended(&page.asked, ending),
            State::Open(_) | State::Answered => pages::answered(),
        },
    }
}

fn see_other(url: &azure_core::http::Url) -> Response<Full<Bytes>> {
    let mut response = pages::going_on();
    *response.status_mut() = StatusCode::SEE_OTHER;
    if let Ok(location) = HeaderValue::from_str(url.as_str()) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}
