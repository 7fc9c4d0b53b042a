//! Every answer that the real runtime was recorded to read, read by ours with the outcome that the runtime reported.

use super::*;
use serde_json::Value;
use std::{fs, path::PathBuf};

#[tokio::test]
async fn every_recorded_answer_is_read_as_the_real_runtime_read_it() {
    let mut read = 0;
    for (name, recording) in recordings() {
        let Some((method, _)) = name.split_once(".response.") else {
            continue;
        };
        let reported = &recording["client_reported"];
        let json = recording["response"].to_string();
        match method {
            "acquireTokenSilently" | "acquireTokenInteractively" => {
                token_as_reported(&name, acquire(method, json).await, reported);
            }
            "getAccounts" => {
                let usernames = usernames(json).await;
                let sent = recording["response"]["accounts"].as_array();
                assert_eq!(usernames.len(), sent.map_or(0, Vec::len), "{name}");
                // What the runtime lists is its own store; those of this answer are among them.
                if let Some(listed) = reported["accounts"].as_array() {
                    let is_listed =
                        |name: &String| listed.iter().any(|each| each["user_name"] == **name);
                    assert!(usernames.iter().all(is_listed), "{name}");
                }
            }
            // Nobody looks into it.
            "cancelInteractiveFlow" => assert_eq!(recording["response"], serde_json::json!({})),
            _ => panic!("no row for {name}"),
        }
        read += 1;
    }
    assert!(read >= 50, "only {read} recordings");
}

/// The runtime refused all of these, each for one fault. Ours takes those that lack only what it can do without: the
/// account comes from whatever part says it, and no other broker is known to echo scopes reliably.
#[tokio::test]
async fn what_the_real_runtime_refused_is_refused_but_for_what_is_not_needed() {
    const TAKEN: &[&str] = &[
        "missing clientInfo",
        "missing extendedExpiresOn",
        "missing idToken",
        "granted scopes lack the requested one",
        "id token not a JWT",
        "clientInfo not base64url JSON",
        "id token without preferred_username",
        // Only a program that asks for proof of possession would mind.
        "PoP asked, bearer type answered",
    ];
    let recording = recording("acquireTokenSilently.rejected.json");
    let cases = recording["cases"].as_array().unwrap();
    assert!(cases.len() >= 28);
    for case in cases {
        let name = case["case"].as_str().unwrap();
        let response = &case["response"];
        let broker = TestBroker::holding(&[]).await;
        broker.instead(match (&response["dbus_error"], &response["raw"]) {
            (Value::Array(_), _) => Instead::Fail(fdo::Error::Failed("text".to_owned())),
            (_, Value::String(raw)) => Instead::Reply(raw.clone()),
            _ => Instead::Reply(response.to_string()),
        });
        let outcome = backend_of(&broker)
            .acquire_token_silently(&request(WhichAccount::Default))
            .await;
        assert_eq!(outcome.is_ok(), TAKEN.contains(&name), "{name}");
        if let Err(error) = outcome {
            // No fault of an answer makes a program ask the user.
            assert_ne!(error.kind(), ErrorKind::InteractionRequired, "{name}");
        }
    }
}

#[test]
fn the_recorded_statuses_are_ours() {
    let recording = recording("error-statuses.json");
    let statuses = &recording["wire_status_to_Response_Status"];
    let statuses = statuses.as_object().unwrap();
    assert_eq!(statuses.len(), 22);
    for (number, name) in statuses {
        let status = Status::from_number(number.parse().unwrap());
        assert_eq!(*name, status.to_string());
    }
    let unknown = Status::from_number(22).to_string();
    assert_eq!(recording["anything_else"], unknown);
}

async fn acquire(method: &str, json: String) -> Result<Acquired> {
    let broker = TestBroker::holding(&[]).await;
    broker.instead(Instead::Reply(json));
    let request = request(WhichAccount::Default);
    let backend = backend_of(&broker);
    match method {
        "acquireTokenSilently" => backend.acquire_token_silently(&request).await,
        _ => {
            backend
                .acquire_token_interactively(&request, ParentWindow::Console)
                .await
        }
    }
}

fn token_as_reported(name: &str, outcome: Result<Acquired>, reported: &Value) {
    let error = match outcome {
        Ok(acquired) => {
            let token = &acquired.token;
            assert_eq!(token.token.secret(), reported["access_token"], "{name}");
            let expires_on = token.expires_on.unix_timestamp();
            assert_eq!(expires_on, reported["access_token_expiry_time"], "{name}");
            let (ours, theirs) = (acquired.account.unwrap(), &reported["account"]);
            assert_eq!(ours.username, theirs["user_name"], "{name}");
            let home = ours.home_account_id.as_str();
            assert_eq!(home, theirs["home_account_id"], "{name}");
            return;
        }
        Err(error) => error,
    };
    if reported["is_pop_authorization"] == 1 {
        // Nobody asked for proof of possession here, so its token would be of no use.
        let expected = "the broker's token is no bearer token, which was asked for";
        assert_eq!(error.to_string(), expected, "{name}");
        return;
    }
    let status = reported["error"]["status"].as_str().unwrap_or_default();
    let status = status.trim_start_matches("Response_Status.Status_");
    let needs_user = [
        "InteractionRequired",
        "AccountUnusable",
        "AccountNotFound",
        "AccountSwitch",
        "UserSwitch",
    ];
    assert_eq!(
        error.kind() == ErrorKind::InteractionRequired,
        needs_user.contains(&status),
        "{name}: {error}"
    );
    let canceled = status.ends_with("Canceled");
    assert_eq!(error.kind() == ErrorKind::Canceled, canceled, "{name}");
    let context = reported["error"]["context"].as_str().unwrap();
    assert_eq!(error.to_string(), context.trim_end_matches('.'), "{name}");
}

async fn usernames(json: String) -> Vec<String> {
    let broker = TestBroker::holding(&[]).await;
    broker.instead(Instead::Reply(json));
    let listed = backend_of(&broker)
        .accounts(&ClientId::azure_cli())
        .await
        .unwrap();
    let accounts = listed.accounts.into_iter();
    accounts.map(|account| account.username).collect()
}

fn recordings() -> Vec<(String, Value)> {
    fs::read_dir(folder())
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .map(|name| (name.clone(), recording(&name)))
        .collect()
}

fn recording(name: &str) -> Value {
    serde_json::from_str(&fs::read_to_string(folder().join(name)).unwrap()).unwrap()
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../azbroker_protocol/tests/recorded")
}
