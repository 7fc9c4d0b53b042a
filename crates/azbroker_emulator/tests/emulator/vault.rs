use std::time::Duration;

use azbroker_emulator::{Emulator, World, default_world::*};
use serde_json::{Value, json};

use crate::{
    harness::*,
    vault_caller::{Caller, assert_error},
};

#[tokio::test]
async fn a_request_without_a_token_is_challenged_before_anything_else() {
    let emulator = emulator().await;
    let client = emulator.http_client();
    for path in [
        "/secrets/MySecret?api-version=7.4",
        "/secrets/no_such!name",
        "/nowhere",
        "/",
    ] {
        let answer = client
            .put(format!("{VAULT_URL}{path}"))
            .send()
            .await
            .expect("an answer");
        assert_eq!(answer.status(), 401, "{path}");
        let challenge = answer.headers()["www-authenticate"].to_str().expect("text");
        let expected = format!(
            "Bearer authorization=\"https://login.microsoftonline.com/{TENANT_ID}\", resource=\"https://vault.azure.net\""
        );
        assert_eq!(challenge, expected);
        let body = json(&answer.text().await.expect("a body"));
        assert_eq!(body["error"]["code"], "Unauthorized");
        assert_eq!(
            body["error"]["message"],
            "AKV10000: Request is missing a Bearer or PoP token."
        );
    }
}

#[tokio::test]
async fn a_token_must_be_the_emulators_own_and_for_this_vault() {
    let mut world = World::default();
    let mut fabrikam = world.tenants[0].clone();
    fabrikam.id = "fab00000-0000-4000-8000-000000000001".into();
    fabrikam.domain = "fabrikam.example".into();
    for (number, user) in fabrikam.users.iter_mut().enumerate() {
        user.username = user.username.replace("contoso", "fabrikam");
        user.object_id = format!("fab00000-0000-4000-8000-00000000010{number}");
    }
    world.tenants.push(fabrikam);
    world.vaults[0].tenant = "fabrikam.example".into();
    world.vaults[0].roles.clear();
    let other_tenant = Emulator::start(world).await.expect("it starts");
    let wrong_tenant = Caller::sign_in(&other_tenant, ADA)
        .await
        .call("GET", "/secrets", Value::Null)
        .await;
    assert_error(&wrong_tenant, 401, "Unauthorized", None);
    assert!(
        wrong_tenant.1["error"]["message"]
            .as_str()
            .is_some_and(|text| text.starts_with("AKV10032"))
    );

    let emulator = emulator().await;
    let mut app = App::listen().await;
    let ours = app.tokens(&emulator, ADA, &[]).await;
    let refresh_token = ours["refresh_token"].as_str().expect("a token");
    let (_, arm) = refresh(
        &emulator,
        refresh_token,
        &[("scope", "https://management.azure.com/.default")],
    )
    .await;
    let token = |value: &Value| value.as_str().expect("a token").to_owned();
    let (header, rest) = ours["access_token"]
        .as_str()
        .and_then(|token| token.split_once('.'))
        .expect("parts");
    let (_, signature) = rest.split_once('.').expect("parts");
    let mut claims = claims_of(&ours["access_token"]);
    claims["upn"] = json!(BOB);
    use base64::Engine;
    let forged = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(claims.to_string());
    for (token, expected) in [
        (token(&arm["access_token"]), "AKV10022"),
        (token(&ours["id_token"]), "AKV10032"),
        (vault_token(&other_tenant, ADA).await, "AKV10046"),
        (format!("{header}.{forged}.{signature}"), "AKV10046"),
        ("nonsense".to_owned(), "AKV10001"),
    ] {
        let caller = Caller::with_token(&emulator, token);
        let refused = caller.call("GET", "/secrets/MySecret", Value::Null).await;
        assert_error(&refused, 401, "Unauthorized", None);
        let message = refused.1["error"]["message"].as_str().expect("a message");
        assert!(message.starts_with(expected), "{expected}: {message}");
    }
}

#[tokio::test]
async fn a_token_is_good_until_it_expires() {
    let emulator = emulator().await;
    let ada = Caller::sign_in(&emulator, ADA).await;
    emulator.advance_clock(Duration::from_secs(3500));
    assert_eq!(ada.call("GET", "/secrets", Value::Null).await.0, 200);
    emulator.advance_clock(Duration::from_secs(100));
    assert_error(
        &ada.call("GET", "/secrets", Value::Null).await,
        401,
        "Unauthorized",
        None,
    );
}

