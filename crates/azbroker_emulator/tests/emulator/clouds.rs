//! The national clouds, and tokens bound to a key.

use azbroker_emulator::{Behavior, default_world::*};
use serde_json::json;

use crate::harness::*;

const GOV: &str = "https://login.microsoftonline.us/organizations";

#[tokio::test]
async fn each_cloud_names_its_own_hosts() {
    let emulator = emulator().await;
    for (host, preferred) in [
        ("login.windows.net", "login.microsoftonline.com"),
        ("login.usgovcloudapi.net", "login.microsoftonline.us"),
        ("login.chinacloudapi.cn", "login.partner.microsoftonline.cn"),
        ("login.sovcloud-identity.fr", "login.sovcloud-identity.fr"),
    ] {
        let url = format!(
            "https://login.microsoftonline.com/common/discovery/instance?api-version=1.1&authorization_endpoint=https://{host}/common/oauth2/v2.0/authorize"
        );
        let (status, document) = get_json(&emulator, &url).await;
        assert_eq!(status, 200, "{document}");
        assert_eq!(document["metadata"][0]["preferred_network"], preferred);
        let url = format!("https://{host}/{TENANT_ID}/v2.0/.well-known/openid-configuration");
        let (_, document) = get_json(&emulator, &url).await;
        assert_eq!(
            document["issuer"],
            format!("https://{preferred}/{TENANT_ID}/v2.0")
        );
    }
}

#[tokio::test]
async fn what_one_cloud_issued_is_worth_nothing_in_another() {
    let emulator = emulator().await;
    let mut app = App::listen().await;
    let url = app.authorize_url_at(GOV, &[]);
    visit(&emulator, ADA, Behavior::Complete, &url).await;
    let (_, answer) = app.answer().await;
    let code = [
        ("client_id", AZURE_CLI_CLIENT_ID),
        ("grant_type", "authorization_code"),
        ("code", &answer["code"]),
        ("redirect_uri", &app.redirect_uri),
        ("code_verifier", VERIFIER),
        ("scope", ALL_SCOPES),
    ];
    let refused = token_request(&emulator, AUTHORITY, &code).await;
    assert_refused(&refused, 400, "invalid_grant", 70_000);
    let (status, tokens) = token_request(&emulator, GOV, &code).await;
    assert_eq!(status, 200, "{tokens}");
    let refresh_token = tokens["refresh_token"].as_str().unwrap();
    let refused = refresh(&emulator, refresh_token, &[]).await;
    assert_refused(&refused, 400, "invalid_grant", 70_000);
    let vault = emulator
        .http_client()
        .get(format!("{VAULT_URL}/secrets?api-version=7.4"))
        .bearer_auth(tokens["access_token"].as_str().unwrap())
        .send()
        .await
        .unwrap();
    assert_eq!(vault.status(), 401, "the vault is of the public cloud");
}

#[tokio::test]
async fn a_token_is_bound_to_the_key_that_was_named() {
    let emulator = emulator().await;
    let tokens = App::listen().await.tokens(&emulator, ADA, &[]).await;
    let refresh_token = tokens["refresh_token"].as_str().unwrap();
    // {"kid":"the-key"}
    let bound = [
        ("token_type", "pop"),
        ("req_cnf", "eyJraWQiOiJ0aGUta2V5In0"),
    ];
    let (status, tokens) = refresh(&emulator, refresh_token, &bound).await;
    assert_eq!((status, &tokens["token_type"]), (200, &json!("pop")));
    let claims = claims_of(&tokens["access_token"]);
    assert_eq!(claims["cnf"], json!({ "kid": "the-key" }));

    let (_, tokens) = refresh(&emulator, refresh_token, &[("token_type", "Bearer")]).await;
    assert_eq!(tokens["token_type"], "Bearer");
    assert!(claims_of(&tokens["access_token"])["cnf"].is_null());
    for wrong in [
        [("token_type", "pop"), ("req_cnf", "no base64url!")],
        [("token_type", "pop"), ("req_cnf", "e30")],
        [
            ("token_type", "mac"),
            ("req_cnf", "eyJraWQiOiJ0aGUta2V5In0"),
        ],
    ] {
        let refused = refresh(&emulator, refresh_token, &wrong).await;
        assert_refused(&refused, 400, "invalid_request", 9_002_313);
    }
}
