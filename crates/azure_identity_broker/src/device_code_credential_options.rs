#[cfg(feature = "persistence")]
use crate::TokenCachePersistence;
use crate::{AuthenticationRecord, BrokerOptions, InteractiveBrowserCredentialOptions};
use azure_core::{http::ClientOptions, time::Duration};

/// Says what a [`DeviceCodeCredential`](crate::DeviceCodeCredential) signs in to, as which application.
///
/// The defaults sign in any work or school account of the public cloud, as the Azure CLI does.
///
/// ```
/// use azure_identity_broker::DeviceCodeCredentialOptions;
///
/// let options = DeviceCodeCredentialOptions {
///     tenant_id: Some("contoso.example".into()),
///     ..Default::default()
/// };
/// ```
#[derive(Clone, Debug, Default)]
pub struct DeviceCodeCredentialOptions {
    /// Tenant ID or domain. By default the authentication record's, or else `organizations`.
    pub tenant_id: Option<String>,

    /// Tenants that a request may name besides, see
    /// [`InteractiveBrowserCredentialOptions::additionally_allowed_tenants`].
    pub additionally_allowed_tenants: Vec<String>,

    /// Application (client) ID. By default the authentication record's, or else the Azure CLI's.
    pub client_id: Option<String>,

    /// Authority host, see [`InteractiveBrowserCredentialOptions::authority_host`].
    pub authority_host: Option<String>,

    /// Whether no one is asked about an unknown authority host, see
    /// [`InteractiveBrowserCredentialOptions::disable_instance_discovery`].
    pub disable_instance_discovery: bool,

    /// The account of an earlier [`authenticate`](crate::DeviceCodeCredential::authenticate). By default the
    /// one that signed in last.
    pub authentication_record: Option<AuthenticationRecord>,

    /// Whether `get_token` fails with [`ErrorKind::InteractionRequired`](crate::ErrorKind::InteractionRequired)
    /// where it would otherwise show a code. Off by default.
    pub disable_automatic_authentication: bool,

    /// How long the user gets. By default as long as the code is good, which Entra ID decides.
    pub sign_in_timeout: Option<Duration>,

    /// Where sign-ins are kept for the next run. By default nowhere.
    ///
    /// Of the feature `persistence`.
    #[cfg(feature = "persistence")]
    pub token_cache_persistence: Option<TokenCachePersistence>,

    /// The cloud, and the transport of requests to Entra ID.
    pub client_options: ClientOptions,
}

impl DeviceCodeCredentialOptions {
    /// The options that this credential shares with the one of a browser.
    pub(crate) fn into_shared(self) -> InteractiveBrowserCredentialOptions {
        InteractiveBrowserCredentialOptions {
            tenant_id: self.tenant_id,
            additionally_allowed_tenants: self.additionally_allowed_tenants,
            client_id: self.client_id,
            authority_host: self.authority_host,
            disable_instance_discovery: self.disable_instance_discovery,
            authentication_record: self.authentication_record,
            disable_automatic_authentication: self.disable_automatic_authentication,
            sign_in_timeout: self.sign_in_timeout,
            #[cfg(feature = "persistence")]
            token_cache_persistence: self.token_cache_persistence,
            client_options: self.client_options,
            broker: BrokerOptions {
                enabled: false,
                use_default_account: true,
                ..Default::default()
            },
            ..Default::default()
        }
    }
}
