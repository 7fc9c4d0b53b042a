//! How the redirect of a sign-in comes back, decided before anything is shown.

use super::Broker;
use crate::{denial::Denial, request::Request};
use azbroker_entra::{Error, PrivateBrowser, RedirectUri, RedirectWay, Registered, TokenRequest};

/// What is decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RedirectChoice {
    /// A browser can be shown, and the redirect comes back by itself.
    ByItself(RedirectWay),
    /// There is no browser for this redirect URI here; why.
    ByHand(RedirectUri, String),
}

impl Broker {
    /// Decides for a sign-in that a program waits for: without a browser there is none.
    pub(crate) async fn redirect_way(&self, request: &Request) -> Result<RedirectWay, Denial> {
        match self.redirect_choice(request).await? {
            RedirectChoice::ByItself(way) => Ok(way),
            RedirectChoice::ByHand(_, reason) => Err(Denial::interaction_required(format!(
                "{reason}; sign in with `azbroker login --client-id {}`, which needs no browser here",
                request.client_id
            ))),
        }
    }

    /// Decides by what is known, and asks Entra ID where nothing is.
    pub(crate) async fn redirect_choice(
        &self,
        request: &Request,
    ) -> Result<RedirectChoice, Denial> {
        let uri = self.redirect_uri(request).await?;
        Ok(match self.way_here(uri) {
            Ok(way) => RedirectChoice::ByItself(way),
            Err(reason) if uri == RedirectUri::NativeClient => RedirectChoice::ByHand(
                uri,
                format!(
                    "the application has registered no redirect URI of this machine, and {reason}"
                ),
            ),
            Err(reason) => RedirectChoice::ByHand(uri, reason),
        })
    }

    /// Uses a redirect URI for the application from now on, until it has worked or failed, because its user says so.
    pub(crate) fn name_redirect(&self, request: &Request, uri: RedirectUri) -> Result<(), Denial> {
        if let Err(reason) = self.way_here(uri) {
            return Err(Denial::interaction_required(format!(
                "{reason}; sign in with `azbroker login --redirect paste`"
            )));
        }
        let (authority, client_id) = (&request.authority, &request.client_id);
        self.redirects.name(authority, client_id, uri);
        Ok(())
    }

    /// How a redirect to this URI comes back by itself on this machine, or why it cannot.
    fn way_here(&self, uri: RedirectUri) -> Result<RedirectWay, String> {
        match uri {
            RedirectUri::NativeClient => PrivateBrowser::find(&self.configuration.desktop())
                .map(RedirectWay::PrivateWindow)
                .ok_or_else(|| {
                    "there is no Chromium, Chrome or Edge here with a display to sign in with"
                        .to_owned()
                }),
            _ => match self.prompt.check() {
                Ok(()) => Ok(RedirectWay::Loopback),
                Err(reason) => Err(reason.to_string()),
            },
        }
    }

    /// The redirect URI that the application has; where nobody knows, `http://localhost` is tried.
    ///
    /// Each sign-in begins here, so one whose code could not be redeemed ends here.
    pub(crate) async fn redirect_uri(&self, request: &Request) -> Result<RedirectUri, Denial> {
        let trusted = self.client.check_trust();
        trusted.map_err(|error| Denial::of_interactive(&error))?;
        let (authority, client_id) = (&request.authority, &request.client_id);
        if let Some(uri) = self.redirects.of(authority, client_id) {
            return Ok(uri);
        }
        let asked = token_request(request);
        let is_registered = |uri| self.client.is_registered(&asked, uri);
        let learned = match is_registered(RedirectUri::Loopback).await {
            Registered::Yes => RedirectUri::Loopback,
            Registered::No => match is_registered(RedirectUri::NativeClient).await {
                Registered::No => return Err(Denial::of_interactive(&Error::NotRegistered)),
                _ => RedirectUri::NativeClient,
            },
            Registered::NoApplication(refusal) => {
                return Err(Denial::of_interactive(&refusal.into()));
            }
            _ => return Ok(RedirectUri::Loopback),
        };
        self.redirects.learn(authority, client_id, learned);
        Ok(learned)
    }

    /// Remembers how the redirect of a sign-in has come, or that it has not.
    pub(crate) fn redirect_ended(
        &self,
        request: &Request,
        way: &RedirectWay,
        error: Option<&Error>,
    ) {
        let (authority, client_id) = (&request.authority, &request.client_id);
        let uri = match way {
            RedirectWay::PrivateWindow(_) => RedirectUri::NativeClient,
            _ => RedirectUri::Loopback,
        };
        match error {
            None => self.redirects.learn(authority, client_id, uri),
            Some(Error::NotFinished { .. } | Error::WindowClosed) => {
                self.redirects.forget(authority, client_id);
            }
            Some(_) => {}
        }
    }
}

/// What a sign-in asks for.
pub(crate) fn token_request(request: &Request) -> TokenRequest {
    TokenRequest {
        authority: request.authority.clone(),
        client_id: request.client_id.clone(),
        scopes: request.scopes.clone(),
        claims: request.claims.clone(),
        bound_to: request.bound_to.clone(),
        correlation_id: request.correlation_id,
    }
}
