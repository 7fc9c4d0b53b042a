use crate::{CodeVerifier, SignIn, TokenRequest, pkce::random_text};
use azure_core::http::Url;

/// What the sign-in page must do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum PromptBehavior {
    /// Let the user choose among the accounts signed in to the browser.
    #[default]
    SelectAccount,
    /// Have the user enter credentials again.
    Login,
    /// Ask for consent again.
    Consent,
    /// Whatever the page thinks right.
    Unspecified,
}

/// One authorization request
/// ([RFC 6749 section 4.1.1](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.1)) with the values that its
/// answer is checked against; each is new and used once.
pub(crate) struct AuthorizationRequest {
    pub(crate) url: Url,
    pub(crate) state: String,
    pub(crate) nonce: String,
    pub(crate) verifier: CodeVerifier,
}

impl AuthorizationRequest {
    pub(crate) fn new(sign_in: &SignIn, redirect_uri: &str) -> Self {
        let prompt = match sign_in.prompt_behavior {
            PromptBehavior::SelectAccount => Some("select_account"),
            PromptBehavior::Login => Some("login"),
            PromptBehavior::Consent => Some("consent"),
            PromptBehavior::Unspecified => None,
        };
        let mut new = Self::with_prompt(&sign_in.request, redirect_uri, prompt);
        let mut query = new.url.query_pairs_mut();
        if let Some(hint) = &sign_in.login_hint {
            query.append_pair("login_hint", hint);
        }
        if let Some(claims) = &sign_in.request.claims {
            query.append_pair("claims", claims.as_str());
        }
        drop(query);
        sign_in.further.add_to(&mut new.url);
        new
    }

    /// A request that shows nothing to anybody.
    pub(crate) fn probe(request: &TokenRequest, redirect_uri: &str) -> Self {
        Self::with_prompt(request, redirect_uri, Some("none"))
    }

    fn with_prompt(request: &TokenRequest, redirect_uri: &str, prompt: Option<&str>) -> Self {
        let (state, nonce, verifier) = (random_text(), random_text(), CodeVerifier::random());
        let mut url = request.authority.authorization_endpoint();
        let mut query = url.query_pairs_mut();
        query
            .append_pair("client_id", request.client_id.as_str())
            .append_pair("response_type", "code")
            .append_pair("response_mode", "query")
            .append_pair("redirect_uri", redirect_uri)
            .append_pair("scope", &request.scopes.to_parameter())
            .append_pair("state", &state)
            .append_pair("nonce", &nonce)
            .append_pair("code_challenge", &verifier.challenge())
            .append_pair("code_challenge_method", "S256")
            .append_pair("client_info", "1")
            .append_pair("client-request-id", &request.correlation_id.to_string());
        if let Some(prompt) = prompt {
            query.append_pair("prompt", prompt);
        }
        drop(query);
        Self {
            url,
            state,
            nonce,
            verifier,
        }
    }
}

impl std::fmt::Debug for AuthorizationRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AuthorizationRequest")
    }
}
