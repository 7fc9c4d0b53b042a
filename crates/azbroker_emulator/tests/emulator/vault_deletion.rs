use azbroker_emulator::default_world::*;
use serde_json::{Value, json};

use crate::{
    harness::emulator,
    vault_caller::{Caller, assert_error},
};

#[tokio::test]
async fn a_deleted_secret_is_gone_but_recoverable() {
    let emulator = emulator().await;
    let ada = Caller::sign_in(&emulator, ADA).await;
    let (status, deleted) = ada.call("DELETE", "/secrets/MySecret", Value::Null).await;
    assert_eq!(status, 200, "{deleted}");
    assert_eq!(
        deleted["recoveryId"],
        format!("{VAULT_URL}/deletedsecrets/MySecret")
    );
    let seconds = |field: &str| deleted[field].as_i64().expect("a time");
    assert_eq!(
        seconds("scheduledPurgeDate") - seconds("deletedDate"),
        90 * 86_400
    );
    assert!(deleted.get("value").is_none());

    assert_error(
        &ada.call("GET", "/secrets/MySecret", Value::Null).await,
        404,
        "SecretNotFound",
        None,
    );
    assert_error(
        &ada.call("DELETE", "/secrets/MySecret", Value::Null).await,
        404,
        "SecretNotFound",
        None,
    );
    assert_error(
        &ada.call("PATCH", "/secrets/MySecret/", json!({})).await,
        404,
        "SecretNotFound",
        None,
    );
    let set = ada
        .call("PUT", "/secrets/mysecret", json!({"value": "x"}))
        .await;
    assert_error(&set, 409, "Conflict", Some("ObjectIsDeletedButRecoverable"));
    assert_eq!(
        ada.call("GET", "/secrets", Value::Null).await.1["value"],
        json!([])
    );
    let (_, listed) = ada.call("GET", "/deletedsecrets", Value::Null).await;
    assert_eq!(
        listed["value"][0]["id"],
        format!("{VAULT_URL}/secrets/MySecret")
    );
    assert_eq!(
        ada.call("GET", "/deletedsecrets/MySecret", Value::Null)
            .await,
        (200, deleted)
    );

    let (status, recovered) = ada
        .call("POST", "/deletedsecrets/MySecret/recover", Value::Null)
        .await;
    assert_eq!(status, 200, "{recovered}");
    assert_eq!(
        ada.call("GET", "/secrets/MySecret", Value::Null).await.1["value"],
        SECRET_VALUE
    );
    let gone = ada
        .call("GET", "/deletedsecrets/MySecret", Value::Null)
        .await;
    assert_error(&gone, 404, "SecretNotFound", None);
}

#[tokio::test]
async fn a_purged_secret_never_comes_back() {
    let emulator = emulator().await;
    let ada = Caller::sign_in(&emulator, ADA).await;
    let alive = ada
        .call("DELETE", "/deletedsecrets/MySecret", Value::Null)
        .await;
    assert_error(&alive, 404, "SecretNotFound", None);
    ada.call("DELETE", "/secrets/MySecret", Value::Null).await;
    assert_eq!(
        ada.call("DELETE", "/deletedsecrets/MySecret", Value::Null)
            .await,
        (204, Value::Null)
    );
    let recovered = ada
        .call("POST", "/deletedsecrets/MySecret/recover", Value::Null)
        .await;
    assert_error(&recovered, 404, "SecretNotFound", None);
    let (status, set) = ada
        .call("PUT", "/secrets/MySecret", json!({"value": "new"}))
        .await;
    assert_eq!(status, 200, "{set}");
    let (_, versions) = ada
        .call("GET", "/secrets/MySecret/versions", Value::Null)
        .await;
    assert_eq!(versions["value"].as_array().map(Vec::len), Some(1));
}
