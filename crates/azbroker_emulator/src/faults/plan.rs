//! Faults that a program plans from outside, as JSON.

use std::time::Duration;

use serde::Deserialize;

use super::{Fault, Faults, Target};

impl Faults {
    /// Plans what a program wants: `{"target": "token", "fault": {"oauth": {"error": "invalid_grant", "aadsts": 53003}}}`,
    /// once or `times` times; or `{"revoke": "ada@contoso.example"}`; or `{"clear": true}`.
    ///
    /// # Errors
    ///
    /// What is wrong with it, when it is none of these.
    pub(crate) fn plan(&self, json: &[u8]) -> Result<(), String> {
        match serde_json::from_slice(json).map_err(|error| error.to_string())? {
            Plan::Fault(Planned {
                times,
                target,
                fault,
            }) => self.next(times, target.into(), fault.into()),
            Plan::Revoke { revoke } => self.revoke_refresh_tokens(&revoke),
            Plan::Clear { clear: true } => self.clear(),
            Plan::Clear { clear: false } => {}
        }
        Ok(())
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Plan {
    Fault(Planned),
    Revoke { revoke: String },
    Clear { clear: bool },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Planned {
    #[serde(default = "once")]
    times: u32,
    target: PlannedTarget,
    fault: PlannedFault,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum PlannedTarget {
    Token,
    Authorize,
    SignIn,
    Discovery,
    Vault,
    Metadata,
    Any,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum PlannedFault {
    Status {
        code: u16,
        #[serde(default)]
        retry_after_seconds: Option<u64>,
    },
    Drop,
    LoseAnswer,
    Hang,
    DelayMilliseconds(u64),
    Oauth {
        error: String,
        aadsts: u32,
        #[serde(default)]
        suberror: Option<String>,
        #[serde(default)]
        claims: Option<String>,
    },
}

impl From<PlannedTarget> for Target {
    fn from(target: PlannedTarget) -> Self {
        match target {
            PlannedTarget::Token => Self::Token,
            PlannedTarget::Authorize => Self::Authorize,
            PlannedTarget::SignIn => Self::SignIn,
            PlannedTarget::Discovery => Self::Discovery,
            PlannedTarget::Vault => Self::Vault,
            PlannedTarget::Metadata => Self::Metadata,
            PlannedTarget::Any => Self::Any,
        }
    }
}

impl From<PlannedFault> for Fault {
    fn from(fault: PlannedFault) -> Self {
        match fault {
            PlannedFault::Status {
                code,
                retry_after_seconds,
            } => Self::Status {
                code,
                retry_after: retry_after_seconds.map(Duration::from_secs),
            },
            PlannedFault::Drop => Self::Drop,
            PlannedFault::LoseAnswer => Self::LoseAnswer,
            PlannedFault::Hang => Self::Hang,
            PlannedFault::DelayMilliseconds(time) => Self::Delay(Duration::from_millis(time)),
            PlannedFault::Oauth {
                error,
                aadsts,
                suberror,
                claims,
            } => Self::Oauth {
                error,
                aadsts,
                suberror,
                claims,
            },
        }
    }
}

fn once() -> u32 {
    1
}
