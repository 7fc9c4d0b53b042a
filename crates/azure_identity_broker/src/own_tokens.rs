use crate::{
    Error, ErrorKind, ProofOfPossession, Result,
    backend::{Accounts, Acquired},
    entra_failure,
    refresh_tokens::{HeldToken, RefreshTokens, TokenKind},
    token_request::{TokenRequest, WhichAccount},
};
use azbroker_entra::{Account, Client, ClientId, Grant, TokenRequest as EntraRequest, Tokens};
use azure_core::credentials::AccessToken;
use tokio::sync::OnceCell;

/// A client of Entra ID, and refresh tokens in the application's own keeping.
#[derive(Debug)]
pub(crate) struct OwnTokens {
    client: Client,
    held: RefreshTokens,
    discovery: InstanceDiscovery,
    /// Set when the authority's host is known to be one of Entra ID's.
    checked: OnceCell<()>,
}

/// Whether Entra ID is asked about an authority host that is not known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InstanceDiscovery {
    Enabled,
    Disabled,
}

impl OwnTokens {
    pub(crate) fn new(client: Client, held: RefreshTokens, discovery: InstanceDiscovery) -> Self {
        Self {
            client,
            held,
            discovery,
            checked: OnceCell::new(),
        }
    }

    /// A token for a refresh token that is held.
    pub(crate) async fn acquire_silently(&self, request: &TokenRequest) -> Result<Acquired> {
        let wanted = self.entra_request(request)?;
        let Some(held) = self.find(request).await? else {
            return Err(nobody_has_signed_in(request));
        };
        self.check_authority(request).await?;
        let grant = Grant::RefreshToken(held.refresh_token.clone());
        match self.client.redeem(&wanted, &grant).await {
            Ok(tokens) => self.keep(request, tokens).await,
            Err(error) => {
                let tenant = wanted.authority.tenant();
                if error
                    .refusal()
                    .is_some_and(|refusal| refusal.ends_refresh_token(&held.account, tenant))
                {
                    self.held.forget_refused(&held).await?;
                }
                Err(entra_failure::of(&error))
            }
        }
    }

    /// A client that may be used for the request, and the request in its words.
    pub(crate) async fn for_sign_in(
        &self,
        request: &TokenRequest,
    ) -> Result<(&Client, EntraRequest)> {
        let wanted = self.entra_request(request)?;
        // Of a sign-in whose code cannot be redeemed nothing would come.
        let trusted = self.client.check_trust();
        trusted.map_err(|error| entra_failure::of(&error))?;
        self.check_authority(request).await?;
        Ok((&self.client, wanted))
    }

    /// Keeps what a sign-in brought.
    pub(crate) async fn keep(&self, request: &TokenRequest, tokens: Tokens) -> Result<Acquired> {
        let account = tokens.account;
        if let Some(refresh_token) = tokens.refresh_token {
            let held = HeldToken {
                client_id: request.client_id.clone(),
                account: account.clone(),
                refresh_token,
                kind: of(request),
            };
            self.held.keep(held).await?;
        }
        Ok(Acquired {
            token: AccessToken::new(tokens.access_token, tokens.expires_on),
            refresh_on: tokens.refresh_on,
            account: Some(account),
        })
    }

    pub(crate) async fn accounts(&self, client_id: &ClientId) -> Result<Accounts> {
        Ok(Accounts {
            accounts: self.held.accounts(client_id).await?,
            store: None,
        })
    }

    pub(crate) async fn remove_account(
        &self,
        client_id: &ClientId,
        account: &Account,
    ) -> Result<()> {
        self.held.forget_account(client_id, account).await
    }

    async fn find(&self, request: &TokenRequest) -> Result<Option<HeldToken>> {
        let held = self.held.list(&request.client_id, of(request)).await?;
        let mut fitting = held.into_iter().rev().filter(|held| {
            request
                .authority
                .is_same_environment(&held.account.environment)
        });
        Ok(match &request.account {
            WhichAccount::Default => fitting.next(),
            WhichAccount::Hinted(username) => {
                fitting.find(|held| held.account.username.eq_ignore_ascii_case(username))
            }
            WhichAccount::Known(account) => {
                fitting.find(|held| held.account.home_account_id == account.home_account_id)
            }
        })
    }

    /// A credential has one authority host, so its first request alone asks.
    async fn check_authority(&self, request: &TokenRequest) -> Result<()> {
        if self.discovery == InstanceDiscovery::Disabled || request.authority.is_known() {
            return Ok(());
        }
        let check = self
            .client
            .check_authority(&request.authority, request.correlation_id);
        self.checked
            .get_or_try_init(|| check)
            .await
            .map(drop)
            .map_err(|error| {
                let error = entra_failure::of(&error);
                match error.kind() {
                    ErrorKind::Unavailable => error.with_next_step(
                        "check the network, or set `disable_instance_discovery` if the authority host is right",
                    ),
                    _ => error,
                }
            })
    }

    fn entra_request(&self, request: &TokenRequest) -> Result<EntraRequest> {
        // The key would be this process's own, and signing is the broker's work.
        if request.proof.is_some() {
            return Err(ProofOfPossession::needs_broker());
        }
        Ok(EntraRequest {
            authority: request.authority.clone(),
            client_id: request.client_id.clone(),
            scopes: request.scopes.clone(),
            claims: request.claims_parameter(),
            bound_to: None,
            correlation_id: request.correlation_id,
        })
    }
}

fn of(request: &TokenRequest) -> TokenKind {
    match request.enable_cae {
        true => TokenKind::ContinuousAccessEvaluation,
        false => TokenKind::Plain,
    }
}

fn nobody_has_signed_in(request: &TokenRequest) -> Error {
    let message = match request.account.username() {
        Some(username) => format!("{username} has not signed in to this program yet"),
        None => "nobody has signed in to this program yet".to_owned(),
    };
    Error::signed_out(message)
}
