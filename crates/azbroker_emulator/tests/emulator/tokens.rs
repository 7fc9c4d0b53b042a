use azbroker_emulator::{Behavior, Emulator, World, default_world::*};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, jwk::JwkSet};
use serde_json::{Value, json};

use crate::harness::*;

#[tokio::test]
async fn an_answer_has_everything_clients_look_for() {
    let emulator = emulator().await;
    let tokens = App::listen().await.tokens(&emulator, ADA, &[]).await;
    assert_eq!(tokens["token_type"], "Bearer");
    assert_eq!(tokens["expires_in"], json!(3599));
    assert_eq!(tokens["ext_expires_in"], json!(3599));
    assert_eq!(
        tokens["scope"],
        "https://vault.azure.net/user_impersonation https://vault.azure.net/.default openid profile"
    );
    for field in ["access_token", "refresh_token", "id_token", "client_info"] {
        assert!(tokens[field].is_string(), "{field}");
    }
    for field in ["refresh_in", "foci"] {
        assert!(tokens.get(field).is_none(), "{field}");
    }
}

#[tokio::test]
async fn tokens_verify_against_the_served_keys() {
    let emulator = emulator().await;
    let tokens = App::listen().await.tokens(&emulator, ADA, &[]).await;
    let (_, keys) = get_json(&emulator, &format!("{AUTHORITY}/discovery/v2.0/keys")).await;
    let keys: JwkSet = serde_json::from_value(keys).expect("a key set");

    let access = verified(&keys, &tokens["access_token"], "https://vault.azure.net");
    assert_eq!(
        access["iss"],
        format!("https://sts.windows.net/{TENANT_ID}/")
    );
    assert_eq!(access["tid"], TENANT_ID);
    assert_eq!(access["oid"], ADA_OBJECT_ID);
    assert_eq!(access["scp"], "user_impersonation");
    assert_eq!(access["appid"], AZURE_CLI_CLIENT_ID);
    assert_eq!(access["upn"], ADA);
    assert_eq!(access["azbroker_emulator"], true);
    assert!(access.get("xms_cc").is_none());
    let seconds = |name: &str| access[name].as_i64().expect("a number");
    assert_eq!(seconds("exp") - seconds("iat"), 3599);

    let id = verified(&keys, &tokens["id_token"], AZURE_CLI_CLIENT_ID);
    assert_eq!(
        id["iss"],
        format!("https://login.microsoftonline.com/{TENANT_ID}/v2.0")
    );
    assert_eq!(id["nonce"], "the nonce");
    assert_eq!(id["preferred_username"], ADA);
    assert_eq!(id["name"], "Ada Lovelace");
    assert_eq!(id["oid"], ADA_OBJECT_ID);
    assert_eq!(id["sub"], access["sub"]);
}

fn verified(keys: &JwkSet, token: &Value, audience: &str) -> Value {
    let token = token.as_str().expect("a token");
    let id = jsonwebtoken::decode_header(token)
        .expect("a header")
        .kid
        .expect("a key ID");
    let key =
        DecodingKey::from_jwk(keys.find(&id).expect("the key is served")).expect("an RSA key");
    let mut validation = Validation::new(Algorithm::RS256);
    validation.set_audience(&[audience]);
    jsonwebtoken::decode::<Value>(token, &key, &validation)
        .expect("a good token")
        .claims
}

#[tokio::test]
async fn the_audience_is_the_resource_as_it_was_asked_for() {
    let emulator = emulator().await;
    let mut app = App::listen().await;
    for (scope, audience) in [
        (
            "https://vault.azure.net//.default",
            "https://vault.azure.net/",
        ),
        (
            "https://management.core.windows.net//.default",
            "https://management.core.windows.net/",
        ),
        ("User.Read", "https://graph.microsoft.com"),
    ] {
        visit(
            &emulator,
            ADA,
            Behavior::Complete,
            &app.authorize_url(&[("scope", scope)]),
        )
        .await;
        let (_, answer) = app.answer().await;
        let (status, tokens) = app
            .redeem(&emulator, &answer["code"], &[("scope", scope)])
            .await;
        assert_eq!(status, 200, "{tokens}");
        assert_eq!(claims_of(&tokens["access_token"])["aud"], audience);
        assert!(
            tokens["scope"]
                .as_str()
                .is_some_and(|echo| echo.ends_with(scope)),
            "{tokens}"
        );
        // Neither was asked for.
        assert!(tokens.get("refresh_token").is_none() && tokens.get("id_token").is_none());
    }
}

