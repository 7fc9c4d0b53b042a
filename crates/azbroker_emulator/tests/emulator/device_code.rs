//! Sign-in with a code from another device.

use crate::harness::*;
use azbroker_emulator::{Behavior, Fault, Target, default_world};
use reqwest::Client;
use serde_json::Value;
use std::time::Duration;

const CODES: &str = "https://login.microsoftonline.com/organizations/oauth2/v2.0/devicecode";
const TOKENS: &str = "https://login.microsoftonline.com/organizations/oauth2/v2.0/token";
const SCOPE: &str = "https://vault.azure.net/.default openid profile offline_access";

async fn post(client: &Client, url: &str, fields: &[(&str, &str)]) -> (u16, Value) {
    let answer = client.post(url).form(fields).send().await.unwrap();
    let status = answer.status().as_u16();
    (status, json(&answer.text().await.unwrap()))
}

async fn codes(client: &Client) -> (String, String, String) {
    let fields = [
        ("client_id", default_world::AZURE_CLI_CLIENT_ID),
        ("scope", SCOPE),
    ];
    let (status, json) = post(client, CODES, &fields).await;
    assert_eq!(
        (status, &json["expires_in"], &json["interval"]),
        (200, &900.into(), &1.into())
    );
    let text = |name: &str| json[name].as_str().unwrap().to_owned();
    assert!(text("message").contains(&text("user_code")), "{json}");
    (
        text("device_code"),
        text("user_code"),
        text("verification_uri"),
    )
}

async fn poll(client: &Client, grant_type: &str, device_code: &str) -> (u16, Value) {
    let fields = [
        ("client_id", default_world::AZURE_CLI_CLIENT_ID),
        ("grant_type", grant_type),
        ("device_code", device_code),
    ];
    post(client, TOKENS, &fields).await
}

const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

#[tokio::test]
async fn the_device_waits_until_the_code_was_entered_and_the_user_signed_in() {
    let emulator = emulator().await;
    let client = emulator.http_client();
    for grant_type in [GRANT, "device_code"] {
        let (device_code, user_code, address) = codes(&client).await;
        let (status, json) = poll(&client, grant_type, &device_code).await;
        assert_eq!(
            (status, &json["error"]),
            (400, &"authorization_pending".into())
        );
        assert_eq!(json["error_codes"][0], 70016);
        let user = visitor(&emulator, default_world::ADA, Behavior::Complete);
        let wrong = user.enter_code(&address, "WRONGCODE").await.unwrap();
        assert!(wrong.text.contains("AADSTS70018"), "{}", wrong.text);
        let page = user
            .enter_code(&address, &user_code.to_lowercase())
            .await
            .unwrap();
        assert!(page.text.contains("You have signed in"), "{}", page.text);
        let (status, json) = poll(&client, grant_type, &device_code).await;
        assert_eq!(status, 200, "{json}");
        assert!(json["refresh_token"].is_string() && json["id_token"].is_string());
        let (status, json) = poll(&client, grant_type, &device_code).await;
        assert_eq!((status, &json["error_codes"][0]), (400, &54005.into()));
    }
}

#[tokio::test]
async fn a_declined_an_expired_and_an_unknown_code_give_nothing() {
    let emulator = emulator().await;
    let client = emulator.http_client();
    let (declined, user_code, address) = codes(&client).await;
    let user = visitor(&emulator, default_world::ADA, Behavior::Decline);
    user.enter_code(&address, &user_code).await.unwrap();
    let (status, json) = poll(&client, GRANT, &declined).await;
    assert_eq!(
        (status, &json["error"]),
        (400, &"authorization_declined".into())
    );

    let (expired, user_code, address) = codes(&client).await;
    emulator.advance_clock(Duration::from_secs(900));
    let page = visitor(&emulator, default_world::ADA, Behavior::Complete);
    let page = page.enter_code(&address, &user_code).await.unwrap();
    assert!(page.text.contains("AADSTS70019"), "{}", page.text);
    let (status, json) = poll(&client, GRANT, &expired).await;
    assert_eq!(
        (status, &json["error"], &json["error_codes"][0]),
        (400, &"expired_token".into(), &70019.into())
    );
    let (status, json) = poll(&client, GRANT, "made-up").await;
    assert_eq!(
        (status, &json["error"]),
        (400, &"bad_verification_code".into())
    );
}

#[tokio::test]
async fn a_device_can_be_told_to_slow_down() {
    let emulator = emulator().await;
    let client = emulator.http_client();
    let (device_code, _, _) = codes(&client).await;
    let slow_down = Fault::Oauth {
        error: "slow_down".to_owned(),
        aadsts: 70016,
        suberror: None,
        claims: None,
    };
    emulator.faults().next(1, Target::Token, slow_down);
    let (status, json) = poll(&client, GRANT, &device_code).await;
    assert_eq!((status, &json["error"]), (400, &"slow_down".into()));
    let (_, json) = poll(&client, GRANT, &device_code).await;
    assert_eq!(json["error"], "authorization_pending");
}
