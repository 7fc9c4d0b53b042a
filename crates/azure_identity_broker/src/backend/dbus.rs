//! The broker on the session bus, by the contract of `azbroker_protocol`.

mod accounts;
mod connection;
mod failure;

pub(crate) use connection::Bus;

use super::{Accounts, Acquired, Backend};
use crate::{
    Error, ErrorKind, ParentWindow, PromptBehavior, ProofOfPossession, Result,
    token_request::TokenRequest,
};
use async_trait::async_trait;
use azbroker_entra::{Account, ClientId, CorrelationId};
use azbroker_protocol::{
    AccessTokenType, AccountsReply, AccountsRequest, AuthParameters, AuthorizationType,
    DefaultAccountRequest, Method, RemoveAccountRequest, RemoveAllReply, StatusReply, TokenReply,
    TokenRequest as WireRequest, TokenResponse, VersionReply, VersionRequest,
};
use azure_core::{credentials::AccessToken, time::OffsetDateTime};
use connection::BusConnection;
use std::time::Duration;

/// The broker on the session bus.
#[derive(Debug)]
pub(crate) struct DbusBackend {
    connection: BusConnection,
    manner: BrokerManner,
}

/// What a broker is told about its requests.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct BrokerManner {
    pub(crate) prompt: PromptBehavior,
    /// Whether personal accounts pass through to an application for work accounts.
    pub(crate) msa_passthrough: bool,
}

impl DbusBackend {
    /// A backend that connects when it is first asked.
    pub(crate) fn new(bus: Bus, manner: BrokerManner) -> Self {
        Self {
            connection: BusConnection::new(bus),
            manner,
        }
    }

    /// Asks for the broker's version.
    pub(crate) async fn version(&self) -> Result<String> {
        let request = VersionRequest {
            msal_cpp_version: env!("CARGO_PKG_VERSION").to_owned(),
        };
        let json = self
            .call(Method::Version, CorrelationId::new_v4(), request.to_json())
            .await?;
        failure::check(&json)?;
        VersionReply::from_json(&json)
            .map(|reply| reply.linux_broker_version)
            .map_err(|fault| failure::malformed(&fault))
    }

    /// Asks an azbroker for what it says of itself.
    pub(crate) async fn status(&self) -> Result<StatusReply> {
        let json = self
            .call(Method::Status, CorrelationId::new_v4(), "{}".to_owned())
            .await?;
        failure::check(&json)?;
        StatusReply::from_json(&json).map_err(|fault| failure::malformed(&fault))
    }

    /// Has an azbroker pin the default account, or none.
    pub(crate) async fn set_default_account(&self, account: Option<&Account>) -> Result<()> {
        let request = DefaultAccountRequest {
            account: account.map(accounts::write),
        };
        let json = self
            .call(
                Method::SetDefaultAccount,
                CorrelationId::new_v4(),
                request.to_json(),
            )
            .await?;
        failure::check(&json)
    }

    /// Has an azbroker forget every account.
    pub(crate) async fn remove_all_accounts(&self) -> Result<RemoveAllReply> {
        let json = self
            .call(
                Method::RemoveAllAccounts,
                CorrelationId::new_v4(),
                "{}".to_owned(),
            )
            .await?;
        failure::check(&json)?;
        RemoveAllReply::from_json(&json).map_err(|fault| failure::malformed(&fault))
    }

    /// Reads an account that a broker named.
    pub(crate) fn read_account(account: &azbroker_protocol::Account) -> Option<Account> {
        accounts::read(account)
    }

    fn parameters(&self, request: &TokenRequest, kind: AuthorizationType) -> AuthParameters {
        let mut parameters = parameters(request, kind);
        if self.manner.msa_passthrough {
            let (name, value) = MSA_PASSTHROUGH;
            parameters
                .additional_query_parameters_for_authorization
                .insert(name.to_owned(), value.into());
        }
        parameters
    }

    async fn call(
        &self,
        method: Method,
        correlation_id: CorrelationId,
        json: String,
    ) -> Result<String> {
        let limit = match method {
            Method::AcquireTokenInteractively => INTERACTIVE_LIMIT,
            _ => SILENT_LIMIT,
        };
        self.connection
            .call(method, correlation_id, &json, limit)
            .await
    }

    async fn acquire_token(
        &self,
        method: Method,
        request: &TokenRequest,
        wire: WireRequest,
    ) -> Result<Acquired> {
        let json = self
            .call(method, request.correlation_id, wire.to_json())
            .await?;
        match TokenReply::from_json(&json).map_err(|fault| failure::malformed(&fault))? {
            TokenReply::Token(token) => acquired(request, &token),
            TokenReply::Error(error) => Err(match method {
                Method::AcquireTokenInteractively => failure::of_sign_in(&error),
                _ => failure::of_silence(&error),
            }),
            _ => Err(Error::new(
                ErrorKind::Malformed,
                "the broker's answer is of a kind not known here",
            )),
        }
    }
}