#[tokio::test]
async fn roles_decide_who_may_do_what() {
    let emulator = emulator().await;
    let carol = Caller::sign_in(&emulator, CAROL).await;
    let bob = Caller::sign_in(&emulator, BOB).await;
    let (status, secret) = carol.call("GET", "/secrets/MySecret/", Value::Null).await;
    assert_eq!(
        (status, secret["value"].as_str()),
        (200, Some(SECRET_VALUE))
    );
    assert_eq!(carol.call("GET", "/secrets", Value::Null).await.0, 200);
    for (caller, method, path) in [
        (&bob, "GET", "/secrets/MySecret"),
        (&bob, "GET", "/secrets"),
        (&bob, "GET", "/secrets/NoSuchSecret"),
        (&carol, "PUT", "/secrets/MySecret"),
        (&carol, "PATCH", "/secrets/MySecret/"),
        (&carol, "DELETE", "/secrets/MySecret"),
        (&carol, "POST", "/deletedsecrets/MySecret/recover"),
        (&carol, "DELETE", "/deletedsecrets/MySecret"),
    ] {
        let refused = caller.call(method, path, json!({"value": "x"})).await;
        assert_error(&refused, 403, "Forbidden", Some("ForbiddenByRbac"));
    }
    let refused = bob.call("GET", "/secrets/MySecret", Value::Null).await;
    let message = refused.1["error"]["message"].as_str().expect("a message");
    for part in [
        BOB,
        BOB_OBJECT_ID,
        "Microsoft.KeyVault/vaults/secrets/getSecret/action",
    ] {
        assert!(message.contains(part), "{message}");
    }
}

#[tokio::test]
async fn a_secret_is_set_and_read_back_in_every_version() {
    let emulator = emulator().await;
    let ada = Caller::sign_in(&emulator, ADA).await;
    let body = json!({"value": "one", "contentType": "text/plain", "tags": {"a": "b"}, "attributes": {"exp": 1_893_456_000}});
    let (status, first) = ada.call("PUT", "/secrets/alpha", body).await;
    assert_eq!(status, 200, "{first}");
    let id = first["id"].as_str().expect("an ID");
    let version = id
        .strip_prefix(&format!("{VAULT_URL}/secrets/alpha/"))
        .expect("host, name and version")
        .to_owned();
    assert_eq!(version.len(), 32);
    assert_eq!(first["tags"], json!({"a": "b"}));
    assert_eq!(first["contentType"], "text/plain");
    assert_eq!(first["attributes"]["exp"], 1_893_456_000);
    assert_eq!(first["attributes"]["recoverableDays"], 90);
    assert!(first["attributes"].get("nbf").is_none());

    let (_, second) = ada
        .call(
            "PUT",
            "/secrets/Alpha",
            json!({"value": "two", "attributes": {}}),
        )
        .await;
    assert!(second.get("tags").is_none() && second.get("contentType").is_none());
    for path in ["/secrets/alpha", "/secrets/alpha/", "/secrets/ALPHA"] {
        assert_eq!(
            ada.call("GET", path, Value::Null).await.1["value"],
            "two",
            "{path}"
        );
    }
    let (_, old) = ada
        .call("GET", &format!("/secrets/alpha/{version}"), Value::Null)
        .await;
    assert_eq!(old["value"], "one");

    let (_, versions) = ada
        .call("GET", "/secrets/alpha/versions?maxresults=1", Value::Null)
        .await;
    assert_eq!(versions["value"][0]["id"], id);
    assert!(versions["value"][0].get("value").is_none());
    let (_, rest) = ada
        .call_url(
            "GET",
            versions["nextLink"].as_str().expect("a link"),
            Value::Null,
        )
        .await;
    assert_eq!(
        (&rest["value"][0]["id"], &rest["nextLink"]),
        (&second["id"], &Value::Null)
    );
}

