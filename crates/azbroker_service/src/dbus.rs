use crate::{
    Broker,
    broker::Issued,
    caller::{Caller, CallerName},
    denial::Denial,
    gate::{Admitted, Gate},
    interactive_flows::{Ended, InteractiveFlows},
    management::Management,
    reply,
    request::{RecentRequests, Removal, Request, SigningRequest, check_size, refuse_cookie},
    sign_in_interface::SignInInterface,
    token_log::Source,
};
use azbroker_entra::{ClientId, CorrelationId};
use azbroker_protocol::{
    AccountsReply, AccountsRequest, Method, OBJECT_PATH, RemoveAccountReply,
    SignedHttpRequestReply, Status, VersionReply,
};
use std::sync::Arc;
use tracing::{Instrument, Span, field::Empty};
use zbus::{Connection, message::Header};

/// Puts a broker's object on a connection. It answers from then on, with a name on the bus or without.
///
/// # Errors
///
/// When the connection is closed.
pub async fn serve_at(connection: &Connection, broker: Arc<Broker>) -> zbus::Result<()> {
    serve_behind(connection, broker.clone(), Arc::new(Gate::new())).await?;
    ask_on(connection, &broker);
    Ok(())
}

/// Has the broker ask on the desktop of this bus from now on.
pub(crate) fn ask_on(connection: &Connection, broker: &Broker) {
    if connection.unique_name().is_some() {
        broker.approvals().ask_on(connection);
    }
}

/// The same, behind a gate that others share.
pub(crate) async fn serve_behind(
    connection: &Connection,
    broker: Arc<Broker>,
    gate: Arc<Gate>,
) -> zbus::Result<()> {
    let management = Management {
        broker: broker.clone(),
        gate: gate.clone(),
    };
    let sign_ins = SignInInterface::new(broker.clone(), gate.clone());
    connection.object_server().at(OBJECT_PATH, sign_ins).await?;
    let interface = Interface {
        broker,
        gate,
        flows: InteractiveFlows::default(),
        recent: RecentRequests::default(),
    };
    connection
        .object_server()
        .at(OBJECT_PATH, interface)
        .await?;
    connection
        .object_server()
        .at(OBJECT_PATH, management)
        .await?;
    Ok(())
}

/// Takes the object off a connection again. Calls under way are answered, and then nothing of the broker holds on to
/// the connection, which ends when it is dropped.
pub(crate) async fn withdraw(connection: &Connection, broker: &Broker) {
    broker.approvals().ask_on_no_desktop();
    let server = connection.object_server();
    let _ = server.remove::<SignInInterface, _>(OBJECT_PATH).await;
    let _ = server.remove::<Interface, _>(OBJECT_PATH).await;
    let _ = server.remove::<Management, _>(OBJECT_PATH).await;
}

/// The object of the contract. Every failure is JSON: a D-Bus error would end the clients' fallback.
struct Interface {
    broker: Arc<Broker>,
    gate: Arc<Gate>,
    flows: InteractiveFlows,
    recent: RecentRequests,
}

