use crate::{ProofOfPossession, claims_challenge_policy::Challenge};
use azure_core::http::ClientMethodOptions;

/// Says what a request for a token asks beyond its scopes.
///
/// Reach for this to answer a claims challenge, to ask another tenant, to declare that the program
/// understands continuous access evaluation, or to have a token bound to one request. It goes through
/// [`InteractiveBrowserCredential::acquire_token`](crate::InteractiveBrowserCredential::acquire_token), or,
/// where only [`TokenCredential`](azure_core::credentials::TokenCredential) is known, as a value of the
/// request's [`Context`](azure_core::http::Context).
///
/// ```no_run
/// use azure_core::{
///     credentials::{TokenCredential, TokenRequestOptions},
///     http::{ClientMethodOptions, Context},
/// };
/// use azure_identity_broker::AcquireOptions;
///
/// # async fn ask(credential: &dyn TokenCredential) -> azure_core::Result<()> {
/// let options = AcquireOptions { tenant_id: Some("contoso.example".into()), ..Default::default() };
/// let request = TokenRequestOptions {
///     method_options: ClientMethodOptions { context: Context::new().with_value(options) },
/// };
/// credential.get_token(&["https://vault.azure.net/.default"], Some(request)).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AcquireOptions {
    /// A claims challenge to meet, as JSON text; what a service sends is base64 of it.
    ///
    /// Such a request is never answered from a cache.
    ///
    /// See Microsoft's
    /// [claims challenges](https://learn.microsoft.com/entra/identity-platform/claims-challenge).
    pub claims: Option<String>,
    /// Another tenant than the credential's, by ID or domain; one of its
    /// [`additionally_allowed_tenants`](crate::InteractiveBrowserCredentialOptions::additionally_allowed_tenants).
    pub tenant_id: Option<String>,
    /// Whether the program answers claims challenges, so that services may revoke the token at any time and
    /// Entra ID lets it live longer. Off by default.
    ///
    /// See Microsoft's
    /// [continuous access evaluation](https://learn.microsoft.com/entra/identity-platform/app-resilience-continuous-access-evaluation).
    pub enable_cae: bool,
    /// A request that the token is to be bound to, by the broker's key. By default it is a bearer token.
    pub proof_of_possession: Option<ProofOfPossession>,
}

impl AcquireOptions {
    /// Whether an earlier answer to the same words may answer this request too.
    pub(crate) fn may_be_held(&self) -> bool {
        self.claims.is_none() && self.proof_of_possession.is_none()
    }

    /// What a request's context holds, or nothing special.
    ///
    /// The challenge of a call under way goes before everything else.
    pub(crate) fn of(options: Option<&ClientMethodOptions<'_>>) -> Self {
        let Some(context) = options.map(|options| &options.context) else {
            return Self::default();
        };
        let given = context.value::<Self>().cloned().unwrap_or_default();
        match context.value::<Challenge>() {
            None => given,
            Some(challenge) => Self {
                claims: challenge.answer().or(given.claims),
                enable_cae: true,
                ..given
            },
        }
    }
}
