//! The request that starts a sign-in.

use super::{
    Refusal, authority::Authority, claims::Claims, form::Form, redirect_uri::RedirectUri,
    scopes::Scopes,
};
use crate::{
    cloud::Cloud,
    exchange::{Notes, correlation_id},
};

/// A request that may be shown to a user; it was checked.
///
/// See [RFC 6749 section 4.1.1](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.1).
#[derive(Clone)]
pub(super) struct AuthorizeRequest {
    pub(super) authority: Authority,
    pub(super) client_id: String,
    pub(super) application_name: String,
    pub(super) answer_to: Addressee,
    pub(super) scopes: Scopes,
    pub(super) nonce: Option<String>,
    pub(super) challenge: Option<String>,
    pub(super) prompt: Prompt,
    pub(super) login_hint: Option<String>,
    pub(super) claims: Claims,
    pub(super) correlation_id: Option<String>,
}

/// Who waits for the answer.
#[derive(Clone)]
pub(super) enum Addressee {
    /// An application, at its redirect URI.
    Application(AnswerTo),
    /// A device that polls with this code.
    Device(String),
}

/// Where the answer goes, and how.
#[derive(Clone)]
pub(super) struct AnswerTo {
    pub(super) redirect_uri: RedirectUri,
    pub(super) response_mode: ResponseMode,
    pub(super) state: Option<String>,
    /// The client wants to know who signed in.
    pub(super) client_info: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ResponseMode {
    Query,
    Fragment,
    FormPost,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Prompt {
    Unspecified,
    None,
    Login,
    SelectAccount,
    Consent,
}

/// A request that is refused.
pub(super) enum Rejection {
    /// The user is told; the redirect URI cannot be trusted.
    Page(Refusal),
    /// The application is told.
    Redirect(Box<AnswerTo>, Refusal),
}

impl AuthorizeRequest {
    pub(super) fn parse(
        cloud: &Cloud,
        notes: &Notes,
        tenant: &str,
        form: &Form,
    ) -> Result<Self, Rejection> {
        if let Some(id) = form.value("client-request-id").and_then(correlation_id) {
            notes.facts().client_request_id = Some(id);
        }
        notes.facts().is_silent = form.value("prompt") == Some("none");
        let (authority, client_id, application_name, answer_to) =
            Self::parse_addressee(cloud, notes, tenant, form).map_err(Rejection::Page)?;
        match Self::parse_rest(
            authority,
            client_id,
            application_name,
            answer_to.clone(),
            notes,
            form,
        ) {
            Ok(request) => Ok(request),
            Err(refusal) => Err(Rejection::Redirect(Box::new(answer_to), refusal)),
        }
    }

    /// Reads what must be right before anything may be sent to the redirect URI.
    fn parse_addressee(
        cloud: &Cloud,
        notes: &Notes,
        tenant: &str,
        form: &Form,
    ) -> Result<(Authority, String, String, AnswerTo), Refusal> {
        let authority = Authority::parse(cloud, tenant)?;
        let client_id = form.required("client_id")?;
        notes.facts().client_id = Some(client_id.to_owned());
        let application = authority.application(cloud, client_id)?;
        if application.redirect_uris.is_empty() {
            let message = "No reply address is registered for the application.";
            return Err(Refusal::bad_request("invalid_client", 500_113, message));
        }
        let written = form.required("redirect_uri")?;
        let Some(redirect_uri) = RedirectUri::matching(written, &application.redirect_uris) else {
            let message = format!(
                "The redirect URI '{written}' specified in the request does not match the redirect URIs configured \
                 for the application '{client_id}'."
            );
            return Err(Refusal::bad_request("invalid_request", 50_011, message));
        };
        let answer_to = AnswerTo {
            redirect_uri,
            response_mode: match form.value("response_mode") {
                Some("form_post") => ResponseMode::FormPost,
                Some("fragment") => ResponseMode::Fragment,
                // An unknown one is refused later, in the default mode.
                _ => ResponseMode::Query,
            },
            state: form.value("state").map(str::to_owned),
            client_info: form.value("client_info") == Some("1"),
        };
        Ok((
            authority,
            application.client_id.clone(),
            application.name.clone(),
            answer_to,
        ))
    }

    fn parse_rest(
        authority: Authority,
        client_id: String,
        application_name: String,
        answer_to: AnswerTo,
        notes: &Notes,
        form: &Form,
    ) -> Result<Self, Refusal> {
        if let Some(mode) = form.value("response_mode")
            && !["query", "fragment", "form_post"].contains(&mode)
        {
            let message = format!("The response_mode '{mode}' is not supported.");
            return Err(Refusal::bad_request("invalid_request", 70_007, message));
        }
        let response_type = form.required("response_type")?;
        if response_type != "code" {
            let message = format!(
                "The response_type '{response_type}' is not supported: the emulator has 'code'."
            );
            return Err(Refusal::bad_request(
                "unsupported_response_type",
                70_005,
                message,
            ));
        }
        let scopes = Scopes::parse(form.required("scope")?)?;
        notes.facts().scopes = scopes.requested().to_vec();
        let login_hint = form.value("login_hint").map(str::to_owned);
        notes.facts().username = login_hint.clone();
        Ok(Self {
            challenge: challenge(form)?,
            prompt: prompt(form)?,
            claims: Claims::parse(form.value("claims"))?,
            nonce: form.value("nonce").map(str::to_owned),
            correlation_id: notes.facts().client_request_id.clone(),
            authority,
            client_id,
            application_name,
            answer_to: Addressee::Application(answer_to),
            scopes,
            login_hint,
        })
    }
}

/// Reads the PKCE challenge, see [RFC 7636 section 4.3](https://www.rfc-editor.org/rfc/rfc7636#section-4.3).
fn challenge(form: &Form) -> Result<Option<String>, Refusal> {
    let Some(challenge) = form.value("code_challenge") else {
        return match form.value("code_challenge_method") {
            None => Ok(None),
            Some(_) => Err(Refusal::missing("code_challenge")),
        };
    };
    // `plain`, also where it is meant by saying nothing, protects nobody who can read the request.
    if form.value("code_challenge_method") != Some("S256") {
        let message = "The code_challenge_method is not supported: the emulator has 'S256'.";
        return Err(Refusal::bad_request("invalid_request", 9_002_313, message));
    }
    let is_digest = challenge.len() == 43
        && challenge
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    if !is_digest {
        let message = "Invalid size of Code_Challenge parameter.";
        return Err(Refusal::bad_request("invalid_request", 50_147, message));
    }
    Ok(Some(challenge.to_owned()))
}

fn prompt(form: &Form) -> Result<Prompt, Refusal> {
    match form.value("prompt") {
        None => Ok(Prompt::Unspecified),
        Some("none") => Ok(Prompt::None),
        Some("login") => Ok(Prompt::Login),
        Some("select_account") => Ok(Prompt::SelectAccount),
        Some("consent") => Ok(Prompt::Consent),
        Some(other) => {
            let message = format!("Unsupported 'prompt' value '{other}'.");
            Err(Refusal::bad_request("invalid_request", 90_023, message))
        }
    }
}
