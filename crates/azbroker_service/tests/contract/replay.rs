//! Every request that the real runtime was recorded to send, sent again.
//!
//! In the cloud behind the broker is the person of the recordings. What the runtime needs to see in an answer is what
//! the recordings of refused answers showed, one missing thing at a time.

use crate::setup::{Setup, SharedStore, access_token, status};
use azbroker_emulator::{Application, Behavior, Consent, Tenant, User, World, default_world};
use azbroker_entra::Clock;
use azbroker_service::Configuration;
use azure_core::base64::decode_url_safe;
use serde_json::Value;
use std::{collections::BTreeSet, fs, path::PathBuf};

/// What a recorded request is to be answered with, Ada being signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    /// The token that is held.
    Held,
    /// The same, after the user chose the account on the broker's page: it needs no sign-in.
    Chosen,
    /// A token that was asked for because of this request.
    New,
    /// A token inside a signed request.
    Signed,
    /// An error with this status.
    Status(i64),
    Accounts,
    Anything,
    /// It is read by the client's side, in `azure_identity_broker`.
    Response,
    /// It is no message but a table, which `azure_identity_broker` reads too.
    Table,
    /// Of the bus itself: the real tools call it in the interoperability suite.
    Ping,
}

use Expected::{
    Accounts, Anything, Chosen, Held, New, Ping, Response, Signed, Status as Refused, Table,
};

#[rustfmt::skip]
const ROWS: &[(&str, Expected)] = &[
    ("Ping.request.startup", Ping),
    ("acquireTokenInteractively.request.acquire-interactively-account", New),
    ("acquireTokenInteractively.request.js-msa-passthrough", Chosen),
    ("acquireTokenInteractively.request.js-msal-node-prompt-consent", New),
    ("acquireTokenInteractively.request.js-msal-node-prompt-create", Chosen),
    ("acquireTokenInteractively.request.js-msal-node-prompt-login", Chosen),
    ("acquireTokenInteractively.request.js-msal-node-prompt-select-account", Chosen),
    ("acquireTokenInteractively.request.js-sample-fallback", Chosen),
    ("acquireTokenInteractively.request.js-tenant", Chosen),
    ("acquireTokenInteractively.request.python-fallback", Chosen),
    ("acquireTokenInteractively.request.python-msa-passthrough", Chosen),
    ("acquireTokenInteractively.request.signin-fallback", New),
    ("acquireTokenInteractively.request.signin-interactively-hint", New),
    ("acquireTokenInteractively.request.signin-interactively-no-hint", Chosen),
    ("acquireTokenInteractively.request.signin-interactively-pop", Signed),
    // Another resource than the one signed in for.
    ("acquireTokenSilently.request.acquire-silently-account", New),
    ("acquireTokenSilently.request.acquire-silently-claims", New),
    ("acquireTokenSilently.request.js-claims", New),
    ("acquireTokenSilently.request.js-msa-passthrough", Held),
    ("acquireTokenSilently.request.js-msal-node-extra-parameters", Held),
    ("acquireTokenSilently.request.js-msal-node-interactive-pop-silent-step", Signed),
    ("acquireTokenSilently.request.js-msal-node-prompt-none", Held),
    ("acquireTokenSilently.request.js-msal-node-signin-hint", Held),
    ("acquireTokenSilently.request.js-msal-node-silent-account", Held),
    ("acquireTokenSilently.request.js-msal-node-silent-force-refresh", Held),
    ("acquireTokenSilently.request.js-msal-node-silent-pop", Signed),
    ("acquireTokenSilently.request.js-sample-fallback", Held),
    ("acquireTokenSilently.request.js-tenant", Held),
    // A token of a program that can handle challenges is another one.
    ("acquireTokenSilently.request.python-cae", New),
    ("acquireTokenSilently.request.python-fallback", Held),
    ("acquireTokenSilently.request.python-msa-passthrough", Held),
    ("acquireTokenSilently.request.signin-hint-silent-first", Held),
    ("acquireTokenSilently.request.signin-nohint-silent-first", Held),
    // The token it calls refused is none that is held, so what is held is newer.
    ("acquireTokenSilently.request.signin-silently-access-token-to-renew", Held),
    ("acquireTokenSilently.request.signin-silently-msa-passthrough", Held),
    ("acquireTokenSilently.request.signin-silently-one-account", Held),
    ("acquireTokenSilently.request.signin-silently-pop", Signed),
    ("acquireTokenSilently.request.signin-silently-several-accounts", Held),
    // The account is held in the public cloud.
    ("acquireTokenSilently.request.signin-silently-us-gov", Refused(2)),
    ("acquireTokenSilently.rejected", Table),
    ("cancelInteractiveFlow.request.cancel", Anything),
    ("cancelInteractiveFlow.response.empty-object", Response),
    ("error-statuses", Table),
    ("getAccounts.request.discover", Accounts),
    ("getAccounts.request.js-sample-fallback", Accounts),
    ("getAccounts.request.python-fallback", Accounts),
    ("getAccounts.request.signin-silently", Accounts),
];

