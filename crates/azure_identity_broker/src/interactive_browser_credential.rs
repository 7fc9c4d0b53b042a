use crate::{
    AcquireOptions, AuthenticationRecord, InteractiveBrowserCredentialOptions, Result,
    WithoutBroker,
    backend::{Backend, BrokerElseBrowser, BrokerManner, ByBrowser, DbusBackend, OwnBackend},
    environment::Environment,
    user_credential::UserCredential,
};
use async_trait::async_trait;
use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use std::{fmt, sync::Arc};

/// Signs a user in: through the broker of the machine, or through the system browser.
///
/// Reach for this in programs that a person runs: tools, local development, desktop applications. It asks
/// the broker silently where it knows the account, and brings up a sign-in where it must; where no broker
/// serves the machine, the user signs in through the browser. Access tokens are kept in memory until five
/// minutes before they expire, and any number of tasks may share one credential.
///
/// ```no_run
/// use azure_core::credentials::TokenCredential;
/// use azure_identity_broker::{
///     BrokerOptions, InteractiveBrowserCredential, InteractiveBrowserCredentialOptions,
/// };
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> azure_core::Result<()> {
/// let credential = InteractiveBrowserCredential::new(Some(InteractiveBrowserCredentialOptions {
///     broker: BrokerOptions { use_default_account: true, ..Default::default() },
///     ..Default::default()
/// }))?;
/// let token = credential.get_token(&["https://vault.azure.net/.default"], None).await?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// All of kind [`Credential`](azure_core::error::ErrorKind::Credential), with an [`Error`](crate::Error) inside
/// that tells who must act.
///
/// The sign-in in the browser is that of [RFC 8252 section 7.3](https://www.rfc-editor.org/rfc/rfc8252#section-7.3)
/// (redirect to this machine's loopback) with [RFC 7636](https://www.rfc-editor.org/rfc/rfc7636#section-4) (PKCE)
/// and [OpenID Connect Core section 3.1](https://openid.net/specs/openid-connect-core-1_0.html#CodeFlowAuth);
/// silence redeems a refresh token by
/// [RFC 6749 section 6](https://www.rfc-editor.org/rfc/rfc6749#section-6). What a broker does is in Microsoft's
/// [page on brokered authentication](https://learn.microsoft.com/dotnet/azure/sdk/authentication/local-development-broker).
pub struct InteractiveBrowserCredential {
    pub(crate) inner: UserCredential,
}

impl InteractiveBrowserCredential {
    /// Makes a credential; nothing is connected to or asked before the first token.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidRequest`](crate::ErrorKind::InvalidRequest) when an option is wrong.
    pub fn new(
        options: Option<InteractiveBrowserCredentialOptions>,
    ) -> azure_core::Result<Arc<Self>> {
        Self::in_environment(options.unwrap_or_default(), Environment::of_process())
    }

    /// Signs the user in on purpose, whatever is in the cache or the broker.
    ///
    /// Reach for this to choose the moment of the sign-in, with
    /// [`disable_automatic_authentication`](InteractiveBrowserCredentialOptions::disable_automatic_authentication),
    /// or to save the record for the next run.
    ///
    /// ```no_run
    /// use azure_identity_broker::{InteractiveBrowserCredential, InteractiveBrowserCredentialOptions};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> azure_core::Result<()> {
    /// let credential = InteractiveBrowserCredential::new(Some(InteractiveBrowserCredentialOptions {
    ///     disable_automatic_authentication: true,
    ///     ..Default::default()
    /// }))?;
    /// let record = credential.authenticate(&["https://vault.azure.net/.default"], None).await?;
    /// std::fs::write("account.json", record.serialize()?)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Canceled`](crate::ErrorKind::Canceled) when the user gives up, [`ErrorKind::Refused`](crate::ErrorKind::Refused) when a policy of the tenant
    /// forbids the sign-in, [`ErrorKind::InteractionRequired`](crate::ErrorKind::InteractionRequired) when no sign-in page can be shown, and
    /// [`ErrorKind::InvalidRequest`](crate::ErrorKind::InvalidRequest) when a scope or the claims are wrong.
    ///
    /// See [RFC 6749 section 4.1](https://www.rfc-editor.org/rfc/rfc6749#section-4.1).
    pub async fn authenticate(
        &self,
        scopes: &[&str],
        options: Option<AcquireOptions>,
    ) -> azure_core::Result<AuthenticationRecord> {
        self.inner.authenticate(scopes, options).await
    }

    /// Acquires a token as [`get_token`](TokenCredential::get_token) does, with more said about it.
    ///
    /// Reach for this when a service answered `401` with a claims challenge in its `WWW-Authenticate` header
    /// ([`ClaimsChallengePolicy`](crate::ClaimsChallengePolicy) does so by itself), or for a token of another
    /// tenant.
    ///
    /// ```no_run
    /// use azure_identity_broker::{AcquireOptions, InteractiveBrowserCredential};
    ///
    /// # async fn meet(credential: &InteractiveBrowserCredential) -> azure_core::Result<()> {
    /// let challenge = r#"{"access_token":{"acrs":{"essential":true,"value":"c1"}}}"#;
    /// let options = AcquireOptions { claims: Some(challenge.to_owned()), ..Default::default() };
    /// let token = credential.acquire_token(&["https://vault.azure.net/.default"], options).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of the credential; [`ErrorKind::InvalidRequest`](crate::ErrorKind::InvalidRequest) when the
    /// claims are wrong or the tenant is not allowed.
    pub async fn acquire_token(
        &self,
        scopes: &[&str],
        options: AcquireOptions,
    ) -> azure_core::Result<AccessToken> {
        self.inner.acquire_token(scopes, &options).await
    }

    pub(crate) fn in_environment(
        options: InteractiveBrowserCredentialOptions,
        environment: Environment,
    ) -> azure_core::Result<Arc<Self>> {
        Self::parse(options, environment)
            .map(Arc::new)
            .map_err(|error| error.into_azure("the credential cannot be made"))
    }

    pub(crate) fn parse(
        options: InteractiveBrowserCredentialOptions,
        environment: Environment,
    ) -> Result<Self> {
        let backend = backend(&options, &environment)?;
        let inner = options.into_user_credential(backend, environment)?;
        Ok(Self { inner })
    }
}

#[async_trait]
impl TokenCredential for InteractiveBrowserCredential {
    async fn get_token(
        &self,
        scopes: &[&str],
        options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        self.inner.get_token(scopes, options).await
    }
}

impl fmt::Debug for InteractiveBrowserCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.debug("InteractiveBrowserCredential", f)
    }
}

fn backend(
    options: &InteractiveBrowserCredentialOptions,
    environment: &Environment,
) -> Result<Arc<dyn Backend>> {
    let tokens = options.own_tokens(environment)?;
    let way = ByBrowser {
        browser: environment.browser.clone(),
        manner: options.browser_manner()?,
    };
    let browser = OwnBackend::new(tokens, way);
    if !options.broker.enabled {
        return Ok(Arc::new(browser));
    }
    let manner = BrokerManner {
        prompt: options.prompt,
        msa_passthrough: options.broker.legacy_msa_passthrough,
    };
    let broker = Arc::new(DbusBackend::new(environment.bus.clone(), manner));
    Ok(match options.broker.without_broker {
        WithoutBroker::UseBrowser => Arc::new(BrokerElseBrowser::new(broker, browser)),
        WithoutBroker::Fail => broker,
    })
}

#[cfg(test)]
mod messages;
#[cfg(test)]
mod tests;
