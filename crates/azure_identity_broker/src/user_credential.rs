use crate::{
    AcquireOptions, AuthenticationRecord, Error, ErrorKind, Result,
    allowed_tenants::AllowedTenants,
    shortcut::Shortcut,
    token_request::{TokenRequest, WhichAccount},
    user_flow::UserFlow,
};
use azbroker_entra::{Authority, Claims, ClientId, Clock, CorrelationId, Scopes};
use azure_core::credentials::{AccessToken, TokenRequestOptions};
use std::{fmt, sync::Arc};
use tracing::Instrument;

/// What all credentials of a user are inside: an application that asks an authority, and a flow that answers.
///
/// It parses what a caller hands in, and names in its errors what was asked for.
#[derive(Debug)]
pub(crate) struct UserCredential {
    pub(crate) authority: Authority,
    pub(crate) client_id: ClientId,
    pub(crate) login_hint: Option<String>,
    pub(crate) tenants: AllowedTenants,
    pub(crate) flow: Arc<UserFlow>,
    pub(crate) shortcut: Shortcut,
    pub(crate) clock: Arc<dyn Clock>,
}

impl UserCredential {
    /// A token as `TokenCredential` has it asked for, with what the request's context holds.
    pub(crate) async fn get_token(
        &self,
        scopes: &[&str],
        options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let options = AcquireOptions::of(options.as_ref().map(|options| &options.method_options));
        self.acquire_token(scopes, &options).await
    }

    /// A token by whatever is needed.
    pub(crate) async fn acquire_token(
        &self,
        scopes: &[&str],
        options: &AcquireOptions,
    ) -> azure_core::Result<AccessToken> {
        let changes = self.flow.changes();
        let now = self.clock.now();
        if let Some(token) = self.shortcut.find(scopes, options, changes, now) {
            return Ok(token);
        }
        let request = self.request("no token", scopes, options)?;
        let failed = format!("no token for {request}");
        let correlation_id = request.correlation_id;
        let span = span("get_token", &request);
        let acquired = self.flow.acquire(request).instrument(span).await;
        let answer = acquired
            .map_err(|error| error.with_correlation_id(correlation_id).into_azure(failed))?;
        // Of what was under way meanwhile nobody knows whether it is older or newer.
        if self.flow.changes() == changes {
            self.shortcut.remember(scopes, options, changes, &answer);
        }
        Ok(answer.token)
    }

    /// Signs the user in on purpose.
    pub(crate) async fn authenticate(
        &self,
        scopes: &[&str],
        options: Option<AcquireOptions>,
    ) -> azure_core::Result<AuthenticationRecord> {
        let options = options.unwrap_or_default();
        let request = self.request("no sign-in", scopes, &options)?;
        let failed = format!("no sign-in for {request}");
        let correlation_id = request.correlation_id;
        let authority = request.authority.clone();
        let span = span("authenticate", &request);
        self.flow
            .authenticate(request)
            .instrument(span)
            .await
            .and_then(|account| AuthenticationRecord::new(&account, &authority, &self.client_id))
            .map_err(|error| error.with_correlation_id(correlation_id).into_azure(failed))
    }

    /// What is shown of a credential: who asks whom.
    pub(crate) fn debug(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(name)
            .field("authority", &self.authority)
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }

    /// Parses a request; `failed` says what there is not when it is wrong.
    fn request(
        &self,
        failed: &'static str,
        scopes: &[&str],
        options: &AcquireOptions,
    ) -> azure_core::Result<TokenRequest> {
        // A blank scope is an empty one: of its white space nobody would learn anything.
        let scopes = scopes.iter().map(|scope| match scope.trim() {
            "" => "",
            _ => scope,
        });
        // The parser's message names the scope.
        let scopes = Scopes::parse(scopes).map_err(|error| wrong(&error).into_azure(failed))?;
        let account = match (self.flow.account(), &self.login_hint) {
            (Some(account), _) => WhichAccount::Known(Box::new(account)),
            (None, Some(hint)) => WhichAccount::Hinted(hint.clone()),
            (None, None) => WhichAccount::Default,
        };
        let mut request = TokenRequest {
            authority: self.authority.clone(),
            client_id: self.client_id.clone(),
            scopes,
            claims: None,
            enable_cae: options.enable_cae,
            proof: None,
            account,
            correlation_id: CorrelationId::new_v4(),
        };
        self.complete(&mut request, options)
            .map_err(|error| error.into_azure(format!("{failed} for {request}")))?;
        Ok(request)
    }

    fn complete(&self, request: &mut TokenRequest, options: &AcquireOptions) -> Result<()> {
        let tenant = self.tenants.choose(options.tenant_id.as_deref())?;
        request.authority = self.authority.clone().with_tenant(tenant);
        let claims = options.claims.as_deref().map(Claims::parse).transpose();
        request.claims = claims.map_err(|error| wrong(&error))?;
        if let Some(proof) = &options.proof_of_possession {
            proof.check()?;
            request.proof = Some(proof.clone());
        }
        Ok(())
    }
}

/// One span a request; people's names are not in it.
fn span(flow: &'static str, request: &TokenRequest) -> tracing::Span {
    tracing::info_span!(
        "token_request",
        flow,
        correlation_id = %request.correlation_id,
        tenant = %request.authority.tenant(),
    )
}

/// A parser's message says by itself what is wrong and how to write it.
pub(crate) fn wrong(error: &dyn std::error::Error) -> Error {
    Error::new(ErrorKind::InvalidRequest, error.to_string())
}
