use crate::{
    AuthenticationRecord, BrokerOptions, BrowserCustomization, Error, ErrorKind, PromptBehavior,
    Result,
    allowed_tenants::{AllowedTenants, Named},
    backend::{Backend, BrowserManner},
    environment::{Environment, MultiTenant, trust_store},
    own_tokens::{InstanceDiscovery, OwnTokens},
    refresh_tokens::{MemoryStore, RefreshTokens},
    shortcut::Shortcut,
    token_cache::TokenCache,
    transport::TransportClient,
    user_credential::UserCredential,
    user_flow::{Manner, UserFlow},
};
#[cfg(feature = "persistence")]
use crate::{TokenCachePersistence, refresh_tokens::PersistentStore};
use azbroker_entra::{Authority, Client, ClientId, LoopbackRedirect, Tenant};
use azure_core::{
    cloud::CloudConfiguration,
    http::{ClientOptions, HttpClient},
    time::Duration,
};
use std::{fmt::Display, sync::Arc};

/// Says what an [`InteractiveBrowserCredential`](crate::InteractiveBrowserCredential) signs in to, as which
/// application, and how.
///
/// The defaults sign in any work or school account of the public cloud, as the Azure CLI does.
///
/// ```
/// use azure_identity_broker::InteractiveBrowserCredentialOptions;
///
/// let options = InteractiveBrowserCredentialOptions {
///     tenant_id: Some("contoso.example".into()),
///     login_hint: Some("ada@contoso.example".into()),
///     ..Default::default()
/// };
/// ```
#[derive(Clone, Debug, Default)]
pub struct InteractiveBrowserCredentialOptions {
    /// Tenant ID or domain. By default the authentication record's, or else `organizations`: any work or
    /// school account.
    pub tenant_id: Option<String>,

    /// Tenants, by ID or domain, that a request may name besides [`tenant_id`](Self::tenant_id); `*` stands
    /// for every tenant.
    ///
    /// A credential without a tenant of its own may acquire tokens of any. The environment variable
    /// `AZURE_IDENTITY_DISABLE_MULTITENANTAUTH` has every request keep to the credential's own.
    pub additionally_allowed_tenants: Vec<String>,

    /// Application (client) ID. By default the authentication record's, or else the Azure CLI's.
    pub client_id: Option<String>,

    /// Authority host, such as `https://login.microsoftonline.com`.
    ///
    /// By default that of the cloud of [`client_options`](Self::client_options), or the authentication
    /// record's, or what `AZURE_AUTHORITY_HOST` says, or the public cloud's.
    pub authority_host: Option<String>,

    /// Whether no one is asked about an authority host that is not known here. Off by default.
    ///
    /// Known are the public and the national clouds. Of any other host the public cloud is asked whether it
    /// is one of Entra ID's, before anything is sent there; in a private cloud nobody can say. A broker knows
    /// by itself which hosts it trusts.
    pub disable_instance_discovery: bool,

    /// Where the sign-in in the browser comes back to, as the application has registered it, such as
    /// `http://localhost:8400`. By default `http://localhost` at any free port.
    ///
    /// It is of this machine's loopback; a broker has a redirect URI of its own.
    pub redirect_uri: Option<String>,

    /// What the sign-in page must do.
    pub prompt: PromptBehavior,

    /// The pages that the browser shows in the end.
    pub browser_customization: BrowserCustomization,

    /// How long the user gets for a sign-in in the browser. By default 280 s; brokers have a time of their
    /// own.
    pub sign_in_timeout: Option<Duration>,

    /// A username to sign in silently where that works, and to offer on the sign-in page where not.
    pub login_hint: Option<String>,

    /// The account of an earlier [`authenticate`](crate::InteractiveBrowserCredential::authenticate).
    pub authentication_record: Option<AuthenticationRecord>,

    /// Whether `get_token` fails with
    /// [`ErrorKind::InteractionRequired`] where it
    /// would otherwise bring up a sign-in. Off by default.
    pub disable_automatic_authentication: bool,