#[tokio::test]
async fn capabilities_asked_for_stand_in_the_token() {
    let emulator = emulator().await;
    let claims = r#"{"access_token": {"xms_cc": {"values": ["CP1"]}}}"#;
    let tokens = App::listen()
        .await
        .tokens(&emulator, ADA, &[("claims", claims)])
        .await;
    assert_eq!(claims_of(&tokens["access_token"])["xms_cc"], json!(["CP1"]));
    let refresh_token = tokens["refresh_token"].as_str().expect("a refresh token");
    let (_, refreshed) = refresh(&emulator, refresh_token, &[("claims", claims)]).await;
    assert_eq!(
        claims_of(&refreshed["access_token"])["xms_cc"],
        json!(["CP1"])
    );
    let (_, refreshed) = refresh(&emulator, refresh_token, &[]).await;
    assert!(
        claims_of(&refreshed["access_token"])
            .get("xms_cc")
            .is_none()
    );
}

#[tokio::test]
async fn long_lived_tokens_say_when_to_refresh() {
    let world = World {
        access_token_lifetime_seconds: 7200,
        ..World::default()
    };
    let emulator = Emulator::start(world).await.expect("it starts");
    let tokens = App::listen().await.tokens(&emulator, ADA, &[]).await;
    assert_eq!(
        (&tokens["expires_in"], &tokens["refresh_in"]),
        (&json!(7200), &json!(3600))
    );
}

#[tokio::test]
async fn wrong_token_requests_are_refused() {
    let emulator = emulator().await;
    for (extra, status, error, aadsts) in [
        (("grant_type", ""), 400, "invalid_request", 900_144),
        (
            ("grant_type", "password"),
            400,
            "unsupported_grant_type",
            70_003,
        ),
        // It is known, but the code is missing.
        (
            ("grant_type", "device_code"),
            400,
            "invalid_request",
            900_144,
        ),
        (("client_id", ""), 400, "invalid_request", 900_144),
        (
            ("client_id", "5eed0000-0000-4000-8000-00000000dead"),
            400,
            "unauthorized_client",
            700_016,
        ),
        (("client_secret", "x"), 401, "invalid_client", 700_025),
        (("refresh_token", ""), 400, "invalid_request", 900_144),
        (("scope", "nonsense"), 400, "invalid_scope", 70_011),
        (
            ("scope", "https://nothing.example/.default"),
            400,
            "invalid_resource",
            500_011,
        ),
        (
            ("scope", "https://vault.azure.net/.default User.Read"),
            400,
            "invalid_scope",
            28_000,
        ),
        (("claims", "{"), 400, "invalid_request", 9_002_313),
    ] {
        assert_refused(
            &refresh(&emulator, "x", &[extra]).await,
            status,
            error,
            aadsts,
        );
    }
    let twice = [
        ("grant_type", "refresh_token"),
        ("grant_type", "authorization_code"),
    ];
    assert_refused(
        &token_request(&emulator, AUTHORITY, &twice).await,
        400,
        "invalid_request",
        9_002_313,
    );
    let nowhere = token_request(&emulator, "https://login.microsoftonline.com/nowhere", &[]).await;
    assert_refused(&nowhere, 400, "invalid_tenant", 90_002);
}

#[tokio::test]
async fn the_correlation_id_is_echoed_from_wherever_it_was_sent() {
    let emulator = emulator().await;
    let id = "0f8fad5b-d9cb-469f-a165-70867728950e";
    let url = format!("{AUTHORITY}/oauth2/v2.0/token");
    let client = emulator.http_client();
    for request in [
        client
            .post(&url)
            .header("client-request-id", id)
            .form(&[("x", "y")]),
        client
            .post(format!("{url}?client-request-id={id}"))
            .form(&[("x", "y")]),
        client.post(&url).form(&[("client-request-id", id)]),
    ] {
        let response = request.send().await.expect("an answer");
        assert_eq!(response.headers()["client-request-id"], id);
        let body = json(&response.text().await.expect("a body"));
        assert_eq!(body["correlation_id"], id);
    }
    assert_eq!(
        emulator
            .ledger()
            .count(|entry| entry.client_request_id.as_deref() == Some(id)),
        3
    );
}

#[tokio::test]
async fn the_ledger_tells_what_was_redeemed() {
    let emulator = emulator().await;
    let tokens = App::listen().await.tokens(&emulator, ADA, &[]).await;
    refresh(
        &emulator,
        tokens["refresh_token"].as_str().expect("a token"),
        &[("scope", VAULT_SCOPE)],
    )
    .await;
    let entries = emulator.ledger().entries();
    let last = entries.last().expect("an entry");
    assert_eq!(last.grant_type.as_deref(), Some("refresh_token"));
    assert_eq!(last.client_id.as_deref(), Some(AZURE_CLI_CLIENT_ID));
    assert_eq!(last.username.as_deref(), Some(ADA));
    assert_eq!(last.scopes, [VAULT_SCOPE]);
    assert_eq!(last.status, Some(200));
    assert!(
        last.to_string()
            .contains(" POST login.microsoftonline.com/organizations/oauth2/v2.0/token 200 ")
    );
}
