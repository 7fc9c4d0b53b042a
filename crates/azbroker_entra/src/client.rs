use crate::{
    Authority, Claims, ClientId, Clock, CorrelationId, Error, Grant, KeyId, Refusal, Result,
    Scopes, Tokens, TrustStore,
    busy::{self, Deadline, LeftAlone, NoVainWaiting, Whom},
    form::Form,
    http_client::http_client,
};
use azure_core::{
    Bytes,
    http::{
        ClientOptions, Context, ExponentialRetryOptions, HttpClient, Method, Pipeline,
        PipelineSendOptions, RawResponse, Request, RetryOptions, Transport, Url, headers,
    },
    time::{self, Duration, OffsetDateTime},
};
use std::sync::{Arc, OnceLock};

/// Redeems grants at token endpoints.
///
/// Making one costs nothing: the HTTP client, with its trust store and proxy settings, is made when the
/// first request leaves.
#[derive(Debug)]
pub struct Client {
    transport: Option<Arc<dyn HttpClient>>,
    trust_store: TrustStore,
    pipeline: OnceLock<Pipeline>,
    clock: Arc<dyn Clock>,
    left_alone: LeftAlone,
}

/// One request to a token endpoint, but for what is redeemed.
#[derive(Clone, Debug)]
pub struct TokenRequest {
    /// Who issues the tokens.
    pub authority: Authority,
    /// The application they are for.
    pub client_id: ClientId,
    /// What they are good for.
    pub scopes: Scopes,
    /// A claims challenge to answer.
    pub claims: Option<Claims>,
    /// The key that the access token is to be bound to; without one it is a bearer token.
    pub bound_to: Option<KeyId>,
    /// The request's ID on every hop.
    pub correlation_id: CorrelationId,
}

impl Client {
    /// A client that sends with `transport`, or with the platform's HTTP client.
    pub fn new(transport: Option<Arc<dyn HttpClient>>, clock: Arc<dyn Clock>) -> Self {
        Self {
            transport,
            trust_store: TrustStore::default(),
            pipeline: OnceLock::new(),
            clock,
            left_alone: LeftAlone::default(),
        }
    }

    /// The same client, which names this trust store where nothing in it can be trusted.
    pub fn with_trust_store(self, trust_store: TrustStore) -> Self {
        Self {
            trust_store,
            ..self
        }
    }

    /// Checks that certificates can be checked: before a user signs in, since nothing would come of it.
    ///
    /// # Errors
    ///
    /// [`Error::NothingTrusted`] when no certificate authority is trusted. What was wrong then may be right the next
    /// time.
    pub fn check_trust(&self) -> Result<()> {
        self.pipeline().map(drop)
    }

    /// Redeems a grant.
    ///
    /// Failures of the moment are tried again a few times, 20 s in all at the most; an authority that asks to wait
    /// longer than that is not waited for, and not asked again by the same refresh token meanwhile.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] when Entra ID says no; [`Error::Unreachable`], [`Error::Unavailable`], [`Error::Busy`] and
    /// [`Error::TimedOut`] when trying again later may help; [`Error::NothingTrusted`] when no certificate authority is
    /// trusted.
    pub async fn redeem(&self, request: &TokenRequest, grant: &Grant) -> Result<Tokens> {
        let host = request.authority.host();
        let whom = Whom::of(request, grant);
        let busy = whom.and_then(|whom| self.left_alone.error(whom, &host, self.clock.now()));
        if let Some(busy) = busy {
            return Err(busy);
        }
        let redeemed = self.in_time(&host, self.send(request, grant)).await;
        if let (Some(whom), Err(error)) = (whom, &redeemed) {
            self.left_alone.note(whom, error, self.clock.now());
        }
        redeemed
    }

    /// Waits for an answer, but not for ever.
    pub(crate) async fn in_time<T>(
        &self,
        host: &str,
        answer: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        tokio::select! {
            biased;
            answer = answer => answer,
            () = self.clock.wait(ALL_ATTEMPTS) => Err(Error::TimedOut {
                host: host.to_owned(),
                waited: ALL_ATTEMPTS,
            }),
        }
    }

    async fn send(&self, request: &TokenRequest, grant: &Grant) -> Result<Tokens> {
        let asked_at = self.clock.now();
        tracing::debug!(
            correlation_id = %request.correlation_id, host = request.authority.host(), "redeeming a grant"
        );
        let (body, server_time) = self
            .answer(request, &mut http_request(request, grant))
            .await?;
        Tokens::from_json(&body, request, asked_at, server_time)
    }

    /// Asks another endpoint than the one for tokens, no longer than a grant is redeemed.
    pub(crate) async fn ask(&self, request: &TokenRequest, http: &mut Request) -> Result<Bytes> {
        let host = request.authority.host();
        let (body, _) = self.in_time(&host, self.answer(request, http)).await?;
        Ok(body)
    }

    /// Sends a request to `host` as it is.
    pub(crate) async fn exchange(&self, host: &str, http: &mut Request) -> Result<RawResponse> {
        let options = PipelineSendOptions {
            skip_checks: true,
            ..Default::default()
        };
        let deadline = Deadline(self.clock.now() + ALL_ATTEMPTS);
        let context = Context::new().with_value(deadline);
        let sent = self.pipeline()?.send(&context, http, Some(options)).await;
        sent.or_else(|error| busy::last_answer(&error).ok_or(error))
            .map_err(|source| Error::Unreachable {
                host: host.to_owned(),
                source: source.into(),
            })
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        self.clock.as_ref()
    }

