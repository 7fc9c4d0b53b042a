//! Faults that a program plans from outside.

use azbroker_emulator::{Emulator, default_world::*};

use crate::harness::*;

#[tokio::test]
async fn a_program_beside_the_emulator_plans_what_goes_wrong() {
    let emulator = emulator().await;
    let tokens = App::listen().await.tokens(&emulator, ADA, &[]).await;
    let token = tokens["refresh_token"].as_str().unwrap();
    let oauth = r#"{"target":"token","fault":{"oauth":{"error":"invalid_grant","aadsts":50076}}}"#;
    assert_eq!(plan(&emulator, oauth).await.0, 204);
    let refused = refresh(&emulator, token, &[]).await;
    assert_refused(&refused, 400, "invalid_grant", 50_076);
    assert_eq!(refresh(&emulator, token, &[]).await.0, 200, "it was once");

    let often = r#"{"times":5,"target":"any","fault":"drop"}"#;
    assert_eq!(plan(&emulator, often).await.0, 204);
    assert_eq!(plan(&emulator, r#"{"clear":true}"#).await.0, 204);
    assert_eq!(refresh(&emulator, token, &[]).await.0, 200);
    assert_eq!(
        plan(&emulator, r#"{"revoke":"ada@contoso.example"}"#)
            .await
            .0,
        204
    );
    let refused = refresh(&emulator, token, &[]).await;
    assert_refused(&refused, 400, "invalid_grant", 50_173);
}

#[tokio::test]
async fn what_is_no_plan_and_what_a_web_page_could_send_changes_nothing() {
    let emulator = emulator().await;
    for wrong in ["", "{", "{}", r#"{"target":"moon","fault":"drop"}"#] {
        let (status, text) = plan(&emulator, wrong).await;
        assert_eq!(status, 400, "{wrong}");
        assert!(text.starts_with("no fault was planned: "), "{text}");
    }
    let drop = r#"{"target":"any","fault":"drop"}"#;
    let own = format!("127.0.0.1:{}", emulator.proxy_address().port());
    for (kind, host) in [
        ("text/plain", own.as_str()),
        ("application/json", "evil.example"),
    ] {
        let (status, _) = send(&emulator, drop, kind, host).await;
        assert_eq!(status, 400, "{kind} {host}");
    }
    let (status, _) = get_json(
        &emulator,
        &format!("{AUTHORITY}/v2.0/.well-known/openid-configuration"),
    )
    .await;
    assert_eq!(status, 200);
}

async fn plan(emulator: &Emulator, json: &str) -> (u16, String) {
    let host = format!("127.0.0.1:{}", emulator.proxy_address().port());
    send(emulator, json, "application/json", &host).await
}

async fn send(emulator: &Emulator, json: &str, kind: &str, host: &str) -> (u16, String) {
    // Not through the proxy, but to it.
    let response = reqwest::Client::builder()
        .no_proxy()
        .build()
        .unwrap()
        .post(format!("{}/faults", emulator.proxy_url()))
        .header("content-type", kind)
        .header("host", host)
        .body(json.to_owned())
        .send()
        .await
        .unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}