const ADA: &str = "ada@contoso.com";
const OBJECT_ID: &str = "11111111-1111-1111-1111-111111111111";
const TENANT_ID: &str = "22222222-2222-2222-2222-222222222222";

#[test]
fn no_recording_is_left_out() {
    let known: BTreeSet<&str> = ROWS.iter().map(|(name, _)| *name).collect();
    assert_eq!(known.len(), ROWS.len(), "a row stands twice");
    let names: Vec<String> = fs::read_dir(folder())
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .map(|name| name.strip_suffix(".json").unwrap_or(&name).to_owned())
        .collect();
    for name in &names {
        let of_response = name.contains(".response.");
        assert!(
            of_response || known.contains(name.as_str()),
            "no row for {name}"
        );
    }
    for name in known {
        assert!(names.iter().any(|file| file == name), "no recording {name}");
    }
}

#[tokio::test]
async fn every_recorded_request_is_answered_as_the_runtime_needs_it() {
    let mut faults = Vec::new();
    let setup = signed_in().await;
    for (name, expected) in ROWS {
        if matches!(expected, Ping | Response | Table) {
            continue;
        }
        let recording = recording(name);
        let method = recording["member"].as_str().unwrap();
        let arguments = &recording["arguments"];
        let json = arguments["requestJson"].as_str().unwrap();
        assert_eq!(arguments["protocolVersion"], "0.0");
        let held = setup.call("acquireTokenSilently", plain_request()).await;
        assert_eq!(status(&held), None, "{held}");
        let answer = setup.call_raw(method, json).await;
        let answer: Value = serde_json::from_str(&answer).unwrap();
        let asked: Value = serde_json::from_str(json).unwrap();
        if let Err(fault) = check(*expected, &setup, &asked, &held, &answer) {
            faults.push(format!("{name}: {fault}"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn check(
    expected: Expected,
    setup: &Setup,
    asked: &Value,
    held: &Value,
    answer: &Value,
) -> Result<(), String> {
    if let Some(number) = status(answer) {
        let complete = ["status", "errorCode", "tag"]
            .iter()
            .all(|field| answer["error"][field].is_i64());
        return match (expected, complete) {
            (Refused(wanted), true) if wanted == number => Ok(()),
            _ => Err(format!("{answer}")),
        };
    }
    match expected {
        Anything => return Ok(()),
        Accounts => {
            let accounts = answer["accounts"].as_array().ok_or("no accounts")?;
            return match accounts.as_slice() {
                [one] => account_as_needed(one),
                other => Err(format!("{} accounts", other.len())),
            };
        }
        _ => {}
    }
    let token = &answer["brokerTokenResponse"];
    token_as_needed(setup, &asked["authParameters"], token)?;
    let same = access_token(answer) == access_token(held);
    let kind = token["accessTokenType"].as_i64();
    match expected {
        Held if same && kind == Some(0) => Ok(()),
        Chosen if same && kind == Some(0) && page_was_opened(setup) => Ok(()),
        New if !same && kind == Some(0) => Ok(()),
        Signed if kind == Some(1) => {
            let claims = part(access_token(answer), 1)?;
            let wanted = &asked["authParameters"]["popParams"];
            for (claim, field) in [
                ("m", "httpMethod"),
                ("u", "uriHost"),
                ("p", "uriPath"),
                ("nonce", "nonce"),
            ] {
                if claims[claim] != wanted[field] {
                    return Err(format!("{claim} is {}", claims[claim]));
                }
            }
            part(claims["at"].as_str().ok_or("no token inside")?, 1).map(drop)
        }
        _ => Err(format!("type {kind:?}, the one held: {same}")),
    }
}

fn page_was_opened(setup: &Setup) -> bool {
    let opened = setup.user.opened();
    opened
        .last()
        .is_some_and(|url| url.host_str() == Some("localhost"))
}

/// What the runtime refused an answer for the lack of, and the units it takes.
fn token_as_needed(setup: &Setup, asked: &Value, token: &Value) -> Result<(), String> {
    let seconds = setup.clock.now().unix_timestamp();
    for field in ["expiresOn", "extendedExpiresOn"] {
        let left = token[field].as_i64().ok_or(format!("no {field}"))? - seconds * 1000;
        if !(300_000..7_200_000).contains(&left) {
            return Err(format!("{field} is not in milliseconds: {left} left"));
        }
    }
    token["accessTokenType"]
        .as_i64()
        .ok_or("no accessTokenType")?;
    let id_token = part(token["idToken"].as_str().ok_or("no idToken")?, 1)?;
    if id_token["preferred_username"] != ADA {
        return Err("no preferred_username".to_owned());
    }
    let client_info = token["clientInfo"].as_str().ok_or("no clientInfo")?;
    let client_info = part(client_info, 0)?;
    if client_info["uid"] != OBJECT_ID || client_info["utid"] != TENANT_ID {
        return Err(format!("clientInfo is {client_info}"));
    }
    let granted: Vec<&str> = token["grantedScopes"]
        .as_str()
        .ok_or("no grantedScopes")?
        .split(' ')
        .collect();
    for scope in asked["requestedScopes"].as_array().into_iter().flatten() {
        if !granted.contains(&scope.as_str().unwrap_or_default()) {
            return Err(format!("{scope} is not among {granted:?}"));
        }
    }
    account_as_needed(&token["account"])
}

fn account_as_needed(account: &Value) -> Result<(), String> {
    for field in ["environment", "localAccountId", "realm", "username"] {
        if account[field].as_str().unwrap_or_default().is_empty() {
            return Err(format!("the account has no {field}"));
        }
    }
    // One open client wants these to be there too.
    for field in ["givenName", "name", "passwordExpiry"] {
        if account[field].is_null() {
            return Err(format!("the account has no {field}"));
        }
    }
    match account["homeAccountId"] == format!("{OBJECT_ID}.{TENANT_ID}") {
        true => Ok(()),
        false => Err(format!("homeAccountId is {}", account["homeAccountId"])),
    }
}

/// A part of a token, or the first of a plain value, as JSON.
fn part(text: &str, index: usize) -> Result<Value, String> {
    let part = text.split('.').nth(index).ok_or("too few parts")?;
    let json = decode_url_safe(part).map_err(|_| "not base64url")?;
    serde_json::from_slice(&json).map_err(|_| "not JSON".to_owned())
}

fn plain_request() -> Value {
    crate::setup::request(serde_json::json!({}))
}

/// A broker with the account of the recordings.
async fn signed_in() -> Setup {
    let world = World {
        tenants: vec![Tenant {
            id: TENANT_ID.to_owned(),
            domain: "contoso.com".to_owned(),
            name: "Contoso".to_owned(),
            users: vec![User {
                username: ADA.to_owned(),
                password: default_world::ADA_PASSWORD.to_owned(),
                name: "Ada Lovelace".to_owned(),
                object_id: OBJECT_ID.to_owned(),
            }],
            applications: vec![Application {
                client_id: default_world::AZURE_CLI_CLIENT_ID.to_owned(),
                name: "Azure CLI".to_owned(),
                redirect_uris: vec!["http://localhost".to_owned()],
                consent: Consent::Granted,
            }],
        }],
        vaults: Vec::new(),
        ..World::default()
    };
    let setup = Setup::with(world, Configuration::default(), SharedStore::default()).await;
    setup.user.is(ADA, Behavior::Complete);
    setup.sign_in(ADA).await;
    setup
}

fn recording(name: &str) -> Value {
    let text = fs::read_to_string(folder().join(format!("{name}.json"))).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../azbroker_protocol/tests/recorded")
}
