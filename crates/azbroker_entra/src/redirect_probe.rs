//! Asks Entra ID, before anybody is shown anything, whether an application has registered a redirect URI.

use crate::{
    Client, RedirectUri, Refusal, TokenRequest, authorization_request::AuthorizationRequest,
};
use azure_core::http::{Method, Request, headers};
use std::time::Duration;

/// Whether a redirect URI is registered.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Registered {
    /// Entra ID redirects to it.
    Yes,
    /// Entra ID says that it is not.
    No,
    /// Entra ID knows no such application here: no sign-in to it would ever end.
    NoApplication(Refusal),
    /// There was no clear answer.
    Unknown,
}

impl Client {
    /// Asks for a sign-in without cookies and without a page (`prompt=none`).
    ///
    /// Entra ID answers a redirect URI that is not registered with a page of its own (AADSTS50011), and redirects to one
    /// that is, with the word that nobody is signed in
    /// ([RFC 6749 section 4.1.2.1](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1)). Everything else is
    /// [`Registered::Unknown`], and nothing waits long for it.
    pub async fn is_registered(&self, request: &TokenRequest, uri: RedirectUri) -> Registered {
        let url = AuthorizationRequest::probe(request, uri.registered()).url;
        let mut http = Request::new(url, Method::Get);
        http.insert_header(headers::ACCEPT, "text/html");
        let host = request.authority.host();
        let exchange = self.exchange(&host, &mut http);
        let Ok(Ok(response)) = tokio::time::timeout(LONGEST, exchange).await else {
            return Registered::Unknown;
        };
        let location = response
            .headers()
            .get_optional_str(&headers::HeaderName::from_static("location"))
            .unwrap_or_default();
        let registered = if response.status().is_redirection() {
            match goes_to(location, uri.registered()) {
                true => Registered::Yes,
                false => Registered::Unknown,
            }
        } else {
            on_page(response.body().as_ref())
        };
        tracing::debug!(
            correlation_id = %request.correlation_id, redirect_uri = %uri, ?registered,
            "asked whether the redirect URI is registered"
        );
        registered
    }
}

/// A person waits for the page meanwhile.
const LONGEST: Duration = Duration::from_secs(4);

fn goes_to(location: &str, redirect_uri: &str) -> bool {
    location
        .strip_prefix(redirect_uri)
        .is_some_and(|rest| rest.starts_with(['?', '/', '#', ':']))
}

/// What a page of Entra ID's own says.
fn on_page(page: &[u8]) -> Registered {
    /// The redirect URI is not the registered one, or there is none at all.
    const UNREGISTERED: [&str; 2] = ["AADSTS50011:", "AADSTS500113:"];
    const NO_APPLICATION: &str = "AADSTS700016:";
    let page = String::from_utf8_lossy(page);
    if UNREGISTERED.iter().any(|code| page.contains(code)) {
        return Registered::No;
    }
    match page.contains(NO_APPLICATION) {
        true => Registered::NoApplication(Refusal::new("unauthorized_client", NO_APPLICATION)),
        false => Registered::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_entra_id_says_itself_counts() {
        assert!(goes_to(
            "http://localhost?error=login_required",
            "http://localhost"
        ));
        assert!(goes_to("http://localhost/?error=x", "http://localhost"));
        assert!(!goes_to(
            "http://localhost.evil.example/?error=x",
            "http://localhost"
        ));
        assert!(!goes_to("/common/login", "http://localhost"));
        assert_eq!(on_page(b"<p>AADSTS50011: The redirect URI"), Registered::No);
        let none = on_page(b"<p>AADSTS500113: No reply address");
        assert_eq!(none, Registered::No);
        assert_eq!(on_page(b"<p>AADSTS5001199: other"), Registered::Unknown);
        let Registered::NoApplication(refusal) = on_page(b"<p>AADSTS700016: Application") else {
            panic!("it says that there is no such application");
        };
        assert_eq!(refusal.codes(), [700_016]);
    }
}
