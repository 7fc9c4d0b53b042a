use std::{
    fmt::{Display, Formatter, Result},
    time::{SystemTime, UNIX_EPOCH},
};

use serde_json::json;

use crate::{faults::Target, timestamp};

/// One request and what came of it; it holds no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// The place in the ledger, from 0.
    pub sequence: usize,
    /// When it was answered, by the emulator's clock.
    pub time: SystemTime,
    /// The part of the emulated cloud that was asked.
    pub target: Target,
    /// The host that was asked.
    pub host: String,
    /// The HTTP method.
    pub method: String,
    /// The path without the query; empty for a refused host.
    pub path: String,
    /// The HTTP status, unless there was no answer.
    pub status: Option<u16>,
    /// What came of it.
    pub outcome: Outcome,
    /// The grant that was redeemed, as the client named it.
    pub grant_type: Option<String>,
    /// A fingerprint of the code or refresh token that was redeemed: two redemptions of one have the same.
    pub redeemed: Option<String>,
    /// The client ID of the application.
    pub client_id: Option<String>,
    /// The user it was about.
    pub username: Option<String>,
    /// The scopes that were asked for.
    pub scopes: Vec<String>,
    /// Whether nobody was shown anything, as the client wanted with `prompt=none`.
    pub is_silent: bool,
    /// The correlation ID the client sent.
    pub client_request_id: Option<String>,
}

impl Entry {
    /// Returns the AADSTS number of a refusal by Entra ID.
    pub fn aadsts(&self) -> Option<u32> {
        match self.outcome {
            Outcome::Refused { aadsts, .. } => aadsts,
            _ => None,
        }
    }
}

impl Entry {
    /// One line of JSON for a file.
    pub(crate) fn to_json_line(&self) -> String {
        let since_1970 = self.time.duration_since(UNIX_EPOCH).unwrap_or_default();
        let (outcome, aadsts) = match &self.outcome {
            Outcome::Answered => ("answered", None),
            Outcome::Refused { error, aadsts } => (error.as_str(), *aadsts),
            Outcome::RefusedHost => ("host is not emulated", None),
            Outcome::Fault => ("planned fault", None),
        };
        let line = json!({
            "time": since_1970.as_secs_f64(),
            "host": self.host,
            "method": self.method,
            "path": self.path,
            "status": self.status,
            "outcome": outcome,
            "aadsts": aadsts,
            "grantType": self.grant_type,
            "redeemed": self.redeemed,
            "clientId": self.client_id,
            "username": self.username,
            "scopes": self.scopes,
            "clientRequestId": self.client_request_id,
        });
        format!("{line}\n")
    }
}

/// One line for a screen, such as `08:49:37 GET demo.vault.azure.net/secrets/a 404 SecretNotFound`.
impl Display for Entry {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(
            f,
            "{} {} {}{}",
            timestamp::time_of_day(self.time),
            self.method,
            self.host,
            self.path
        )?;
        if let Some(status) = self.status {
            write!(f, " {status}")?;
        }
        if let Some(grant_type) = &self.grant_type {
            write!(f, " {grant_type}")?;
        }
        if let Some(username) = &self.username {
            write!(f, " {username}")?;
        }
        if !self.scopes.is_empty() {
            write!(f, " [{}]", self.scopes.join(" "))?;
        }
        match &self.outcome {
            Outcome::Answered => Ok(()),
            Outcome::Refused {
                error,
                aadsts: Some(number),
            } => write!(f, " {error} AADSTS{number}"),
            Outcome::Refused {
                error,
                aadsts: None,
            } => write!(f, " {error}"),
            Outcome::RefusedHost => write!(f, " host is not emulated"),
            Outcome::Fault => write!(f, " planned fault"),
        }
    }
}

/// What came of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// It was answered as asked.
    Answered,
    /// The service said no.
    Refused {
        /// The error code, such as `invalid_grant` or `SecretNotFound`.
        error: String,
        /// The number of an error of Entra ID.
        aadsts: Option<u32>,
    },
    /// The host is not emulated, and nothing is forwarded.
    RefusedHost,
    /// A planned fault stood in for the answer; the service was not asked, or its answer was lost.
    Fault,
}
