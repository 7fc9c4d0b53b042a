use crate::{
    Broker,
    access_tokens::Held,
    broker::Issued,
    denial::Denial,
    interactive_flows::{Caller, Ended, InteractiveFlows},
    reply,
    request::{Request, check_size},
};
use azbroker_entra::{CorrelationId, HomeAccountId};
use azbroker_protocol::{
    AccountsReply, AccountsRequest, Method, OBJECT_PATH, RemoveAccountReply, RemoveAccountRequest,
    Status, VersionReply,
};
use std::sync::Arc;
use zbus::{Connection, message::Header};

/// Puts a broker's object on a connection. It answers from then on, with a name on the bus or without.
///
/// # Errors
///
/// When the connection is closed.
pub async fn serve_at(connection: &Connection, broker: Arc<Broker>) -> zbus::Result<()> {
    let interface = Interface {
        broker,
        flows: InteractiveFlows::default(),
    };
    connection
        .object_server()
        .at(OBJECT_PATH, interface)
        .await?;
    Ok(())
}

/// The object of the contract. Every failure is JSON: a D-Bus error would end the clients' fallback.
struct Interface {
    broker: Arc<Broker>,
    flows: InteractiveFlows,
}

#[zbus::interface(name = "com.microsoft.identity.Broker1")]
impl Interface {
    #[zbus(name = "getAccounts")]
    async fn accounts(
        &self,
        _protocol_version: &str,
        correlation_id: &str,
        request: &str,
        #[zbus(header)] header: Header<'_>,
    ) -> String {
        let call = Call::new(Method::Accounts, correlation_id, &header);
        let read = check_size(request)
            .and_then(|()| AccountsRequest::from_json(request).map_err(Denial::from));
        if let Err(denial) = read {
            return call.denied(&denial);
        }
        let accounts: Vec<_> = self
            .broker
            .accounts()
            .await
            .iter()
            .map(reply::account)
            .collect();
        tracing::debug!(correlation_id = %call.correlation_id, accounts = accounts.len(), "answered");
        AccountsReply {
            accounts,
            store: Some(self.broker.store_description().await),
        }
        .to_json()
    }

    #[zbus(name = "acquireTokenSilently")]
    async fn acquire_token_silently(
        &self,
        _protocol_version: &str,
        correlation_id: &str,
        request: &str,
        #[zbus(header)] header: Header<'_>,
    ) -> String {
        let call = Call::new(Method::AcquireTokenSilently, correlation_id, &header);
        let answer = async {
            let request = self.read(&call, request)?;
            let issued = self.broker.acquire_token_silently(&request).await?;
            Ok((request, issued))
        };
        call.answered(answer.await)
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
        let answer = async {
            let request = self.read(&call, request)?;
            let sign_in = self.broker.acquire_token_interactively(&request);
            let issued = self
                .flows
                .run(connection, call.caller.clone(), sign_in)
                .await
                .map_err(|ended| {
                    Denial::new(
                        Status::ApplicationCanceled,
                        match ended {
                            Ended::Canceled => "the application ended the sign-in",
                            Ended::CallerLeft => "the application has gone",
                        },
                    )
                })??;
            Ok((request, issued))
        };
        call.answered(answer.await)
    }

    #[zbus(name = "cancelInteractiveFlow")]
    async fn cancel_interactive_flow(
        &self,
        _protocol_version: &str,
        correlation_id: &str,
        _request: &str,
        #[zbus(header)] header: Header<'_>,
    ) -> String {
        let call = Call::new(Method::CancelInteractiveFlow, correlation_id, &header);
        self.flows.cancel(&call.caller);
        "{}".to_owned()
    }

    #[zbus(name = "removeAccount")]
    async fn remove_account(
        &self,
        _protocol_version: &str,
        correlation_id: &str,
        request: &str,
        #[zbus(header)] header: Header<'_>,
    ) -> String {
        let call = Call::new(Method::RemoveAccount, correlation_id, &header);
        let answer = async {
            check_size(request)?;
            let account = RemoveAccountRequest::from_json(request)?.account;
            let home_account_id = HomeAccountId::parse(&account.home_account_id)
                .ok_or_else(|| Denial::malformed("the account has no home account ID"))?;
            self.broker
                .remove_account(&account.environment, &home_account_id)
                .await
        };
        match answer.await {
            Ok(removed) => RemoveAccountReply { removed }.to_json(),
            Err(denial) => call.denied(&denial),
        }
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
        _correlation_id: &str,
        _request: &str,
    ) -> String {
        Denial::new(
            Status::DeviceNotRegistered,
            "this machine is not registered with Entra ID, so the broker has no SSO cookie to give",
        )
        .to_reply()
    }

    #[zbus(name = "generateSignedHttpRequest")]
    async fn generate_signed_http_request(
        &self,
        _protocol_version: &str,
        _correlation_id: &str,
        _request: &str,
    ) -> String {
        Denial::new(
            Status::IncorrectConfiguration,
            "this broker gives no proof-of-possession tokens yet; ask for a bearer token",
        )
        .to_reply()
    }
}

impl Interface {
    fn read(&self, call: &Call, request: &str) -> Result<Request, Denial> {
        Request::read(request, call.correlation_id, self.broker.configuration())
    }
}

/// One call: who makes it and under which ID it is logged.
struct Call {
    caller: Caller,
    correlation_id: CorrelationId,
}

impl Call {
    fn new(method: Method, correlation_id: &str, header: &Header<'_>) -> Self {
        let caller = header.sender().map(|name| name.to_owned().into());
        // A client without an ID, or with one that is none, gets a new one.
        let correlation_id =
            CorrelationId::parse_str(correlation_id).unwrap_or_else(|_| CorrelationId::new_v4());
        let shown: &str = header.sender().map_or("the peer", |name| name.as_str());
        tracing::debug!(%correlation_id, caller = shown, "{method} asked");
        Self {
            caller,
            correlation_id,
        }
    }

    fn answered(&self, answer: Result<(Request, Issued), Denial>) -> String {
        match answer {
            Ok((request, Issued { account, token })) => {
                let Held { expires_on, .. } = &*token;
                tracing::debug!(
                    correlation_id = %self.correlation_id,
                    client_id = %request.client_id,
                    scopes = %request.scopes,
                    %expires_on,
                    "token given"
                );
                reply::token(&request, &account, &token)
            }
            Err(denial) => self.denied(&denial),
        }
    }

    fn denied(&self, denial: &Denial) -> String {
        tracing::debug!(
            correlation_id = %self.correlation_id, status = %denial.status, "denied: {}", denial.context
        );
        denial.to_reply()
    }
}
