use crate::setup::{Setup, access_token, status};
use azbroker_emulator::default_world;

const METHODS: [&str; 5] = [
    "getAccounts",
    "acquireTokenSilently",
    "acquireTokenInteractively",
    "removeAccount",
    "generateSignedHttpRequest",
];

#[tokio::test]
async fn what_is_no_request_is_answered_with_json_and_nothing_is_lost() {
    let setup = Setup::new().await;
    let token = setup.sign_in(default_world::ADA).await;
    let huge = "x".repeat(1024 * 1024);
    let deep = "[".repeat(100_000);
    for garbage in [
        "",
        "{",
        "null",
        "[]",
        "5",
        "\"text\"",
        "{\"authParameters\":null}",
        &huge,
        &deep,
    ] {
        for method in METHODS {
            let answer = setup.call_raw(method, garbage).await;
            let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
            assert_eq!(status(&answer), Some(6), "{method}: {answer}");
            assert!(
                answer.to_string().len() < 600,
                "{method} quotes what it was sent"
            );
        }
    }
    assert_eq!(access_token(&setup.silent().await), access_token(&token));
}

#[tokio::test]
async fn wrong_types_in_any_field_are_answered() {
    let setup = Setup::new().await;
    let fields = [
        "clientId",
        "authority",
        "requestedScopes",
        "account",
        "username",
        "redirectUri",
        "decodedClaims",
        "accessTokenToRenew",
        "password",
        "authorizationType",
        "parentWindow",
        "popParams",
        "isSignIn",
        "isTestMode",
        "uxContextHandle",
        "enrollmentId",
        "additionalQueryParametersForAuthorization",
    ];
    let values = [
        serde_json::json!(null),
        serde_json::json!(true),
        serde_json::json!(-1),
        serde_json::json!(1e300),
        serde_json::json!("text"),
        serde_json::json!([[]]),
        serde_json::json!({ "a": { "b": [] } }),
    ];
    for field in fields {
        for value in &values {
            let changed = serde_json::json!({ field: value });
            let answer = setup
                .call(
                    "acquireTokenSilently",
                    crate::setup::request(changed.clone()),
                )
                .await;
            assert!(status(&answer).is_some(), "{changed}: {answer}");
        }
    }
}

#[tokio::test]
async fn a_call_is_refused_for_what_is_large_beside_its_request() {
    let setup = Setup::new().await;
    setup.sign_in(default_world::ADA).await;
    let junk = "x".repeat(1024 * 1024);
    let request = crate::setup::request(serde_json::json!({})).to_string();
    for (interface, method) in [
        ("com.microsoft.identity.Broker1", "acquireTokenSilently"),
        ("com.microsoft.identity.Broker1", "getAccounts"),
        ("com.github.azbroker.Broker1", "getStatus"),
        ("com.github.azbroker.SignIn1", "begin"),
    ] {
        for body in [
            (&*junk, crate::setup::CORRELATION_ID, &*request),
            ("0.0", &*junk, &*request),
        ] {
            let path = "/com/microsoft/identity/broker1";
            let reply = setup
                .client
                .call_method(None::<&str>, path, Some(interface), method, &body)
                .await
                .unwrap();
            let answer: String = reply.body().deserialize().unwrap();
            let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
            assert_eq!(
                (status(&answer), crate::setup::context(&answer)),
                (Some(6), "the call is larger than any could be; send less"),
                "{method}"
            );
        }
    }
}

#[tokio::test]
async fn a_name_that_is_longer_than_any_could_be_is_refused() {
    let setup = Setup::new().await;
    let long = "x".repeat(2_000);
    let hint = serde_json::json!({ "login_hint": long });
    for (changed, said) in [
        (
            serde_json::json!({ "username": long }),
            "a username of 2000 bytes is longer than any could be",
        ),
        (
            serde_json::json!({ "account": { "username": long } }),
            "a username of 2000 bytes is longer than any could be",
        ),
        (
            serde_json::json!({ "additionalQueryParametersForAuthorization": hint }),
            "the additional query parameter 'login_hint' makes no sense; mend it or leave it out",
        ),
    ] {
        let request = crate::setup::request(changed);
        let answer = setup.call("acquireTokenSilently", request).await;
        assert_eq!(
            (status(&answer), crate::setup::context(&answer)),
            (Some(6), said)
        );
    }
}