    /// Where sign-ins in the browser are kept for the next run. By default nowhere.
    ///
    /// Of the feature `persistence`.
    #[cfg(feature = "persistence")]
    pub token_cache_persistence: Option<TokenCachePersistence>,

    /// Whether and how the broker is used.
    pub broker: BrokerOptions,

    /// The transport and the cloud of requests that this process makes to Entra ID.
    ///
    /// What a broker requests is not touched by them.
    pub client_options: ClientOptions,
}

impl InteractiveBrowserCredentialOptions {
    /// Who issues the tokens, by the rules that the fields state.
    pub(crate) fn authority(&self, from_environment: Option<&str>) -> Result<Authority> {
        let record = self.authentication_record.as_ref();
        let tenant = match (&self.tenant_id, record) {
            (Some(tenant), _) => Tenant::parse(tenant).map_err(wrong)?,
            (None, Some(record)) => Tenant::parse(record.tenant_id()).map_err(wrong)?,
            (None, None) => Tenant::organizations(),
        };
        let host = match (&self.authority_host, self.client_options.cloud.as_deref()) {
            (Some(host), _) => Some(host.as_str()),
            (None, Some(cloud)) => Some(host_of_cloud(cloud)?),
            (None, None) => record.map(AuthenticationRecord::authority),
        };
        let authority = match host.or(from_environment) {
            Some(host) => Authority::of_host(host, tenant).map_err(wrong)?,
            None => Authority::public_cloud().with_tenant(tenant),
        };
        if let Some(record) = record
            && !authority.is_same_environment(record.authority())
        {
            return Err(not_of_record(
                "authority",
                record.authority(),
                authority.host(),
            ));
        }
        Ok(authority)
    }

    /// The tenants that requests may name.
    pub(crate) fn tenants(
        &self,
        authority: &Authority,
        environment: &Environment,
    ) -> Result<AllowedTenants> {
        let named = match (&self.tenant_id, &self.authentication_record) {
            (None, None) => Named::NoTenant,
            _ => Named::Tenant,
        };
        let own = authority.tenant().clone();
        let tenants = AllowedTenants::parse(own, named, &self.additionally_allowed_tenants)?;
        Ok(match environment.multi_tenant {
            MultiTenant::Enabled => tenants,
            MultiTenant::Disabled => tenants.without_others(),
        })
    }

    /// What is the same for all credentials of a user, with `backend` behind it.
    pub(crate) fn into_user_credential(
        self,
        backend: Arc<dyn Backend>,
        environment: Environment,
    ) -> Result<UserCredential> {
        let manner = Manner {
            use_default_account: self.broker.use_default_account,
            asks_user: !self.disable_automatic_authentication,
            window: self.broker.parent_window,
        };
        let record = self.authentication_record.as_ref();
        let account = record.map(AuthenticationRecord::to_account);
        let authority = self.authority(environment.authority_host.as_deref())?;
        Ok(UserCredential {
            tenants: self.tenants(&authority, &environment)?,
            authority,
            client_id: self.client_id()?,
            login_hint: self.login_hint()?,
            flow: Arc::new(UserFlow::new(
                backend,
                TokenCache::new(environment.clock.clone()),
                manner,
                account,
            )),
            shortcut: Shortcut::default(),
            clock: environment.clock,
        })
    }

    /// What sign-ins without a broker share.
    pub(crate) fn own_tokens(&self, environment: &Environment) -> Result<OwnTokens> {
        let transport = self.client_options.transport.clone();
        let transport =
            transport.map(|transport| Arc::new(TransportClient(transport)) as Arc<dyn HttpClient>);
        let client =
            Client::new(transport, environment.clock.clone()).with_trust_store(trust_store());
        let held = self.refresh_tokens(environment)?;
        Ok(OwnTokens::new(client, held, self.instance_discovery()))
    }

