use crate::{
    AcquireOptions, AuthenticationRecord, DeviceCodeCredentialOptions, DeviceCodePrompt, Result,
    backend::{ByDeviceCode, OwnBackend, Show},
    environment::Environment,
    user_credential::UserCredential,
};
use async_trait::async_trait;
use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use std::{fmt, sync::Arc};

/// Signs a user in at another device: it shows a code, which the user enters in a browser anywhere.
///
/// Reach for this where there is neither a broker nor a browser, as over SSH. Whoever sends somebody a code of
/// their own gets that person's sign-in, so many tenants forbid this way;
/// [`InteractiveBrowserCredential`](crate::InteractiveBrowserCredential) is safer. It asks silently first, and
/// keeps what it got in memory.
///
/// ```no_run
/// use azure_core::credentials::TokenCredential;
/// use azure_identity_broker::DeviceCodeCredential;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> azure_core::Result<()> {
/// let credential = DeviceCodeCredential::new(|prompt| eprintln!("{}", prompt.message()), None)?;
/// let token = credential.get_token(&["https://vault.azure.net/.default"], None).await?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// All of kind [`Credential`](azure_core::error::ErrorKind::Credential), with an [`Error`](crate::Error)
/// inside: [`Canceled`](crate::ErrorKind::Canceled) where the user declined or the code has expired,
/// [`Refused`](crate::ErrorKind::Refused) where a policy of the tenant forbids the way.
///
/// See [RFC 8628](https://www.rfc-editor.org/rfc/rfc8628#section-3).
pub struct DeviceCodeCredential {
    inner: UserCredential,
}

impl DeviceCodeCredential {
    /// Makes a credential that shows codes with `show`; nothing is asked before the first token.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidRequest`](crate::ErrorKind::InvalidRequest) when an option is wrong.
    pub fn new(
        show: impl Fn(&DeviceCodePrompt) + Send + Sync + 'static,
        options: Option<DeviceCodeCredentialOptions>,
    ) -> azure_core::Result<Arc<Self>> {
        let options = options.unwrap_or_default();
        Self::in_environment(Show(Arc::new(show)), options, Environment::of_process())
    }

    pub(crate) fn in_environment(
        show: Show,
        options: DeviceCodeCredentialOptions,
        environment: Environment,
    ) -> azure_core::Result<Arc<Self>> {
        let inner = Self::parse(show, options, environment)
            .map_err(|error| error.into_azure("the credential cannot be made"))?;
        Ok(Arc::new(Self { inner }))
    }

    /// Signs the user in on purpose, whatever is in the cache.
    ///
    /// # Errors
    ///
    /// Those of the credential.
    pub async fn authenticate(
        &self,
        scopes: &[&str],
        options: Option<AcquireOptions>,
    ) -> azure_core::Result<AuthenticationRecord> {
        self.inner.authenticate(scopes, options).await
    }

    /// Acquires a token as [`get_token`](TokenCredential::get_token) does, with more said about it.
    ///
    /// # Errors
    ///
    /// Those of the credential.
    pub async fn acquire_token(
        &self,
        scopes: &[&str],
        options: AcquireOptions,
    ) -> azure_core::Result<AccessToken> {
        self.inner.acquire_token(scopes, &options).await
    }

    fn parse(
        show: Show,
        options: DeviceCodeCredentialOptions,
        environment: Environment,
    ) -> Result<UserCredential> {
        let options = options.into_shared();
        let timeout = options.browser_manner()?.timeout;
        let tokens = options.own_tokens(&environment)?;
        let backend = Arc::new(OwnBackend::new(tokens, ByDeviceCode { show, timeout }));
        options.into_user_credential(backend, environment)
    }
}

#[async_trait]
impl TokenCredential for DeviceCodeCredential {
    async fn get_token(
        &self,
        scopes: &[&str],
        options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        self.inner.get_token(scopes, options).await
    }
}

impl fmt::Debug for DeviceCodeCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.debug("DeviceCodeCredential", f)
    }
}

#[cfg(test)]
mod tests;