#[async_trait]
impl Backend for DbusBackend {
    async fn acquire_token_silently(&self, request: &TokenRequest) -> Result<Acquired> {
        let parameters = self.parameters(request, AuthorizationType::Silent);
        let wire = WireRequest::new(parameters);
        self.acquire_token(Method::AcquireTokenSilently, request, wire)
            .await
    }

    async fn acquire_token_interactively(
        &self,
        request: &TokenRequest,
        window: ParentWindow,
    ) -> Result<Acquired> {
        let handle = window.number();
        let mut parameters = self.parameters(request, AuthorizationType::Interactive);
        // The contract has no field for it: known clients leave out whom the user is to choose.
        if self.manner.prompt.has_account_chosen() {
            parameters.account = None;
            parameters.username.clear();
            parameters.is_sign_in = true;
        }
        parameters.parent_window = Some(azbroker_protocol::ParentWindow { handle });
        let mut wire = WireRequest::new(parameters);
        wire.parent_window_handle = Some(handle);
        self.acquire_token(Method::AcquireTokenInteractively, request, wire)
            .await
    }

    async fn accounts(&self, client_id: &ClientId) -> Result<Accounts> {
        let request = AccountsRequest {
            client_id: client_id.to_string(),
            redirect_uri: client_id.to_string(),
        };
        let json = self
            .call(Method::Accounts, CorrelationId::new_v4(), request.to_json())
            .await?;
        failure::check(&json)?;
        let reply = AccountsReply::from_json(&json).map_err(|fault| failure::malformed(&fault))?;
        Ok(Accounts {
            accounts: reply.accounts.iter().filter_map(accounts::read).collect(),
            store: reply.store,
        })
    }

    async fn remove_account(&self, client_id: &ClientId, account: &Account) -> Result<()> {
        let request = RemoveAccountRequest {
            client_id: client_id.to_string(),
            account: accounts::write(account),
        };
        let correlation_id = CorrelationId::new_v4();
        let json = self
            .call(Method::RemoveAccount, correlation_id, request.to_json())
            .await?;
        failure::check(&json)
    }
}

fn parameters(request: &TokenRequest, kind: AuthorizationType) -> AuthParameters {
    let scopes = request.scopes.iter().map(str::to_owned).collect();
    let mut parameters = AuthParameters::new(
        request.client_id.as_str(),
        request.authority.to_string(),
        scopes,
        kind,
    );
    parameters.account = request.account.known().map(accounts::write);
    parameters.is_sign_in = parameters.account.is_none();
    parameters.username = request.account.username().unwrap_or_default().to_owned();
    REDIRECT_URI.clone_into(&mut parameters.redirect_uri);
    parameters.pop_params = request.proof.as_ref().map(ProofOfPossession::to_wire);
    if let Some(claims) = request.claims_parameter() {
        claims.as_str().clone_into(&mut parameters.decoded_claims);
    }
    parameters
}

fn acquired(request: &TokenRequest, response: &TokenResponse) -> Result<Acquired> {
    let malformed = |what| Err(Error::new(ErrorKind::Malformed, what));
    if response.access_token.is_empty() {
        return malformed("the broker's answer has an empty access token");
    }
    let (wanted, otherwise) = match &request.proof {
        None => (
            AccessTokenType::Bearer,
            "the broker's token is no bearer token, which was asked for",
        ),
        Some(_) => (
            AccessTokenType::ProofOfPossession,
            "the broker's token is no proof of possession, which was asked for",
        ),
    };
    if response.access_token_type != wanted as i64 {
        return malformed(otherwise);
    }
    let Ok(expires_on) = OffsetDateTime::from_unix_timestamp(response.expires_on_seconds()) else {
        return malformed("the broker's token expires at a time that does not exist");
    };
    Ok(Acquired {
        token: AccessToken::new(response.access_token.expose().to_owned(), expires_on),
        // A broker refreshes what it holds by itself.
        refresh_on: None,
        account: accounts::of_token(response),
    })
}

/// What applications that use a broker on Linux register.
const REDIRECT_URI: &str = "https://login.microsoftonline.com/common/oauth2/nativeclient";

/// What known clients send for it.
const MSA_PASSTHROUGH: (&str, &str) = ("msal_request_type", "consumer_passthrough");

/// A broker that stays silent answers from its store or after one request to Entra ID.
const SILENT_LIMIT: Duration = Duration::from_secs(60);

/// What known clients give a person; the bus's own 25 s are too short.
const INTERACTIVE_LIMIT: Duration = Duration::from_secs(300);

#[cfg(test)]
mod tests;
