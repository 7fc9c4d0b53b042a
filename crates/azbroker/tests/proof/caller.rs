//! A program that asks the broker, as the contract has it.

use azbroker_emulator::default_world::AZURE_CLI_CLIENT_ID;
use serde_json::{Value, json};
use std::time::Duration;
use zbus::{Connection, connection::Builder};

pub(crate) const BROKER: &str = "com.microsoft.identity.broker1";
pub(crate) const PATH: &str = "/com/microsoft/identity/broker1";
pub(crate) const INTERFACE: &str = "com.microsoft.identity.Broker1";

#[derive(Clone, Debug)]
pub(crate) struct Caller {
    connection: Connection,
}

/// Why a call has no answer.
#[derive(Debug)]
pub(crate) enum NoAnswer {
    /// The bus or the broker went away; nobody hangs.
    Failed(String),
    /// It took longer than anything may.
    Hung,
}

/// Longer than any call may take: the broker gives up on Entra ID after 20 s.
pub(crate) const LONGEST: Duration = Duration::from_secs(30);

impl Caller {
    pub(crate) async fn connect(address: &str) -> zbus::Result<Self> {
        let connection = Builder::address(address)?.build().await?;
        Ok(Self { connection })
    }

    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    pub(crate) async fn call(
        &self,
        method: &str,
        correlation_id: &str,
        request: &Value,
    ) -> Result<Value, NoAnswer> {
        let body = ("0.0", correlation_id, request.to_string());
        let called =
            self.connection
                .call_method(Some(BROKER), PATH, Some(INTERFACE), method, &body);
        let reply = match tokio::time::timeout(LONGEST, called).await {
            Ok(Ok(reply)) => reply,
            Ok(Err(error)) => return Err(NoAnswer::Failed(error.to_string())),
            Err(_) => return Err(NoAnswer::Hung),
        };
        let text: String = reply.body().deserialize().unwrap();
        Ok(serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}")))
    }
}

/// A request for a vault token of a user, or of the default account.
pub(crate) fn token_request(username: &str) -> Value {
    json!({ "authParameters": {
        "clientId": AZURE_CLI_CLIENT_ID,
        "authority": "https://login.microsoftonline.com/organizations",
        "requestedScopes": ["https://vault.azure.net/.default"],
        "username": username,
    }})
}

pub(crate) fn access_token(answer: &Value) -> Option<&str> {
    answer["brokerTokenResponse"]["accessToken"].as_str()
}

/// Whose token it is, as the answer says.
pub(crate) fn username(answer: &Value) -> &str {
    answer["brokerTokenResponse"]["account"]["username"]
        .as_str()
        .unwrap_or_default()
}

pub(crate) fn correlation_id() -> String {
    azure_core::Uuid::new_v4().to_string()
}