    /// What keeps the refresh tokens of sign-ins in the browser.
    #[cfg(not(feature = "persistence"))]
    fn refresh_tokens(&self, _: &Environment) -> Result<RefreshTokens> {
        Ok(RefreshTokens::kept_in(MemoryStore::default()))
    }

    /// What keeps the refresh tokens of sign-ins in the browser.
    #[cfg(feature = "persistence")]
    fn refresh_tokens(&self, environment: &Environment) -> Result<RefreshTokens> {
        let Some(persistence) = &self.token_cache_persistence else {
            return Ok(RefreshTokens::kept_in(MemoryStore::default()));
        };
        persistence.check()?;
        Ok(RefreshTokens::kept_in(PersistentStore::new(
            &persistence.name,
            environment.keyring,
            persistence.file(environment.cache_folder.as_deref())?,
            environment.clock.clone(),
        )))
    }

    /// How a sign-in in the browser goes.
    pub(crate) fn browser_manner(&self) -> Result<BrowserManner> {
        let redirect = self.redirect_uri.as_deref().map(LoopbackRedirect::parse);
        if self
            .sign_in_timeout
            .is_some_and(|timeout| !timeout.is_positive())
        {
            return Err(Error::new(
                ErrorKind::InvalidRequest,
                "the time for a sign-in is over before it begins: `sign_in_timeout` must be positive",
            ));
        }
        Ok(BrowserManner {
            redirect: redirect.transpose().map_err(wrong)?.unwrap_or_default(),
            prompt: self.prompt,
            pages: self.browser_customization.clone(),
            timeout: self.sign_in_timeout,
        })
    }

    /// Whether the public cloud is asked about unknown hosts.
    fn instance_discovery(&self) -> InstanceDiscovery {
        match self.disable_instance_discovery {
            true => InstanceDiscovery::Disabled,
            false => InstanceDiscovery::Enabled,
        }
    }

    /// The application that the tokens are for.
    pub(crate) fn client_id(&self) -> Result<ClientId> {
        let record = self
            .authentication_record
            .as_ref()
            .map(|record| ClientId::parse(record.client_id()))
            .transpose()
            .map_err(wrong)?;
        let Some(own) = &self.client_id else {
            return Ok(record.unwrap_or_else(ClientId::azure_cli));
        };
        let own = ClientId::parse(own).map_err(wrong)?;
        match record {
            Some(record) if record != own => Err(not_of_record("client", record, own)),
            _ => Ok(own),
        }
    }

    /// The username to offer.
    pub(crate) fn login_hint(&self) -> Result<Option<String>> {
        match self.login_hint.as_deref().map(str::trim) {
            Some(hint) if hint.is_empty() || hint.chars().any(char::is_control) => Err(Error::new(
                ErrorKind::InvalidRequest,
                "the login hint is no username such as ada@contoso.example",
            )
            .with_next_step("leave the login hint out, or name a user")),
            hint => Ok(hint.map(str::to_owned)),
        }
    }
}

fn host_of_cloud(cloud: &CloudConfiguration) -> Result<&str> {
    match cloud {
        CloudConfiguration::AzurePublic => Ok("login.microsoftonline.com"),
        CloudConfiguration::AzureGovernment => Ok("login.microsoftonline.us"),
        CloudConfiguration::AzureChina => Ok("login.chinacloudapi.cn"),
        CloudConfiguration::Custom(custom) => Ok(&custom.authority_host),
        _ => Err(Error::new(
            ErrorKind::InvalidRequest,
            "the cloud of the client options has no authority host that is known here",
        )
        .with_next_step("set `authority_host`")),
    }
}

/// A parser's message says by itself what is wrong and how to write it.
fn wrong(error: impl std::error::Error) -> Error {
    Error::new(ErrorKind::InvalidRequest, error.to_string())
}

fn not_of_record(what: &str, record: impl Display, own: impl Display) -> Error {
    Error::new(
        ErrorKind::InvalidRequest,
        format!("the authentication record is of {what} {record}, the credential of {own}"),
    )
    .with_next_step("authenticate again, or use the record's")
}

#[cfg(test)]
mod tests;
