use crate::{
    AcquireOptions, AuthenticationRecord, BrokerOptions, InteractiveBrowserCredential,
    InteractiveBrowserCredentialOptions, ParentWindow, Result, WithoutBroker,
    environment::Environment, user_credential::UserCredential,
};
use async_trait::async_trait;
use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use std::{fmt, sync::Arc};

/// Acquires tokens of the default account of the machine's broker, and never shows anything.
///
/// Reach for this in chains, and in programs that run while nobody looks: where the broker cannot answer
/// silently it fails at once, and says what would help.
/// [`authenticate`](Self::authenticate) is the one call that lets the user sign in.
///
/// ```no_run
/// use azure_core::credentials::TokenCredential;
/// use azure_identity_broker::BrokerCredential;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> azure_core::Result<()> {
/// let credential = BrokerCredential::new(None)?;
/// let token = credential.get_token(&["https://vault.azure.net/.default"], None).await?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// All of kind [`Credential`](azure_core::error::ErrorKind::Credential), with an [`Error`](crate::Error)
/// inside: [`BrokerMissing`](crate::ErrorKind::BrokerMissing) where there is no broker,
/// [`InteractionRequired`](crate::ErrorKind::InteractionRequired) where the user must act.
///
/// See Microsoft's
/// [page on brokered authentication](https://learn.microsoft.com/dotnet/azure/sdk/authentication/local-development-broker).
pub struct BrokerCredential {
    inner: UserCredential,
}

/// Says what a [`BrokerCredential`] asks for, as which application.
///
/// The defaults take any work or school account of the public cloud, as the Azure CLI does.
///
/// ```
/// use azure_identity_broker::BrokerCredentialOptions;
///
/// let options = BrokerCredentialOptions {
///     tenant_id: Some("contoso.example".into()),
///     ..Default::default()
/// };
/// ```
#[derive(Clone, Debug, Default)]
pub struct BrokerCredentialOptions {
    /// Tenant ID or domain. By default the authentication record's, or else `organizations`.
    pub tenant_id: Option<String>,
    /// Tenants that a request may name besides, see
    /// [`InteractiveBrowserCredentialOptions::additionally_allowed_tenants`].
    pub additionally_allowed_tenants: Vec<String>,
    /// Application (client) ID. By default the authentication record's, or else the Azure CLI's.
    pub client_id: Option<String>,
    /// Authority host, such as `https://login.microsoftonline.us`. By default the authentication record's, or
    /// what `AZURE_AUTHORITY_HOST` says, or the public cloud's.
    pub authority_host: Option<String>,
    /// The account to take, and no other. By default the broker's default account.
    pub authentication_record: Option<AuthenticationRecord>,
}

impl BrokerCredential {
    /// Makes a credential; nothing is connected to or asked before the first token.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidRequest`](crate::ErrorKind::InvalidRequest) when an option is wrong.
    pub fn new(options: Option<BrokerCredentialOptions>) -> azure_core::Result<Arc<Self>> {
        Self::in_environment(options.unwrap_or_default(), Environment::of_process())
    }

    pub(crate) fn in_environment(
        options: BrokerCredentialOptions,
        environment: Environment,
    ) -> azure_core::Result<Arc<Self>> {
        let inner = options
            .into_user_credential(environment)
            .map_err(|error| error.into_azure("the credential cannot be made"))?;
        Ok(Arc::new(Self { inner }))
    }

    /// Has the user sign in with the broker, on purpose.
    ///
    /// # Errors
    ///
    /// As [`InteractiveBrowserCredential::authenticate`](crate::InteractiveBrowserCredential::authenticate),
    /// and [`ErrorKind::BrokerMissing`](crate::ErrorKind::BrokerMissing) where there is no broker.
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
}

impl BrokerCredentialOptions {
    /// What asks the broker, and nobody else.
    pub(crate) fn into_user_credential(self, environment: Environment) -> Result<UserCredential> {
        let options = InteractiveBrowserCredentialOptions {
            tenant_id: self.tenant_id,
            additionally_allowed_tenants: self.additionally_allowed_tenants,
            client_id: self.client_id,
            authority_host: self.authority_host,
            authentication_record: self.authentication_record,
            disable_automatic_authentication: true,
            broker: BrokerOptions {
                enabled: true,
                use_default_account: true,
                parent_window: ParentWindow::Console,
                legacy_msa_passthrough: false,
                without_broker: WithoutBroker::Fail,
            },
            ..Default::default()
        };
        InteractiveBrowserCredential::parse(options, environment).map(|parsed| parsed.inner)
    }
}

#[async_trait]
impl TokenCredential for BrokerCredential {
    async fn get_token(
        &self,
        scopes: &[&str],
        options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        self.inner.get_token(scopes, options).await
    }
}

impl fmt::Debug for BrokerCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.debug("BrokerCredential", f)
    }
}

#[cfg(test)]
mod tests;