// zbus moves the future of a call before it runs, so what seldom runs and is large stands behind a box.
#[zbus::interface(name = "com.microsoft.identity.Broker1")]
impl Interface {
    #[zbus(name = "getAccounts")]
    async fn accounts(
        &self,
        _protocol_version: &str,
        correlation_id: &str,
        request: &str,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> String {
        let call = Call::new(Method::Accounts, correlation_id, &header);
        self.answer(&call, async {
            let admitted = self.admit(connection, &call).await?;
            check_size(request)?;
            let request = AccountsRequest::from_json(request)?;
            let client_id = ClientId::parse(&request.client_id).ok();
            let accounts = self
                .broker
                .accounts_for(&admitted.caller, client_id.as_ref());
            let accounts = Box::pin(accounts).await;
            let accounts: Vec<_> = accounts
                .iter()
                .map(|account| reply::account(account))
                .collect();
            tracing::debug!(accounts = accounts.len(), "answered");
            let store = Some(self.broker.store_report().await.description);
            Ok(AccountsReply { accounts, store }.to_json())
        })
        .await
    }

    #[zbus(name = "acquireTokenSilently")]
    async fn acquire_token_silently(
        &self,
        _protocol_version: &str,
        correlation_id: &str,
        request: &str,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> String {
        let call = Call::new(Method::AcquireTokenSilently, correlation_id, &header);
        self.answer(&call, async {
            let admitted = self.admit_for_token(connection, &call).await?;
            let caller = &admitted.caller;
            let request = self.read(&call, caller, "silent", request).await?;
            let result = self.broker.acquire_token_silently(&request, caller).await;
            self.finish(caller, &request, result).await
        })
        .await
    }

    #[zbus(name = "acquireTokenInteractively")]
    async fn acquire_token_interactively(
        &self,
        _protocol_version: &str,
        correlation_id: &str,
        request: &str,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> String {
        let call = Call::new(Method::AcquireTokenInteractively, correlation_id, &header);
        self.answer(&call, async {
            let admitted = self.admit_for_token(connection, &call).await?;
            let caller = &admitted.caller;
            let request = self.read(&call, caller, "interactive", request).await?;
            let _one_of_few = self.gate.sign_in(&admitted).inspect_err(|denial| {
                self.broker.log().record(caller, &request, Err(denial));
            })?;
            let sign_in = Box::pin(self.broker.acquire_token_interactively(&request, caller));
            let result = self
                .flows
                .run(connection, call.caller.clone(), sign_in)
                .await
                .unwrap_or_else(|ended| Err(denial_of(ended)));
            self.finish(caller, &request, result).await
        })
        .await
    }

    #[zbus(name = "cancelInteractiveFlow")]
    async fn cancel_interactive_flow(
        &self,
        _protocol_version: &str,
        correlation_id: &str,
        _request: &str,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> String {
        let call = Call::new(Method::CancelInteractiveFlow, correlation_id, &header);
        self.answer(&call, async {
            // Not counted: who has too much under way must be able to end it.
            let caller = self.gate.caller(connection, &call.caller).await;
            caller.check_user()?;
            tracing::debug!("the sign-ins of this caller end");
            self.flows.cancel(&call.caller);
            Ok("{}".to_owned())
        })
        .await
    }

    #[zbus(name = "removeAccount")]
    async fn remove_account(
        &self,
        _protocol_version: &str,
        correlation_id: &str,
        request: &str,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> String {
        let call = Call::new(Method::RemoveAccount, correlation_id, &header);
        self.answer(&call, async {
            let admitted = self.admit(connection, &call).await?;
            let removal = Removal::read(request)?;
            let removed = self.broker.remove_accounts(&removal, &admitted.caller);
            let removed = Box::pin(removed).await?;
            Ok(RemoveAccountReply { removed }.to_json())
        })
        .await
    }

    #[zbus(name = "getLinuxBrokerVersion")]
    async fn version(
        &self,
        _protocol_version: &str,
        _correlation_id: &str,
        _request: &str,
    ) -> String {
        VersionReply {
            linux_broker_version: env!("CARGO_PKG_VERSION").to_owned(),
        }
        .to_json()
    }

    #[zbus(name = "acquirePrtSsoCookie")]
    async fn acquire_prt_sso_cookie(
        &self,
        _protocol_version: &str,
        correlation_id: &str,
        request: &str,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> String {
        let call = Call::new(Method::AcquirePrtSsoCookie, correlation_id, &header);
        self.answer(&call, async {
            let _admitted = self.admit(connection, &call).await?;
            Err(refuse_cookie(request))
        })
        .await
    }

    #[zbus(name = "generateSignedHttpRequest")]
    async fn generate_signed_http_request(
        &self,
        _protocol_version: &str,
        correlation_id: &str,
        request: &str,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> String {
        let call = Call::new(Method::GenerateSignedHttpRequest, correlation_id, &header);
        self.answer(&call, async {
            let admitted = self.admit(connection, &call).await?;
            let request = SigningRequest::read(request)?;
            let signed = self
                .broker
                .sign_http_request(&request, &admitted.caller)
                .await?;
            let signed_http_request = signed.secret().to_owned();
            Ok(SignedHttpRequestReply {
                signed_http_request,
            }
            .to_json())
        })
        .await
    }
}

impl Interface {
    /// Answers a call; all that is logged meanwhile says whose call it is for.
    async fn answer(
        &self,
        call: &Call,
        work: impl Future<Output = Result<String, Denial>> + Send,
    ) -> String {
        let _under_way = self.broker.activity().call();
        let answer = async {
            let caller = call
                .caller
                .as_ref()
                .map_or("the peer", |name| name.as_str());
            tracing::debug!(caller, "{} asked", call.method);
            work.await.unwrap_or_else(|denial| {
                tracing::debug!(status = %denial.status, "denied: {}", denial.context);
                denial.to_reply()
            })
        };
        answer.instrument(call.span.clone()).await
    }

    async fn admit(&self, connection: &Connection, call: &Call) -> Result<Admitted, Denial> {
        let admitted = self.gate.admit(connection, &call.caller, call.size).await;
        admitted.map_err(|(_, denial)| denial)
    }

    /// The same for a request for a token, whose refusal stands in the log.
    async fn admit_for_token(
        &self,
        connection: &Connection,
        call: &Call,
    ) -> Result<Admitted, Denial> {
        let admitted = self.gate.admit(connection, &call.caller, call.size).await;
        admitted.map_err(|(caller, denial)| {
            let log = self.broker.log();
            log.record_unread(&caller, call.correlation_id, &denial);
            denial
        })
    }

    /// Puts what came of a token request into words, and into the log.
    async fn finish(
        &self,
        caller: &Caller,
        request: &Request,
        result: Result<Issued, Denial>,
    ) -> Result<String, Denial> {
        let reply = match &result {
            Ok(issued) => token_reply(&self.broker, request, issued).await,
            Err(denial) => Err(denial.clone()),
        };
        let outcome = match &reply {
            Ok(_) => result.as_ref(),
            Err(denial) => Err(denial),
        };
        self.broker.log().record(caller, request, outcome);
        reply
    }

    async fn read(
        &self,
        call: &Call,
        caller: &Caller,
        flow: &str,
        request: &str,
    ) -> Result<Request, Denial> {
        call.span.record("flow", flow);
        let configuration = self.broker.configuration();
        let request = self
            .recent
            .read(request, call.correlation_id, configuration);
        let mut request = request.inspect_err(|denial| {
            let log = self.broker.log();
            log.record_unread(caller, call.correlation_id, denial);
        })?;
        call.span.record("client_id", request.client_id.as_str());
        if let Err(denial) = self.broker.bind(&mut request).await {
            self.broker.log().record(caller, &request, Err(&denial));
            return Err(denial);
        }
        Ok(request)
    }
}

/// One call: who makes it and under which ID it is logged.
struct Call {
    method: Method,
    caller: CallerName,
    correlation_id: CorrelationId,
    /// Of its body, in bytes.
    size: u32,
    /// It is made for warnings too, so that they say which call they are about.
    span: Span,
}

impl Call {
    fn new(method: Method, correlation_id: &str, header: &Header<'_>) -> Self {
        // A client without an ID, or with one that is none, gets a new one.
        let correlation_id =
            CorrelationId::parse_str(correlation_id).unwrap_or_else(|_| CorrelationId::new_v4());
        Self {
            method,
            caller: header.sender().map(|name| name.to_owned().into()),
            correlation_id,
            size: header.primary().body_len(),
            span: tracing::warn_span!(
                "request",
                %correlation_id,
                flow = Empty,
                client_id = Empty
            ),
        }
    }
}

fn denial_of(ended: Ended) -> Denial {
    Denial::new(
        Status::ApplicationCanceled,
        match ended {
            Ended::Canceled => "the application ended the sign-in",
            Ended::CallerLeft => "the application has gone",
        },
    )
}

async fn token_reply(
    broker: &Broker,
    request: &Request,
    issued: &Issued,
) -> Result<String, Denial> {
    let Issued {
        account,
        token,
        source,
    } = issued;
    tracing::debug!(scopes = %request.scopes, expires_on = %token.expires_on, "token given");
    if *source == Source::Held && request.proof.is_none() {
        return Ok(reply::held_token(request, account, token));
    }
    let presented = Box::pin(broker.present(request, issued)).await?;
    Ok(reply::token(request, account, token, &presented))
}
