//! The page on which the user chooses an account, and allows or denies.
//!
//! It is served on this machine's loopback, at a port and an address of its own, and takes one answer. The
//! browser that gave it waits: it is sent on to Entra ID's page, or told how it ended.

mod form;
mod in_memory;
mod one_time_token;
mod pages;
mod server;
mod words;

use crate::approvals::{Answer, Question};
use async_trait::async_trait;
use azbroker_entra::{LoopbackListener, Prompt, PromptError};
use azure_core::http::Url;
#[doc(hidden)]
pub use in_memory::{AccountPageAnswer, AccountPageInMemory};
use one_time_token::OneTimeToken;
use server::Server;
use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::{Notify, Semaphore, oneshot};

/// What the page asks.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) question: Question,
    pub(crate) purpose: Purpose,
    pub(crate) others: Others,
}

/// What the answer decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Which account the program gets a token of.
    Choose,
    /// Whether it gets one at all, and of which account.
    Approve,
}

/// Whether any other account would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Others {
    Welcome,
    /// The program named the one it wants.
    Unwanted,
}

/// Opens pages.
#[derive(Debug)]
pub(crate) struct Pickers {
    /// Pages that have ended and still say so to whoever comes back to them.
    lingering: Arc<Semaphore>,
}

impl Pickers {
    pub(crate) fn new() -> Self {
        const MOST: usize = 16;
        Self {
            lingering: Arc::new(Semaphore::new(MOST)),
        }
    }

    /// Serves a page until it has its answer.
    ///
    /// # Errors
    ///
    /// When there is no port to serve it at.
    pub(crate) async fn open(&self, asked: Asked) -> io::Result<Picker> {
        let listener = LoopbackListener::bind().await?;
        let (page, picker) = Picker::at(listener.port(), asked);
        let server = Server::new(listener, page);
        tokio::spawn(server.run(self.lingering.clone()));
        Ok(picker)
    }
}

/// A page that is being served. Dropping it ends the page, which then says that nobody waits for it.
#[derive(Debug)]
pub(crate) struct Picker {
    page: Arc<OpenPage>,
    answered: oneshot::Receiver<Answered>,
    /// The browser that gave the answer.
    waiting: Mutex<Option<oneshot::Sender<Next>>>,
}

impl Picker {
    /// A page that is yet to be served, at this port.
    fn at(port: u16, asked: Asked) -> (Arc<OpenPage>, Self) {
        let (sender, answered) = oneshot::channel();
        let page = Arc::new(OpenPage {
            port,
            path: OneTimeToken::random(),
            token: OneTimeToken::random(),
            asked,
            state: Mutex::new(State::Open(sender)),
            ended: Notify::new(),
        });
        let picker = Self {
            page: page.clone(),
            answered,
            waiting: Mutex::new(None),
        };
        (page, picker)
    }

    /// Where it is.
    pub(crate) fn url(&self) -> Url {
        let url = format!(
            "http://localhost:{}/{}",
            self.page.port,
            self.page.path.as_str()
        );
        Url::parse(&url).unwrap_or_else(|_| unreachable!("a port and base64url make a URL"))
    }

    /// Waits for the user's answer. There is one.
    pub(crate) async fn answer(&mut self) -> Answer {
        match (&mut self.answered).await {
            Ok(Answered { answer, waiting }) => {
                *self.lock_waiting() = Some(waiting);
                answer
            }
            // The page holds the sender until it is used, and we hold the page.
            Err(_) => unreachable!("the sender is used once"),
        }
    }

    /// Ends the page: this is what the browser that answered shows, and whoever asks for the page later.
    pub(crate) fn end(&self, ending: Ending) {
        self.page.end(ending.clone());
        if let Some(waiting) = self.lock_waiting().take() {
            // A browser that has gone needs no page.
            let _ = waiting.send(Next::Ending(ending));
        }
    }

    /// Tells the browser that answered that the sign-in goes on in another window.
    pub(crate) fn leave(&self) {
        if let Some(waiting) = self.lock_waiting().take() {
            let _ = waiting.send(Next::AnotherWindow);
        }
    }

    fn lock_waiting(&self) -> MutexGuard<'_, Option<oneshot::Sender<Next>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Picker {
    fn drop(&mut self) {
        self.end(Ending::NobodyWaits);
    }
}

/// Goes on to Entra ID's page in the browser that gave the answer; where that has gone, as otherwise.
#[derive(Debug)]
pub(crate) struct ContinueInPage<'a> {
    pub(crate) picker: &'a Picker,
    pub(crate) otherwise: &'a dyn Prompt,
}

#[async_trait]
impl Prompt for ContinueInPage<'_> {
    async fn open(&self, url: &Url) -> Result<(), PromptError> {
        let waiting = self.picker.lock_waiting().take();
        let next = Next::SignIn(url.clone());
        if waiting.is_some_and(|waiting| waiting.send(next).is_ok()) {
            return Ok(());
        }
        self.otherwise.open(url).await
    }

    fn check(&self) -> Result<(), PromptError> {
        self.otherwise.check()
    }
}

/// How a page ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The program has its token.
    Given {
        /// Of whom.
        username: String,
    },
    /// The user denied it.
    Denied,
    /// The answer came to nothing, and why.
    Failed(String),
    /// The user took too long.
    TooLate,
    /// The program is gone, or wants it no more.
    NobodyWaits,
}

/// A page and what becomes of it; the server and the flow share it.
#[derive(Debug)]
struct OpenPage {
    port: u16,
    /// The page's address, that nobody can guess.
    path: OneTimeToken,
    /// What the answer must bring back.
    token: OneTimeToken,
    asked: Asked,
    state: Mutex<State>,
    ended: Notify,
}

#[derive(Debug)]
enum State {
    /// The answer goes here.
    Open(oneshot::Sender<Answered>),
    /// It has come.
    Answered,
    Ended(Ending),
}

#[derive(Debug)]
struct Answered {
    answer: Answer,
    waiting: oneshot::Sender<Next>,
}

/// What the browser that answered gets.
#[derive(Debug)]
enum Next {
    SignIn(Url),
    AnotherWindow,
    Ending(Ending),
}

impl OpenPage {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the one answer. `None` when there was one before, or nobody waits for it any more.
    fn take(&self, answer: Answer) -> Option<oneshot::Receiver<Next>> {
        let mut state = self.lock();
        if !matches!(*state, State::Open(_)) {
            return None;
        }
        let State::Open(sender) = std::mem::replace(&mut *state, State::Answered) else {
            return None;
        };
        let (waiting, next) = oneshot::channel();
        sender.send(Answered { answer, waiting }).ok()?;
        Some(next)
    }

    /// The first ending stays.
    fn end(&self, ending: Ending) {
        let mut state = self.lock();
        if !matches!(*state, State::Ended(_)) {
            *state = State::Ended(ending);
            self.ended.notify_one();
        }
    }
}

#[cfg(test)]
mod tests;
