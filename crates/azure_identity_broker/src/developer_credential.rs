use crate::{
    AcquireOptions, AuthenticationRecord, BrokerCredential, BrokerCredentialOptions, Error,
    ErrorKind, ProofOfPossession, Result, VisualStudioCodeCredential,
    VisualStudioCodeCredentialOptions, environment::Environment,
};
use async_trait::async_trait;
use azure_core::{
    credentials::{AccessToken, TokenCredential, TokenRequestOptions},
    http::{ClientMethodOptions, Context},
};
use azure_identity::{
    AzureCliCredential, AzureCliCredentialOptions, AzureDeveloperCliCredential,
    AzureDeveloperCliCredentialOptions, Executor,
};
use std::{
    error::Error as _,
    fmt,
    sync::{Arc, OnceLock},
};

/// Acquires tokens from whatever a developer is signed in with: the editor, a command line, the broker.
///
/// Reach for this where a program runs on many developers' machines and each signs in in another way. It
/// asks in this order, and keeps to the first that has a token:
///
/// 1. [`VisualStudioCodeCredential`]
/// 2. the Azure CLI (`az login`)
/// 3. the Azure Developer CLI (`azd auth login`)
/// 4. [`BrokerCredential`]
///
/// The environment variable `AZURE_TOKEN_CREDENTIALS` chooses one of them by name, such as
/// `AzureCliCredential`; `dev` stands for all. None of them shows anything.
/// [`source`](Self::source) tells which one answered; an error says for each why it did not.
///
/// ```no_run
/// use azure_core::credentials::TokenCredential;
/// use azure_identity_broker::DeveloperCredential;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> azure_core::Result<()> {
/// let credential = DeveloperCredential::new(None)?;
/// let token = credential.get_token(&["https://vault.azure.net/.default"], None).await?;
/// println!("answered by {:?}", credential.source());
/// # Ok(())
/// # }
/// ```
///
/// It is the developers' part of `DefaultAzureCredential`, see Microsoft's
/// [page on credential chains](https://learn.microsoft.com/dotnet/azure/sdk/authentication/credential-chains).
pub struct DeveloperCredential {
    links: Vec<Link>,
    /// The place of the first that had a token.
    answered: OnceLock<usize>,
    broker: Arc<BrokerCredential>,
}

/// Says what a [`DeveloperCredential`] asks for.
///
/// ```
/// use azure_identity_broker::DeveloperCredentialOptions;
///
/// let options = DeveloperCredentialOptions {
///     tenant_id: Some("contoso.example".into()),
///     ..Default::default()
/// };
/// ```
#[derive(Clone, Default)]
pub struct DeveloperCredentialOptions {
    /// Tenant ID or domain. By default each one's own.
    pub tenant_id: Option<String>,
    /// Tenants that a request may name besides; `*` stands for every tenant. The command lines keep to
    /// [`tenant_id`](Self::tenant_id).
    pub additionally_allowed_tenants: Vec<String>,
    /// What runs the command lines. By default they are child processes.
    pub executor: Option<Arc<dyn Executor>>,
}

/// Names a link of the chain of [`DeveloperCredential`].
///
/// Its text is the credential's name, as `AZURE_TOKEN_CREDENTIALS` has it.
///
/// ```
/// use azure_identity_broker::DeveloperSource;
///
/// assert_eq!(DeveloperSource::AzureCli.to_string(), "AzureCliCredential");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DeveloperSource {
    /// The account of Visual Studio Code.
    VisualStudioCode,
    /// The Azure CLI.
    AzureCli,
    /// The Azure Developer CLI.
    AzureDeveloperCli,
    /// The broker's default account.
    Broker,
}

struct Link {
    source: DeveloperSource,
    credential: Arc<dyn TokenCredential>,
}

