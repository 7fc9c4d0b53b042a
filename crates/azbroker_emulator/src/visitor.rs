//! The emulated user, who signs in on the real pages.

mod cookies;
mod forms;
mod reading;

use std::{
    fmt::{Debug, Formatter},
    sync::{Mutex, PoisonError},
};

use reqwest::{Client, Response, StatusCode, header, redirect};
use thiserror::Error;
use url::{Host, Url};

use cookies::Cookies;
use forms::Submission;
use reading::{Reaction, Reader};

/// A user with a browser of their own: an HTTP client that reads pages and fills in their forms.
///
/// It keeps cookies from one visit to the next, as a browser does. It knows nothing of the emulator but what
/// the pages say.
pub struct Visitor {
    client: Client,
    /// Redirects to this machine never go through a proxy.
    direct: Client,
    sign_in: SignIn,
    cookies: Mutex<Cookies>,
}

impl Visitor {
    /// Makes a visitor who reads proxy and certificates from the environment.
    ///
    /// On Linux `HTTPS_PROXY`, `NO_PROXY` and `SSL_CERT_FILE` count, in either case.
    ///
    /// # Errors
    ///
    /// [`VisitError::Client`] when the certificates cannot be read.
    pub fn from_environment(sign_in: SignIn) -> Result<Self, VisitError> {
        let client = Client::builder().redirect(redirect::Policy::none()).build();
        Self::with_client(
            client.map_err(|error| VisitError::Client(error.without_url()))?,
            sign_in,
        )
    }

    /// Makes a visitor who uses this client, which must not follow redirects by itself.
    ///
    /// # Errors
    ///
    /// [`VisitError::Client`] when the client for loopback redirects cannot be made.
    pub fn with_client(client: Client, sign_in: SignIn) -> Result<Self, VisitError> {
        let direct = Client::builder()
            .no_proxy()
            .redirect(redirect::Policy::none())
            .build();
        let direct = direct.map_err(|error| VisitError::Client(error.without_url()))?;
        Ok(Self {
            client,
            direct,
            sign_in,
            cookies: Mutex::default(),
        })
    }

    /// Opens the URL and signs in, up to and including the redirect to this machine.
    ///
    /// A page that cannot be answered ends the visit and is returned, such as an error, or the password page
    /// after a wrong password.
    ///
    /// # Errors
    ///
    /// [`VisitError`] when a page cannot be reached.
    pub async fn visit(&self, url: &str) -> Result<Visited, VisitError> {
        self.walk(url, Reader::new(&self.sign_in)).await
    }

    /// Opens the page of a device code flow, enters the code, and signs in.
    ///
    /// # Errors
    ///
    /// As [`visit`](Self::visit).
    pub async fn enter_code(&self, url: &str, code: &str) -> Result<Visited, VisitError> {
        self.walk(url, Reader::with_code(&self.sign_in, code)).await
    }

    async fn walk(&self, url: &str, mut reader: Reader<'_>) -> Result<Visited, VisitError> {
        let url = Url::parse(url).map_err(|_| VisitError::Address)?;
        // The pages themselves may be on this machine; the application that waits has another address.
        let start = url.origin();
        let mut next = Submission::open(url);
        for _ in 0..MOST_PAGES {
            let url = next.url.clone();
            let response = self.send(next).await?;
            let status = response.status();
            if is_loopback(&url) && url.origin() != start {
                return Visited::read(response, End::Loopback, &url).await;
            }
            if let Some(target) = redirect_of(&response, &url) {
                if !is_web(&target) {
                    return Ok(Visited::elsewhere(status, &target));
                }
                next = Submission::open(target);
                continue;
            }
            let visited = Visited::read(response, End::Page, &url).await?;
            match reader.react(&visited.text, &url) {
                Reaction::Submit(submission) if is_web(&submission.url) => next = submission,
                Reaction::Submit(submission) => {
                    return Ok(Visited::elsewhere(status, &submission.url));
                }
                Reaction::Stop => return Ok(visited),
            }
        }
        Err(VisitError::TooManyPages)
    }

