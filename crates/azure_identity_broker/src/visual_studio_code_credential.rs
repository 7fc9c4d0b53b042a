use crate::{
    AcquireOptions, AuthenticationRecord, BrokerCredentialOptions, Error, ErrorKind, Result,
    allowed_tenants::{AllowedTenants, Named},
    environment::Environment,
    user_credential::{UserCredential, wrong},
};
use async_trait::async_trait;
use azbroker_entra::Tenant;
use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use std::{
    fmt, io,
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio::sync::OnceCell;

/// Acquires tokens of the account that is signed in to Azure in Visual Studio Code, through the broker.
///
/// Reach for this, or for the chain that has it ([`DeveloperCredential`](crate::DeveloperCredential)), where
/// people sign in with the editor's Azure Resources extension. It reads the record that the extension
/// leaves, asks the broker for tokens of that account, and never shows anything.
///
/// ```no_run
/// use azure_core::credentials::TokenCredential;
/// use azure_identity_broker::VisualStudioCodeCredential;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> azure_core::Result<()> {
/// let credential = VisualStudioCodeCredential::new(None)?;
/// let token = credential.get_token(&["https://vault.azure.net/.default"], None).await?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// [`InteractionRequired`](crate::ErrorKind::InteractionRequired) where nobody has signed in with the editor
/// or the broker does not hold that account, [`BrokerMissing`](crate::ErrorKind::BrokerMissing) where there is
/// no broker.
pub struct VisualStudioCodeCredential {
    options: VisualStudioCodeCredentialOptions,
    environment: Environment,
    /// Made when the record has been read.
    inner: OnceCell<UserCredential>,
}

/// Says which tenants a [`VisualStudioCodeCredential`] asks.
///
/// ```
/// use azure_identity_broker::VisualStudioCodeCredentialOptions;
///
/// let options = VisualStudioCodeCredentialOptions {
///     tenant_id: Some("contoso.example".into()),
///     ..Default::default()
/// };
/// ```
#[derive(Clone, Debug, Default)]
pub struct VisualStudioCodeCredentialOptions {
    /// Tenant ID or domain. By default the one that was signed in to.
    pub tenant_id: Option<String>,
    /// Tenants that a request may name besides; `*` stands for every tenant.
    pub additionally_allowed_tenants: Vec<String>,
}

impl VisualStudioCodeCredential {
    /// Makes a credential; nothing is read or asked before the first token.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidRequest`] when a tenant is wrong.
    pub fn new(
        options: Option<VisualStudioCodeCredentialOptions>,
    ) -> azure_core::Result<Arc<Self>> {
        Self::in_environment(options.unwrap_or_default(), Environment::of_process())
    }

    pub(crate) fn in_environment(
        options: VisualStudioCodeCredentialOptions,
        environment: Environment,
    ) -> azure_core::Result<Arc<Self>> {
        options
            .check()
            .map_err(|error| error.into_azure("the credential cannot be made"))?;
        Ok(Arc::new(Self {
            options,
            environment,
            inner: OnceCell::new(),
        }))
    }

    /// Has the user sign in with the broker as the account of the editor, on purpose.
    ///
    /// # Errors
    ///
    /// Those of the credential, and those of a sign-in.
    pub async fn authenticate(
        &self,
        scopes: &[&str],
        options: Option<AcquireOptions>,
    ) -> azure_core::Result<AuthenticationRecord> {
        let inner = self.inner("no sign-in").await?;
        inner.authenticate(scopes, options).await
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
        let inner = self.inner("no token").await?;
        inner.acquire_token(scopes, &options).await
    }

    async fn inner(&self, failed: &'static str) -> azure_core::Result<&UserCredential> {
        self.inner
            .get_or_try_init(|| async { self.read() })
            .await
            .map_err(|error| error.into_azure(failed))
    }

    fn read(&self) -> Result<UserCredential> {
        let record = record_of(self.environment.home.as_deref())?;
        if record.client_id() != CLIENT_ID {
            return Err(Error::new(
                ErrorKind::InvalidRequest,
                format!(
                    "the record of Visual Studio Code is of client {}, not of the Azure Resources extension",
                    record.client_id()
                ),
            )
            .with_next_step(SIGN_IN));
        }
        let options = BrokerCredentialOptions {
            tenant_id: self.options.tenant_id.clone(),
            additionally_allowed_tenants: self.options.additionally_allowed_tenants.clone(),
            authentication_record: Some(record),
            ..Default::default()
        };
        options.into_user_credential(self.environment.clone())
    }
}

impl VisualStudioCodeCredentialOptions {
    fn check(&self) -> Result<()> {
        let own = match &self.tenant_id {
            Some(tenant) => Tenant::parse(tenant).map_err(|error| wrong(&error))?,
            None => Tenant::organizations(),
        };
        AllowedTenants::parse(own, Named::Tenant, &self.additionally_allowed_tenants).map(drop)
    }
}

#[async_trait]
impl TokenCredential for VisualStudioCodeCredential {
    async fn get_token(
        &self,
        scopes: &[&str],
        options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let inner = self.inner("no token").await?;
        inner.get_token(scopes, options).await
    }
}

impl fmt::Debug for VisualStudioCodeCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VisualStudioCodeCredential")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

/// The record of the editor's extension, which is where every language's library looks for it.
fn record_of(home: Option<&Path>) -> Result<AuthenticationRecord> {
    let nobody = || {
        Error::signed_out("nobody has signed in to Azure with Visual Studio Code")
            .with_next_step(SIGN_IN)
    };
    let home = home.ok_or_else(nobody)?;
    for folder in FOLDERS {
        let path: PathBuf = home.join(folder).join(FILE);
        match std::fs::metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            // Whoever reads a pipe may wait for ever.
            Ok(metadata) if !metadata.is_file() => return Err(unreadable(&path, "it is no file")),
            Ok(metadata) if metadata.len() > LARGEST => {
                return Err(unreadable(&path, "it is larger than any record"));
            }
            _ => {}
        }
        let json = std::fs::read_to_string(&path)
            .map_err(|error| unreadable(&path, &error.to_string()))?;
        return AuthenticationRecord::from_json(&json)
            .map_err(|error| unreadable(&path, &error.to_string()));
    }
    Err(nobody())
}

fn unreadable(path: &Path, why: &str) -> Error {
    let message = format!(
        "the record of Visual Studio Code at {} cannot be used: {why}",
        path.display()
    );
    Error::new(ErrorKind::InvalidRequest, message).with_next_step(SIGN_IN)
}

/// The application that the editor's extension signs in as.
const CLIENT_ID: &str = "aebc6443-996d-45c2-90f0-388ff96faa56";
/// Below the home folder; the extension has been seen to use both.
const FOLDERS: [&str; 2] = [".azure", ".Azure"];
const FILE: &str = "ms-azuretools.vscode-azureresourcegroups/authRecord.json";
const LARGEST: u64 = 10 * 1024;
const SIGN_IN: &str = "sign in to Azure with the Azure Resources extension of Visual Studio Code";

#[cfg(test)]
mod tests;
