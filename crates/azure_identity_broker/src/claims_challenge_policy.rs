//! Answers the claims challenges of Azure services.

use async_trait::async_trait;
use azure_core::{
    base64,
    http::{
        AsyncRawResponse, ClientOptions, Context, Request, StatusCode,
        headers::{Headers, WWW_AUTHENTICATE},
        policies::{Policy, PolicyResult},
    },
};
use http_auth::ChallengeParser;
use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

/// Has a client of the Azure SDK answer claims challenges, so that access which a service takes away in
/// mid-use is asked for again by itself.
///
/// Reach for this with every client whose credential is one of this crate: a service that refuses a token
/// with a challenge, because the user's session was revoked or must be stepped up, gets the request once
/// more with a token that meets it. Tokens are acquired for continuous access evaluation, so they may live
/// longer, and services may revoke them at once.
///
/// ```no_run
/// use azure_identity_broker::{ClaimsChallengePolicy, InteractiveBrowserCredential};
/// use azure_security_keyvault_secrets::{SecretClient, SecretClientOptions};
///
/// # fn main() -> azure_core::Result<()> {
/// let mut options = SecretClientOptions::default();
/// ClaimsChallengePolicy::add_to(&mut options.client_options);
/// let credential = InteractiveBrowserCredential::new(None)?;
/// let client = SecretClient::new("https://demo.vault.azure.net/", credential, Some(options))?;
/// # Ok(())
/// # }
/// ```
///
/// What the service says when the second try fails too is handed on as it is.
///
/// See Microsoft's
/// [continuous access evaluation](https://learn.microsoft.com/entra/identity-platform/app-resilience-continuous-access-evaluation)
/// and [RFC 6750 section 3](https://www.rfc-editor.org/rfc/rfc6750#section-3).
#[derive(Clone, Copy, Debug)]
pub struct ClaimsChallengePolicy {
    place: Place,
}

/// A client's own authorization stands between the two: it asks for a token by itself, and may do so twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Around each call. It sends the request again.
    Call,
    /// Within each try. It reads the challenge before the authorization does.
    Try,
}

impl ClaimsChallengePolicy {
    /// Adds the policy to the options of a client.
    pub fn add_to(options: &mut ClientOptions) {
        let at = |place| Arc::new(Self { place }) as Arc<dyn Policy>;
        options.per_call_policies.push(at(Place::Call));
        options.per_try_policies.push(at(Place::Try));
    }
}

#[async_trait]
impl Policy for ClaimsChallengePolicy {
    async fn send(
        &self,
        ctx: &Context,
        request: &mut Request,
        next: &[Arc<dyn Policy>],
    ) -> PolicyResult {
        match self.place {
            Place::Call => call(ctx, request, next).await,
            Place::Try => {
                let response = next[0].send(ctx, request, &next[1..]).await?;
                if let Some(challenge) = ctx.value::<Challenge>()
                    && let Some(claims) = claims_of(&response)
                {
                    challenge.set(claims);
                }
                Ok(response)
            }
        }
    }
}

async fn call(ctx: &Context<'_>, request: &mut Request, next: &[Arc<dyn Policy>]) -> PolicyResult {
    let challenge = Challenge::default();
    let mut ctx = ctx.to_borrowed();
    ctx.insert(challenge.clone());
    let result = next[0].send(&ctx, request, &next[1..]).await;
    // A client whose authorization makes nothing of a challenge answers with an error of its own.
    let refused = result.as_ref().map_or(true, |response| {
        response.status() == StatusCode::Unauthorized
    });
    if !refused || !challenge.is_unanswered() {
        return result;
    }
    tracing::debug!(
        "the service challenged the token; asking for another one and trying once more"
    );
    request.body_mut().reset().await?;
    next[0].send(&ctx, request, &next[1..]).await
}

/// The challenge of one call. A credential finds it in the context of its request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Challenge(Arc<State>);

#[derive(Debug, Default)]
struct State {
    claims: Mutex<Option<String>>,
    answered: AtomicBool,
}

impl Challenge {
    /// The claims to meet, for whoever is about to acquire a token that does.
    pub(crate) fn answer(&self) -> Option<String> {
        let claims = self.lock().clone();
        if claims.is_some() {
            self.0.answered.store(true, Ordering::Release);
        }
        claims
    }

    fn set(&self, claims: String) {
        *self.lock() = Some(claims);
    }

    fn is_unanswered(&self) -> bool {
        self.lock().is_some() && !self.0.answered.load(Ordering::Acquire)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<String>> {
        self.0.claims.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn claims_of(response: &AsyncRawResponse) -> Option<String> {
    if response.status() != StatusCode::Unauthorized {
        return None;
    }
    claims_in(response.headers())
}

/// The claims of a bearer challenge, from base64 to the JSON text that Entra ID takes.
fn claims_in(headers: &Headers) -> Option<String> {
    let header = headers.get_optional_str(&WWW_AUTHENTICATE)?;
    let encoded = ChallengeParser::new(header)
        .filter_map(Result::ok)
        .filter(|challenge| challenge.scheme.eq_ignore_ascii_case("Bearer"))
        .find_map(|challenge| {
            let mut parameters = challenge.params.iter();
            let (_, value) = parameters.find(|(name, _)| name.eq_ignore_ascii_case("claims"))?;
            Some(value.to_unescaped())
        })?;
    // Services have been seen to leave the padding out, and to use either alphabet.
    let plain: String = encoded
        .trim_end_matches('=')
        .chars()
        .map(|c| match c {
            '+' => '-',
            '/' => '_',
            c => c,
        })
        .collect();
    String::from_utf8(base64::decode_url_safe(plain).ok()?).ok()
}

#[cfg(test)]
mod tests;