#[tokio::test]
async fn lists_come_in_pages_that_echo_the_api_version() {
    let emulator = emulator().await;
    let ada = Caller::sign_in(&emulator, ADA).await;
    for name in ["b", "a", "d", "c"] {
        ada.call("PUT", &format!("/secrets/{name}"), json!({"value": name}))
            .await;
    }
    let mut url = format!("{VAULT_URL}/secrets?api-version=7.6-preview.2&maxresults=2");
    let mut names = Vec::new();
    let mut pages = 0;
    loop {
        let (status, page) = ada.call_url("GET", &url, Value::Null).await;
        assert_eq!(status, 200, "{page}");
        pages += 1;
        for item in page["value"].as_array().expect("items") {
            assert!(item.get("value").is_none());
            let id = item["id"].as_str().expect("an ID");
            names.push(
                id.strip_prefix(&format!("{VAULT_URL}/secrets/"))
                    .expect("no version")
                    .to_owned(),
            );
        }
        let Some(next) = page["nextLink"].as_str() else {
            break;
        };
        assert!(
            next.contains("?api-version=7.6-preview.2&$skiptoken="),
            "{next}"
        );
        assert!(next.ends_with("&maxresults=2"), "{next}");
        url = next.to_owned();
    }
    assert_eq!(
        (pages, names),
        (
            3,
            vec![
                "a".into(),
                "b".into(),
                "c".into(),
                "d".into(),
                SECRET_NAME.to_owned()
            ]
        )
    );
}

#[tokio::test]
async fn properties_are_updated_and_a_disabled_secret_is_not_shown() {
    let emulator = emulator().await;
    let ada = Caller::sign_in(&emulator, ADA).await;
    let (_, set) = ada
        .call(
            "PUT",
            "/secrets/s",
            json!({"value": "v", "tags": {"a": "b"}}),
        )
        .await;
    let version = set["id"]
        .as_str()
        .and_then(|id| id.rsplit('/').next())
        .expect("a version")
        .to_owned();

    let changes = json!({"contentType": "text/x", "attributes": {"enabled": false}});
    let (status, updated) = ada
        .call("PATCH", &format!("/secrets/s/{version}"), changes)
        .await;
    assert_eq!(status, 200, "{updated}");
    assert_eq!(updated["attributes"]["enabled"], false);
    assert_eq!(updated["tags"], json!({"a": "b"}));
    assert!(updated.get("value").is_none());
    let refused = ada.call("GET", "/secrets/s", Value::Null).await;
    assert_error(&refused, 403, "Forbidden", Some("SecretDisabled"));

    let (_, updated) = ada
        .call(
            "PATCH",
            "/secrets/s/",
            json!({"tags": {}, "attributes": {"enabled": true}}),
        )
        .await;
    assert!(updated.get("tags").is_none());
    assert_eq!(updated["contentType"], "text/x");
    assert_eq!(
        ada.call("GET", "/secrets/s", Value::Null).await.1["value"],
        "v"
    );
}

#[tokio::test]
async fn wrong_requests_are_refused() {
    let emulator = emulator().await;
    let ada = Caller::sign_in(&emulator, ADA).await;
    let value = json!({"value": "x"});
    for (method, path, body) in [
        ("PUT", "/secrets/under_score", value.clone()),
        ("GET", "/secrets/under_score", Value::Null),
        ("PUT", "/secrets/a", json!({})),
        ("PUT", "/secrets/a", json!("text")),
        (
            "PUT",
            "/secrets/a",
            json!({"value": "x".repeat(25 * 1024 + 1)}),
        ),
        ("PATCH", "/secrets/MySecret/", value.clone()),
        ("GET", "/secrets?maxresults=0", Value::Null),
        ("GET", "/secrets?maxresults=26", Value::Null),
        ("GET", "/secrets?$skiptoken=!", Value::Null),
    ] {
        assert_error(
            &ada.call(method, path, body).await,
            400,
            "BadParameter",
            None,
        );
    }
    for path in [
        "/secrets/NoSuch",
        "/secrets/MySecret/0123456789abcdef0123456789abcdef",
        "/secrets/NoSuch/versions",
    ] {
        assert_error(
            &ada.call("GET", path, Value::Null).await,
            404,
            "SecretNotFound",
            None,
        );
    }
    for query in ["", "?api-version=", "?api-version=latest"] {
        let url = format!("{VAULT_URL}/secrets/MySecret{query}");
        assert_error(
            &ada.call_url("GET", &url, Value::Null).await,
            400,
            "BadParameter",
            None,
        );
    }
    assert_error(
        &ada.call("POST", "/secrets/MySecret", value.clone()).await,
        405,
        "BadParameter",
        None,
    );
    for path in [
        "/secrets/restore",
        "/secrets/MySecret/backup",
        "/keys/create",
    ] {
        assert_error(
            &ada.call("POST", path, value.clone()).await,
            501,
            "NotSupported",
            None,
        );
    }
}
