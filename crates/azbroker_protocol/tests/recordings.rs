//! Messages that real clients sent and accepted, read by this package.

use azbroker_protocol::{
    AccountsReply, AccountsRequest, Status, TokenReply, TokenRequest, VersionReply,
};
use serde_json::Value;
use std::{fs, path::PathBuf};

#[test]
fn every_recorded_token_request_is_read() {
    let mut read = 0;
    for (name, recording) in recordings("acquireToken", ".request.") {
        let json = recording["arguments"]["requestJson"].as_str().unwrap();
        let request = TokenRequest::from_json(json).unwrap_or_else(|e| panic!("{name}: {e}"));
        let sent = &recording["requestParsed"]["authParameters"];
        assert_eq!(
            request.auth_parameters.client_id, sent["clientId"],
            "{name}"
        );
        assert_eq!(
            request.auth_parameters.authority, sent["authority"],
            "{name}"
        );
        assert_eq!(request.auth_parameters.username, sent["username"], "{name}");
        assert_eq!(
            request.auth_parameters.decoded_claims, sent["decodedClaims"],
            "{name}"
        );
        assert_eq!(
            request.account().is_none(),
            sent["account"].is_null(),
            "{name}"
        );
        read += 1;
    }
    assert!(read >= 30, "only {read} recordings");
}

#[test]
fn every_recorded_accounts_request_is_read() {
    for (name, recording) in recordings("getAccounts", ".request.") {
        let json = recording["arguments"]["requestJson"].as_str().unwrap();
        let request = AccountsRequest::from_json(json).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(request.client_id, request.redirect_uri, "{name}");
    }
}

#[test]
fn every_recorded_token_response_is_read_as_the_real_client_read_it() {
    let mut read = 0;
    for (name, recording) in recordings("acquireToken", ".response.") {
        let reported = &recording["client_reported"];
        match TokenReply::from_json(&recording["response"].to_string()) {
            Ok(TokenReply::Token(token)) => {
                assert_eq!(
                    token.access_token.expose(),
                    reported["access_token"],
                    "{name}"
                );
                assert_eq!(
                    token.expires_on_seconds(),
                    reported["access_token_expiry_time"],
                    "{name}"
                );
            }
            Ok(TokenReply::Error(error)) => {
                let status = reported["error"]["status"].as_str().unwrap();
                assert_eq!(
                    status,
                    format!("Response_Status.Status_{}", error.status()),
                    "{name}"
                );
                assert_eq!(error.context, reported["error"]["context"], "{name}");
            }
            other => panic!("{name}: {other:?}"),
        }
        read += 1;
    }
    assert!(read >= 40, "only {read} recordings");
}

#[test]
fn every_recorded_accounts_response_is_read() {
    let reply = |case: &str| {
        let recording = recording(&format!("getAccounts.response.{case}.json"));
        AccountsReply::from_json(&recording["response"].to_string()).unwrap()
    };
    assert_eq!(reply("one-account").accounts[0].username, "ada@contoso.com");
    assert_eq!(reply("two-accounts").accounts.len(), 2);
    assert_eq!(reply("one-account-required-fields-only").accounts.len(), 1);
}

#[test]
fn a_message_is_never_quoted_in_its_error() {
    for json in [
        r#"{"authParameters":{"clientId":"SECRET","authority":5,"requestedScopes":"SECRET"}}"#,
        r#"{"authParameters":"SECRET"}"#,
        r#""SECRET"#,
        "SECRET",
        r#"{"brokerTokenResponse":{"accessToken":"SECRET","expiresOn":"SECRET"}}"#,
    ] {
        let errors = [
            TokenRequest::from_json(json).unwrap_err().to_string(),
            TokenReply::from_json(json).unwrap_err().to_string(),
        ];
        for error in errors {
            assert!(error.starts_with("malformed token re"), "{error}");
            assert!(!error.contains("SECRET"), "{error}");
        }
    }
    assert_eq!(
        TokenRequest::from_json(r#"{"authParameters":{"authority":"a","requestedScopes":[]}}"#)
            .unwrap_err()
            .to_string(),
        "malformed token request: the field 'clientId' is missing"
    );
}

#[test]
fn the_account_is_found_in_either_place() {
    let inside = r#"{"authParameters":{"clientId":"c","authority":"a","requestedScopes":["s"],
        "account":{"username":"ada"}}}"#;
    let beside = r#"{"account":{"username":"ada"},
        "authParameters":{"clientId":"c","authority":"a","requestedScopes":["s"]}}"#;
    for json in [inside, beside] {
        assert_eq!(
            TokenRequest::from_json(json)
                .unwrap()
                .account()
                .unwrap()
                .username,
            "ada"
        );
    }
}

#[test]
fn seconds_are_told_from_milliseconds() {
    for (written, seconds) in [
        ("1795437745000", 1_795_437_745),
        ("1795437745", 1_795_437_745),
        (r#""1795437745000""#, 1_795_437_745),
        ("0", 0),
    ] {
        let json = format!(
            r#"{{"brokerTokenResponse":{{"accessToken":"t","accessTokenType":0,"expiresOn":{written}}}}}"#
        );
        let Ok(TokenReply::Token(token)) = TokenReply::from_json(&json) else {
            panic!("{json}");
        };
        assert_eq!(token.expires_on_seconds(), seconds);
    }
}

#[test]
fn an_unknown_status_is_unexpected_and_a_version_is_read() {
    let reply =
        TokenReply::from_json(r#"{"error":{"status":99,"errorCode":"-7","tag":1}}"#).unwrap();
    let TokenReply::Error(error) = reply else {
        panic!()
    };
    assert_eq!((error.status(), error.error_code), (Status::Unexpected, -7));
    let version = VersionReply::from_json(r#"{"linuxBrokerVersion":"2.0.1"}"#).unwrap();
    assert_eq!(version.linux_broker_version, "2.0.1");
}

#[test]
fn debug_shows_no_token() {
    let json = r#"{"brokerTokenResponse":{"accessToken":"SECRET","accessTokenType":0,"expiresOn":1,"idToken":"SECRET"}}"#;
    assert!(!format!("{:?}", TokenReply::from_json(json).unwrap()).contains("SECRET"));
}

fn recordings(method: &str, kind: &str) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    for file in fs::read_dir(folder()).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        if name.starts_with(method) && name.contains(kind) {
            found.push((name.clone(), recording(&name)));
        }
    }
    found
}

fn recording(name: &str) -> Value {
    serde_json::from_str(&fs::read_to_string(folder().join(name)).unwrap()).unwrap()
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/recorded")
}