impl DeveloperCredential {
    /// Makes a credential; nothing is run or asked before the first token.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidRequest`] when an option or `AZURE_TOKEN_CREDENTIALS` is wrong.
    pub fn new(options: Option<DeveloperCredentialOptions>) -> azure_core::Result<Arc<Self>> {
        Self::in_environment(options.unwrap_or_default(), Environment::of_process())
    }

    pub(crate) fn in_environment(
        options: DeveloperCredentialOptions,
        environment: Environment,
    ) -> azure_core::Result<Arc<Self>> {
        let sources = sources(environment.token_credentials.as_deref())
            .map_err(|error| error.into_azure("the credential cannot be made"))?;
        let broker = BrokerCredential::in_environment(
            BrokerCredentialOptions {
                tenant_id: options.tenant_id.clone(),
                additionally_allowed_tenants: options.additionally_allowed_tenants.clone(),
                ..Default::default()
            },
            environment.clone(),
        )?;
        let links = sources
            .into_iter()
            .map(|source| source.link(&options, &environment, &broker))
            .collect::<azure_core::Result<_>>()?;
        Ok(Arc::new(Self {
            links,
            answered: OnceLock::new(),
            broker,
        }))
    }

    /// Tells which one answered; none has before the first token.
    pub fn source(&self) -> Option<DeveloperSource> {
        self.answered.get().map(|&index| self.links[index].source)
    }

    /// Has the user sign in with the broker, the one link of the chain that can.
    ///
    /// # Errors
    ///
    /// As [`BrokerCredential::authenticate`].
    pub async fn authenticate(
        &self,
        scopes: &[&str],
        options: Option<AcquireOptions>,
    ) -> azure_core::Result<AuthenticationRecord> {
        self.broker.authenticate(scopes, options).await
    }

    /// Acquires a token as [`get_token`](TokenCredential::get_token) does, with more said about it.
    ///
    /// # Errors
    ///
    /// Those of the credential. The command lines know nothing of the options.
    pub async fn acquire_token(
        &self,
        scopes: &[&str],
        options: AcquireOptions,
    ) -> azure_core::Result<AccessToken> {
        let context = Context::new().with_value(options);
        let method_options = ClientMethodOptions { context };
        self.get_token(scopes, Some(TokenRequestOptions { method_options }))
            .await
    }
}

#[async_trait]
impl TokenCredential for DeveloperCredential {
    async fn get_token(
        &self,
        scopes: &[&str],
        options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        // A command line that answers everything else cannot answer for a proof.
        if let Some(&index) = self.answered.get()
            && !(self.links[index].source.is_command_line() && asks_for_proof(options.as_ref()))
        {
            return self.links[index].get_token(scopes, options).await;
        }
        let mut reasons = Vec::new();
        for (index, link) in self.links.iter().enumerate() {
            match link.get_token(scopes, options.clone()).await {
                Ok(token) => {
                    tracing::info!(source = %link.source, "a developer credential has answered");
                    let _ = self.answered.set(index);
                    return Ok(token);
                }
                Err(error) => {
                    tracing::debug!(source = %link.source, reason = %error, "no token from there");
                    reasons.push((link.source, error));
                }
            }
        }
        Err(nobody_answered(&reasons))
    }
}

impl Link {
    /// Command lines know nothing of a proof, and would give a token for everything in its place.
    async fn get_token(
        &self,
        scopes: &[&str],
        options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        if self.source.is_command_line() && asks_for_proof(options.as_ref()) {
            return Err(ProofOfPossession::needs_broker().into_azure("no token"));
        }
        self.credential.get_token(scopes, options).await
    }
}

fn asks_for_proof(options: Option<&TokenRequestOptions<'_>>) -> bool {
    let options = AcquireOptions::of(options.map(|options| &options.method_options));
    options.proof_of_possession.is_some()
}

impl fmt::Debug for DeveloperCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeveloperCredential")
            .field("source", &self.source())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for DeveloperCredentialOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeveloperCredentialOptions")
            .field("tenant_id", &self.tenant_id)
            .field(
                "additionally_allowed_tenants",
                &self.additionally_allowed_tenants,
            )
            .finish_non_exhaustive()
    }
}

