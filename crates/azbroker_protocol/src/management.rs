//! Our own additions to the contract, for the user's own command: an interface beside the contract's, on the same
//! object. Its methods take and give what the contract's do: three strings, and one string of JSON.

use crate::{
    Account, MalformedMessage,
    lenient::null_as_default,
    requests::{read, write},
};
use serde::{Deserialize, Serialize};

/// The interface of our own.
pub const MANAGEMENT_INTERFACE: &str = "com.github.azbroker.Broker1";

/// The response of `getStatus`: what a broker says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct StatusReply {
    /// The broker's version.
    pub version: String,
    /// Its process.
    pub process: u32,
    /// Since when rules until its end hold, in seconds since 1970; `None` where the broker does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_on: Option<i64>,
    /// Whether its memory is kept out of the swap space; `None` where the broker does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_locked: Option<bool>,
    /// What keeps the refresh tokens.
    pub store: StoreStatus,
    /// How it is decided which programs may have a token; `None` where the broker has no such setting.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approvals: Option<String>,
    /// Why the rules that are kept are not followed, where they are not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rules_unread: Option<String>,
    /// How many accounts are held.
    pub accounts: u32,
    /// Whose token it is where a request names no account and no tenant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_account: Option<Account>,
    /// Whether the user chose that account.
    pub default_is_pinned: bool,
    /// The configuration file that was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config_file: Option<String>,
}

/// Which store is in use, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct StoreStatus {
    /// `secret-service`, `file` or `memory`.
    pub in_use: String,
    /// The one that the broker was told to use, or `auto`.
    pub wanted: String,
    /// What it is, for a person.
    pub description: String,
    /// Why it did not take the last change, which is in memory only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
    /// Why a store may still have an account that was signed out, and what helps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub still_kept: Option<String>,
    /// The better ones.
    #[serde(deserialize_with = "null_as_default")]
    pub passed_over: Vec<PassedOverStore>,
}

/// A better store that is not in use.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PassedOverStore {
    /// Its word.
    pub store: String,
    /// Why not.
    pub reason: String,
    /// Whether it is not there at all, rather than of no use.
    pub is_absent: bool,
}

/// The request of `setDefaultAccount`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DefaultAccountRequest {
    /// The account that is the default from now on; without one none is pinned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<Account>,
}

/// The response of `removeAllAccounts`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RemoveAllReply {
    /// How many accounts were held.
    pub removed: u32,
    /// Whether there was a store that the broker could not read.
    pub unread: bool,
    /// What may still keep some, and why.
    pub left: Vec<String>,
}

impl StatusReply {
    /// Reads a response.
    ///
    /// # Errors
    ///
    /// Names what is wrong.
    pub fn from_json(json: &str) -> Result<Self, MalformedMessage> {
        read("status reply", json)
    }

    /// Writes the response.
    pub fn to_json(&self) -> String {
        write(self)
    }
}

impl DefaultAccountRequest {
    /// Reads a request.
    ///
    /// # Errors
    ///
    /// Names what is wrong.
    pub fn from_json(json: &str) -> Result<Self, MalformedMessage> {
        read("default account request", json)
    }

    /// Writes the request.
    pub fn to_json(&self) -> String {
        write(self)
    }
}

impl RemoveAllReply {
    /// Reads a response.
    ///
    /// # Errors
    ///
    /// Names what is wrong.
    pub fn from_json(json: &str) -> Result<Self, MalformedMessage> {
        read("remove all reply", json)
    }

    /// Writes the response.
    pub fn to_json(&self) -> String {
        write(self)
    }
}