    async fn send(&self, submission: Submission) -> Result<Response, VisitError> {
        let url = submission.url;
        let host = url.host_str().unwrap_or_default().to_owned();
        let client = if is_loopback(&url) {
            &self.direct
        } else {
            &self.client
        };
        let mut request = match submission.body {
            None => client.get(url.clone()),
            Some(fields) => client.post(url.clone()).form(&fields),
        };
        request = request.header(header::ACCEPT, "text/html");
        if let Some(origin) = submission.origin {
            request = request.header(header::ORIGIN, origin);
        }
        // Nothing between browser and server reads them on the way.
        let private = url.scheme() == "https" || is_loopback(&url);
        if private && let Some(cookies) = self.cookies().header(&host) {
            request = request.header(header::COOKIE, cookies);
        }
        let response = request
            .send()
            .await
            .map_err(|error| VisitError::Unreachable {
                host: host.clone(),
                source: error.without_url(),
            })?;
        if private {
            for value in response.headers().get_all(header::SET_COOKIE) {
                self.cookies()
                    .store(&host, value.to_str().unwrap_or_default());
            }
        }
        Ok(response)
    }

    fn cookies(&self) -> std::sync::MutexGuard<'_, Cookies> {
        self.cookies.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Debug for Visitor {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Visitor")
            .field("sign_in", &self.sign_in)
            .finish_non_exhaustive()
    }
}

/// Who signs in, and how far they go.
#[derive(Clone, PartialEq, Eq)]
pub struct SignIn {
    /// The username they type.
    pub username: String,
    /// The password they type.
    pub password: String,
    /// What they do on the pages.
    pub behavior: Behavior,
}

impl Debug for SignIn {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignIn")
            .field("username", &self.username)
            .field("behavior", &self.behavior)
            .finish_non_exhaustive()
    }
}

/// What a user does on the pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Behavior {
    /// Signs in and agrees to everything.
    #[default]
    Complete,
    /// Presses "Cancel" or "Deny" on the first page that has it.
    Decline,
    /// Signs in, and presses "Cancel" when asked for consent.
    DeclineConsent,
    /// Looks at the first page and closes the window.
    Close,
    /// Types a wrong password once, and leaves when the page says so.
    WrongPassword,
}

/// The last page of a visit.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Visited {
    /// The HTTP status of the last answer.
    pub status: u16,
    /// Its text.
    pub text: String,
    /// Where the visit ended.
    pub end: End,
    /// The last URL. On the way back to an application it holds the code, so do not show it.
    pub url: String,
}

impl Visited {
    async fn read(response: Response, end: End, url: &Url) -> Result<Self, VisitError> {
        let status = response.status().as_u16();
        let host = || url.host_str().unwrap_or_default().to_owned();
        let text = response
            .text()
            .await
            .map_err(|error| VisitError::Unreachable {
                host: host(),
                source: error.without_url(),
            })?;
        Ok(Self {
            status,
            text,
            end,
            url: url.to_string(),
        })
    }

    fn elsewhere(status: StatusCode, url: &Url) -> Self {
        Self {
            status: status.as_u16(),
            text: String::new(),
            end: End::Elsewhere,
            url: url.to_string(),
        }
    }
}

impl Debug for Visited {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Visited")
            .field("status", &self.status)
            .field("end", &self.end)
            .finish_non_exhaustive()
    }
}

/// Where a visit ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum End {
    /// The application on this machine answered the redirect.
    Loopback,
    /// A page that nothing leads on from.
    Page,
    /// A redirect to something that is not the web, such as `ms-appx-web:`.
    Elsewhere,
}

/// Why a visit failed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum VisitError {
    /// The URL to open is not one.
    #[error("the address to visit is not a URL")]
    Address,
    /// The HTTP client could not be made.
    #[error("cannot make the HTTP client of the visitor")]
    Client(#[source] reqwest::Error),
    /// A page could not be reached.
    #[error("cannot reach {host}")]
    Unreachable {
        /// The host of the page.
        host: String,
        /// What went wrong; it does not hold the URL.
        source: reqwest::Error,
    },
    /// The pages lead round in circles.
    #[error("the sign-in did not end after {MOST_PAGES} pages")]
    TooManyPages,
}

fn redirect_of(response: &Response, url: &Url) -> Option<Url> {
    if !response.status().is_redirection() {
        return None;
    }
    url.join(response.headers().get(header::LOCATION)?.to_str().ok()?)
        .ok()
}

fn is_web(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

const MOST_PAGES: usize = 30;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_a_property_of_the_host() {
        for (url, expected) in [
            ("http://localhost:8400/", true),
            ("http://127.9.9.9/", true),
            ("http://[::1]:1/", true),
            ("http://localhost.evil.example/", false),
            ("https://login.microsoftonline.com/", false),
            ("ms-appx-web://localhost.x/", false),
        ] {
            assert_eq!(
                is_loopback(&Url::parse(url).expect("a URL")),
                expected,
                "{url}"
            );
        }
    }
}