impl DeveloperSource {
    /// The order in which they are asked: what answers without a child process or a bus comes first.
    const ALL: [Self; 4] = [
        Self::VisualStudioCode,
        Self::AzureCli,
        Self::AzureDeveloperCli,
        Self::Broker,
    ];

    fn is_command_line(self) -> bool {
        matches!(self, Self::AzureCli | Self::AzureDeveloperCli)
    }

    fn name(self) -> &'static str {
        match self {
            Self::VisualStudioCode => "VisualStudioCodeCredential",
            Self::AzureCli => "AzureCliCredential",
            Self::AzureDeveloperCli => "AzureDeveloperCliCredential",
            Self::Broker => "BrokerCredential",
        }
    }

    fn link(
        self,
        options: &DeveloperCredentialOptions,
        environment: &Environment,
        broker: &Arc<BrokerCredential>,
    ) -> azure_core::Result<Link> {
        let (tenant_id, executor) = (options.tenant_id.clone(), options.executor.clone());
        let credential: Arc<dyn TokenCredential> = match self {
            Self::VisualStudioCode => VisualStudioCodeCredential::in_environment(
                VisualStudioCodeCredentialOptions {
                    tenant_id,
                    additionally_allowed_tenants: options.additionally_allowed_tenants.clone(),
                },
                environment.clone(),
            )?,
            Self::AzureCli => AzureCliCredential::new(Some(AzureCliCredentialOptions {
                tenant_id,
                executor,
                ..Default::default()
            }))?,
            Self::AzureDeveloperCli => {
                AzureDeveloperCliCredential::new(Some(AzureDeveloperCliCredentialOptions {
                    tenant_id,
                    executor,
                }))?
            }
            Self::Broker => broker.clone(),
        };
        Ok(Link {
            source: self,
            credential,
        })
    }
}

impl fmt::Display for DeveloperSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What `AZURE_TOKEN_CREDENTIALS` chooses.
fn sources(named: Option<&str>) -> Result<Vec<DeveloperSource>> {
    let named = named.map(str::trim).unwrap_or_default();
    if named.is_empty() || named.eq_ignore_ascii_case("dev") {
        return Ok(DeveloperSource::ALL.to_vec());
    }
    let chosen = DeveloperSource::ALL
        .into_iter()
        .find(|source| named.eq_ignore_ascii_case(source.name()));
    chosen.map(|source| vec![source]).ok_or_else(|| {
        let shown: String = named.chars().filter(|c| !c.is_control()).take(80).collect();
        Error::new(
            ErrorKind::InvalidRequest,
            format!("AZURE_TOKEN_CREDENTIALS is '{shown}', which is no developer's credential"),
        )
        .with_next_step(format!(
            "set it to dev, {}, or leave it out",
            DeveloperSource::ALL.map(DeveloperSource::name).join(", ")
        ))
    })
}

/// Each one's reason on one line. Who must act is whoever would have to for the last one, the broker.
fn nobody_answered(reasons: &[(DeveloperSource, azure_core::Error)]) -> azure_core::Error {
    let said: Vec<_> = reasons
        .iter()
        .map(|(source, error)| format!("{source}: {}", one_line(error)))
        .collect();
    let kinds = reasons.iter().filter_map(|(_, error)| Error::find(error));
    let kind = kinds
        .map(Error::kind)
        .next_back()
        .unwrap_or(ErrorKind::InteractionRequired);
    Error::new(kind, said.join("; "))
        .with_next_step("sign in with one of them, such as `azbroker login` or `az login`")
        .into_azure("no developer's credential has a token")
}

/// An error with its causes. What tools print may have lines of its own.
fn one_line(error: &azure_core::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    let words: Vec<_> = text.split_whitespace().collect();
    words.join(" ")
}

#[cfg(test)]
mod tests;