    /// The body of a good answer, and the server's time.
    async fn answer(
        &self,
        request: &TokenRequest,
        http: &mut Request,
    ) -> Result<(Bytes, Option<OffsetDateTime>)> {
        let host = request.authority.host();
        let response = self.exchange(&host, http).await?;
        let status = response.status();
        let server_time = self.server_time(request, response.headers());
        if status.is_success() {
            return Ok((Bytes::from(response.into_body()), server_time));
        }
        let not_now = busy::not_now(&response, &host, self.clock.now());
        match (Refusal::from_json(response.body().as_ref()), not_now) {
            // When to come again says more than a number that is not known here.
            (Some(refusal), Some(busy @ Error::Busy { .. })) if refusal.next_step().is_none() => {
                Err(busy)
            }
            (Some(refusal), _) => {
                tracing::debug!(correlation_id = %request.correlation_id, %refusal, "refused");
                Err(refusal.into())
            }
            (None, Some(not_now)) => Err(not_now),
            (None, None) => Err(Error::Malformed("it is neither tokens nor a refusal")),
        }
    }

    /// Reads the server's time, and says so when this machine's differs much from it.
    fn server_time(
        &self,
        request: &TokenRequest,
        headers: &headers::Headers,
    ) -> Option<OffsetDateTime> {
        const TOLERATED: Duration = Duration::minutes(5);
        let server_time = time::parse_rfc7231(
            headers.get_optional_str(&headers::HeaderName::from_static("date"))?,
        )
        .ok()?;
        let ahead = self.clock.now() - server_time;
        if ahead.abs() > TOLERATED {
            let minutes = (ahead.whole_seconds().abs() + 30) / 60;
            let side = if ahead.is_positive() {
                "ahead of"
            } else {
                "behind"
            };
            let host = request.authority.host();
            tracing::warn!(
                correlation_id = %request.correlation_id,
                "this machine's clock is {minutes} minutes {side} {host}: set it, or tokens will be refused"
            );
        }
        Some(server_time)
    }

    /// One that could not be made is made anew the next time: certificates may have been installed.
    fn pipeline(&self) -> Result<&Pipeline> {
        if let Some(pipeline) = self.pipeline.get() {
            return Ok(pipeline);
        }
        let transport = match &self.transport {
            Some(transport) => transport.clone(),
            None => http_client().map_err(|_| Error::NothingTrusted {
                trust_store: self.trust_store.clone(),
            })?,
        };
        let options = ClientOptions {
            retry: RetryOptions::exponential(ExponentialRetryOptions {
                initial_delay: Duration::milliseconds(300),
                max_retries: 3,
                max_total_elapsed: Duration::seconds(10),
                max_delay: Duration::seconds(3),
            }),
            transport: Some(Transport::new(transport)),
            ..Default::default()
        };
        Ok(self.pipeline.get_or_init(|| {
            Pipeline::new(
                option_env!("CARGO_PKG_NAME"),
                option_env!("CARGO_PKG_VERSION"),
                options,
                Vec::new(),
                vec![Arc::new(NoVainWaiting(self.clock.clone()))],
                None,
            )
        }))
    }
}

/// All attempts of one request together.
const ALL_ATTEMPTS: Duration = Duration::seconds(20);

fn http_request(request: &TokenRequest, grant: &Grant) -> Request {
    let form = Form::new()
        .with("client_id", request.client_id.as_str())
        .with("client_info", "1")
        .with("scope", &request.scopes.to_parameter())
        .with_optional("claims", request.claims.as_ref().map(Claims::as_str));
    let form = match &request.bound_to {
        Some(key) => form
            .with("token_type", "pop")
            .with("req_cnf", &key.to_confirmation()),
        None => form,
    };
    let form = match grant {
        Grant::AuthorizationCode {
            code,
            verifier,
            redirect_uri,
        } => form
            .with("grant_type", "authorization_code")
            .with("code", code.expose())
            .with("code_verifier", verifier.expose())
            .with("redirect_uri", redirect_uri),
        Grant::RefreshToken(token) => form
            .with("grant_type", "refresh_token")
            .with("refresh_token", token.expose()),
        Grant::DeviceCode(code) => form
            .with("grant_type", "urn:ietf:params:oauth:grant-type:device_code")
            .with("device_code", code.expose()),
    };
    post(request.authority.token_endpoint(), request, &form)
}

/// A form on its way to an endpoint.
pub(crate) fn post(url: Url, request: &TokenRequest, form: &Form) -> Request {
    let mut http = Request::new(url, Method::Post);
    http.insert_header(headers::CONTENT_TYPE, "application/x-www-form-urlencoded");
    http.insert_header(headers::ACCEPT, "application/json");
    http.insert_header("client-request-id", request.correlation_id.to_string());
    http.insert_header("return-client-request-id", "true");
    http.insert_header("x-client-sku", "azbroker");
    http.insert_header("x-client-ver", env!("CARGO_PKG_VERSION"));
    http.insert_header("x-client-os", std::env::consts::OS);
    http.set_body(form.as_str().to_owned());
    http
}

#[cfg(test)]
mod tests;
