use azbroker_emulator::default_world::*;
use serde_json::json;

use crate::harness::*;

const INSTANCE: &str = "https://login.microsoftonline.com/common/discovery/instance";

#[tokio::test]
async fn its_own_authorities_are_valid_instances() {
    let emulator = emulator().await;
    for host in [
        "login.microsoftonline.com",
        "login.windows.net",
        "login.microsoft.com",
        "sts.windows.net",
    ] {
        let url = format!(
            "{INSTANCE}?api-version=1.1&authorization_endpoint=https://{host}/{TENANT_ID}/oauth2/v2.0/authorize"
        );
        let (status, document) = get_json(&emulator, &url).await;
        assert_eq!(status, 200, "{document}");
        assert_eq!(
            document["tenant_discovery_endpoint"],
            format!("https://{host}/{TENANT_ID}/v2.0/.well-known/openid-configuration")
        );
        assert_eq!(
            document["metadata"][0]["preferred_cache"],
            "login.windows.net"
        );
        assert_eq!(
            document["metadata"][0]["aliases"].as_array().map(Vec::len),
            Some(4)
        );
    }
    let url = format!(
        "{INSTANCE}?api-version=1.0&authorization_endpoint=https://login.windows.net/common/oauth2/authorize"
    );
    let (status, document) = get_json(&emulator, &url).await;
    assert_eq!((status, document.get("metadata")), (200, None));
}

#[tokio::test]
async fn other_authorities_are_no_instances() {
    let emulator = emulator().await;
    for endpoint in [
        "https://login.evil.example/common/oauth2/authorize",
        "http://login.microsoftonline.com/common/oauth2/authorize",
        "https://login.microsoftonline.com:8443/common/oauth2/authorize",
        "https://login.microsoftonline.com.evil.example/common",
        "nonsense",
    ] {
        let url = format!("{INSTANCE}?api-version=1.1&authorization_endpoint={endpoint}");
        assert_refused(
            &get_json(&emulator, &url).await,
            400,
            "invalid_instance",
            50_049,
        );
    }
    assert_refused(
        &get_json(&emulator, INSTANCE).await,
        400,
        "invalid_request",
        900_144,
    );
}

#[tokio::test]
async fn the_document_names_the_endpoints_of_the_authority() {
    let emulator = emulator().await;
    for (path, base, issuer) in [
        (
            "https://login.microsoftonline.com/contoso.example/v2.0",
            format!("https://login.microsoftonline.com/{TENANT_ID}"),
            TENANT_ID,
        ),
        (
            "https://login.windows.net/Organizations",
            "https://login.windows.net/organizations".into(),
            "{tenantid}",
        ),
        (
            "https://login.microsoftonline.com/common",
            "https://login.microsoftonline.com/common".into(),
            "{tenantid}",
        ),
    ] {
        let (status, document) = get_json(
            &emulator,
            &format!("{path}/.well-known/openid-configuration"),
        )
        .await;
        assert_eq!(status, 200, "{document}");
        assert_eq!(
            document["token_endpoint"],
            format!("{base}/oauth2/v2.0/token")
        );
        assert_eq!(
            document["authorization_endpoint"],
            format!("{base}/oauth2/v2.0/authorize")
        );
        assert_eq!(document["jwks_uri"], format!("{base}/discovery/v2.0/keys"));
        assert_eq!(
            document["issuer"],
            format!("https://login.microsoftonline.com/{issuer}/v2.0")
        );
        assert_eq!(
            document["code_challenge_methods_supported"],
            json!(["S256"])
        );
    }
}

#[tokio::test]
async fn an_unknown_tenant_has_no_document() {
    let emulator = emulator().await;
    for path in [
        "v2.0/.well-known/openid-configuration",
        "discovery/v2.0/keys",
    ] {
        let url = format!("https://login.microsoftonline.com/fabrikam.example/{path}");
        let refused = get_json(&emulator, &url).await;
        assert_refused(&refused, 400, "invalid_tenant", 90_002);
        assert!(
            refused.1["error_description"]
                .as_str()
                .is_some_and(|text| text.contains("'fabrikam.example'"))
        );
    }
}

#[tokio::test]
async fn browsers_may_ask_for_an_icon() {
    let emulator = emulator().await;
    let url = "https://login.microsoftonline.com/favicon.ico";
    let response = emulator
        .http_client()
        .get(url)
        .send()
        .await
        .expect("it answers");
    assert_eq!(response.status(), 204);
}

#[tokio::test]
async fn what_is_not_emulated_is_named() {
    let emulator = emulator().await;
    let (status, body) = get_json(
        &emulator,
        "https://login.microsoftonline.com/common/reprocess",
    )
    .await;
    assert_eq!(status, 404);
    assert!(
        body["error_description"]
            .as_str()
            .is_some_and(|text| text.contains("'/common/reprocess'")),
        "{body}"
    );
}
