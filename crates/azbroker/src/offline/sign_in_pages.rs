use crate::{
    failure::{Exit, Failure, chain},
    output::tell,
};
use azbroker_emulator::{Emulator, SignIn, User, Visitor};
use azbroker_service::{Prompt, SystemBrowser};
use std::{
    io,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::{
    io::AsyncReadExt,
    net::{UnixListener, UnixStream},
    task::JoinHandle,
};

/// Receives the sign-in pages that programs want to open, and shows them to whoever is to sign in.
///
/// Programs know nothing of it: `BROWSER` names a script that hands each address over to a socket.
#[derive(Debug)]
pub(crate) struct SignInPages {
    who: Arc<Mutex<Option<Who>>>,
    receiving: JoinHandle<()>,
}

/// Who signs in.
#[derive(Clone, Debug)]
enum Who {
    /// An emulated user, who walks the pages over HTTP.
    Emulated {
        username: String,
        visitor: Arc<Visitor>,
    },
    /// The person at this machine, in their own browser, by way of plain loopback HTTP.
    Person {
        users: Vec<User>,
        instead: &'static str,
    },
}

impl SignInPages {
    /// Receives at a socket of this path.
    pub(crate) fn receive_at(socket: &Path, emulator: &Emulator) -> io::Result<Self> {
        let listener = UnixListener::bind(socket)?;
        let who = Arc::new(Mutex::new(None));
        let pages = Pages {
            who: who.clone(),
            emulator: emulator.proxy_url(),
        };
        Ok(Self {
            who,
            receiving: tokio::spawn(pages.receive(listener)),
        })
    }

    /// From now on this emulated user signs in.
    pub(crate) fn are_for_user(&self, emulator: &Emulator, sign_in: SignIn) -> Result<(), Failure> {
        let username = sign_in.username.clone();
        let visitor = Visitor::with_client(emulator.http_client(), sign_in)
            .map_err(|error| Failure::of(Exit::Failed, &error))?;
        self.are_for(Who::Emulated {
            username,
            visitor: Arc::new(visitor),
        });
        Ok(())
    }

    /// From now on the person at this machine signs in, as one of these users; `instead` says what helps where no
    /// browser does.
    pub(crate) fn are_for_person(&self, users: Vec<User>, instead: &'static str) {
        self.are_for(Who::Person { users, instead });
    }

    fn are_for(&self, who: Who) {
        *self.who.lock().unwrap_or_else(PoisonError::into_inner) = Some(who);
    }
}

impl Drop for SignInPages {
    fn drop(&mut self) {
        self.receiving.abort();
    }
}

#[derive(Clone)]
struct Pages {
    who: Arc<Mutex<Option<Who>>>,
    emulator: String,
}

impl Pages {
    async fn receive(self, listener: UnixListener) {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(self.clone().show(stream));
        }
    }

    async fn show(self, mut stream: UnixStream) {
        let mut url = String::new();
        if stream.read_to_string(&mut url).await.is_err() {
            return;
        }
        let who = self
            .who
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        match who {
            Some(Who::Emulated { username, visitor }) => match visitor.visit(&url).await {
                Ok(visited) if visited.status < 400 => {
                    tracing::debug!(username, "the emulated user has seen the last page");
                }
                Ok(visited) => tracing::warn!(
                    "the sign-in of {username} ended on a page with HTTP {}",
                    visited.status
                ),
                Err(error) => tracing::warn!("{username} could not sign in: {}", chain(&error)),
            },
            Some(Who::Person { users, instead }) => {
                let hosts = [
                    "https://login.microsoftonline.com/",
                    "https://login.microsoft.com/",
                ];
                let path = hosts.iter().find_map(|host| url.strip_prefix(host));
                let url = path.map_or(url.clone(), |path| format!("{}/{path}", self.emulator));
                tell(format_args!("           sign in here: {url}"));
                tell_users(&users);
                let Ok(url) = azure_core::http::Url::parse(&url) else {
                    return;
                };
                let browser = SystemBrowser::new(std::env::var("BROWSER").ok());
                if let Err(error) = browser.open(&url).await {
                    tracing::warn!("open that address yourself, or {instead}: {error}");
                }
            }
            None => tracing::warn!("a sign-in page was opened and nobody is there to see it"),
        }
    }
}

/// Says whom the emulated pages know. Their passwords are made up and protect nothing; without them nobody gets in.
pub(crate) fn tell_users(users: &[User]) {
    for user in users.iter().take(MOST_USERS) {
        let (name, password) = (&user.username, &user.password);
        tell(format_args!(
            "           sign in as {name}, password {password}"
        ));
    }
    if users.len() > MOST_USERS {
        tell("           or as another user of the world's file");
    }
}

/// More than these hide the address.
const MOST_USERS: usize = 5;
