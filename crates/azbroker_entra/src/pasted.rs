use crate::{
    AuthorizationCode, RedirectUri, Refusal, redirect_parameters::RedirectParameters,
    secrets::PastedText,
};
use azure_core::http::Url;
use tokio::sync::oneshot;

/// An address that the user copied from a browser, on its way to the sign-in that waits for it.
#[derive(Debug)]
pub struct Paste {
    /// What was pasted.
    pub text: PastedText,
    /// Gets what was made of it; after a fault the sign-in still waits.
    pub answer: oneshot::Sender<Result<(), PasteError>>,
}

/// A pasted text that is not the redirect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PasteError {
    /// It has no redirect in it.
    #[error(
        "this is not where the sign-in ended; finish it in the browser, then paste the whole address that the browser shows, with code= and state= in it"
    )]
    NoRedirect,
    /// It is the page that the sign-in began with.
    #[error(
        "this is the address that the sign-in begins with; open it in a browser, sign in, then paste the address that the browser shows in the end"
    )]
    SignInPage,
    /// Its state is not this sign-in's.
    #[error(
        "this is the address of another sign-in; open the address above, sign in, and paste the address that the browser shows in the end"
    )]
    OtherSignIn,
}

impl PastedText {
    /// Reads a whole address, or what stands behind its `?`.
    pub(crate) fn outcome(
        &self,
        redirect_uri: &str,
        state: &str,
    ) -> Result<Result<AuthorizationCode, Refusal>, PasteError> {
        let text = self.expose().trim().trim_matches(['"', '\'', '<', '>']);
        let query = match text.split_once('?') {
            Some((page, query)) => {
                if !is_redirect_uri(page, redirect_uri) {
                    return Err(match Url::parse(text) {
                        Ok(url) if url.path().ends_with("/authorize") => PasteError::SignInPage,
                        _ => PasteError::NoRedirect,
                    });
                }
                query
            }
            None if text.contains("state=") && !text.contains(char::is_whitespace) => text,
            None => return Err(PasteError::NoRedirect),
        };
        let query = query.split('#').next().unwrap_or_default();
        RedirectParameters::parse(query)
            .ok_or(PasteError::NoRedirect)?
            .outcome_of(state)
            .ok_or(PasteError::OtherSignIn)
    }
}

/// Browsers write an address with or without its scheme, and with a path where there was none.
fn is_redirect_uri(page: &str, redirect_uri: &str) -> bool {
    let bare = |uri: &str| {
        let uri = uri.trim_end_matches('/');
        let uri = uri.split_once("://").map_or(uri, |(_, rest)| rest);
        uri.to_ascii_lowercase()
    };
    let is_web =
        !page.contains("://") || page.starts_with("http://") || page.starts_with("https://");
    let native_client = RedirectUri::NATIVE_CLIENT;
    let own_scheme = redirect_uri != native_client || !page.starts_with("http://");
    is_web && own_scheme && bare(page) == bare(redirect_uri)
}

#[cfg(test)]
mod tests {
    use super::*;

    const URI: &str = "http://localhost:40123";

    fn read(text: &str) -> Result<Result<String, String>, PasteError> {
        let text = PastedText::new(text.to_owned());
        let outcome = text.outcome(URI, "our-state")?;
        Ok(outcome
            .map(|code| code.expose().to_owned())
            .map_err(|refusal| refusal.error().to_owned()))
    }

    #[test]
    fn an_address_is_read_however_it_was_copied() {
        for text in [
            "http://localhost:40123/?code=c&state=our-state&session_state=x",
            "http://localhost:40123?code=c&state=our-state#",
            "  localhost:40123/?code=c&state=our-state\n",
            "\"http://LOCALHOST:40123/?state=our-state&code=c\"",
            "code=c&state=our-state",
        ] {
            assert_eq!(read(text), Ok(Ok("c".to_owned())), "{text}");
        }
        let declined = "http://localhost:40123/?error=access_denied&error_description=AADSTS65004&state=our-state";
        assert_eq!(read(declined), Ok(Err("access_denied".to_owned())));
    }

    #[test]
    fn another_text_says_what_to_paste() {
        for (text, fault) in [
            ("", PasteError::NoRedirect),
            ("help", PasteError::NoRedirect),
            ("the code is state=our-state", PasteError::NoRedirect),
            (
                "http://localhost:40123/?state=our-state",
                PasteError::NoRedirect,
            ),
            (
                "http://localhost:40123/?code=a&code=b&state=our-state",
                PasteError::NoRedirect,
            ),
            (
                "http://localhost:1/?code=c&state=our-state",
                PasteError::NoRedirect,
            ),
            (
                "https://evil.example/?code=c&state=our-state",
                PasteError::NoRedirect,
            ),
            (
                "javascript://localhost:40123/?code=c&state=our-state",
                PasteError::NoRedirect,
            ),
            (
                "https://login.microsoftonline.com/organizations/oauth2/v2.0/authorize?state=our-state",
                PasteError::SignInPage,
            ),
            (
                "http://localhost:40123/?code=c&state=other",
                PasteError::OtherSignIn,
            ),
        ] {
            assert_eq!(read(text), Err(fault), "{text}");
        }
    }

    #[test]
    fn the_native_client_page_is_https() {
        let read = |text: &str| {
            let text = PastedText::new(text.to_owned());
            text.outcome(RedirectUri::NATIVE_CLIENT, "s").is_ok()
        };
        assert!(read(
            "https://login.microsoftonline.com/common/oauth2/nativeclient?code=c&state=s"
        ));
        assert!(!read(
            "http://login.microsoftonline.com/common/oauth2/nativeclient?code=c&state=s"
        ));
    }
}
