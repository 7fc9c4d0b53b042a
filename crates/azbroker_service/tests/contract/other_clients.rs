//! The shapes in which other open clients write their requests.

use crate::setup::{SCOPE, Setup, access_token, context, request, status};
use azbroker_emulator::default_world;
use azbroker_entra::ClientId;
use serde_json::{Value, json};

#[tokio::test]
async fn the_account_may_stand_in_either_place_or_both() {
    let setup = Setup::new().await;
    let ada = setup.sign_in(default_world::ADA).await;
    setup.let_pass(1);
    setup.sign_in(default_world::CAROL).await;
    let account = &ada["brokerTokenResponse"]["account"];
    let empty = json!({});
    for (inside, beside) in [
        (Some(account), None),
        (None, Some(account)),
        (Some(account), Some(account)),
        (Some(&Value::Null), Some(account)),
        (Some(&empty), Some(account)),
        (Some(account), Some(&Value::Null)),
    ] {
        let mut asked = request(json!({}));
        if let Some(inside) = inside {
            asked["authParameters"]["account"] = inside.clone();
        }
        if let Some(beside) = beside {
            asked["account"] = beside.clone();
        }
        let answer = setup.call("acquireTokenSilently", asked).await;
        assert_eq!(
            access_token(&answer),
            access_token(&ada),
            "{inside:?} {beside:?}"
        );
    }
}

#[tokio::test]
async fn what_is_left_out_or_null_or_of_a_strange_type_is_not_missed() {
    let setup = Setup::new().await;
    let first = setup.sign_in(default_world::ADA).await;
    for (field, value) in [
        ("redirectUri", json!("6f0d5b0e-0000-4000-8000-000000000000")),
        ("redirectUri", json!(null)),
        ("isSignIn", json!(null)),
        ("isSignIn", json!("true")),
        ("isTestMode", json!(null)),
        ("uxContextHandle", json!(null)),
        ("uxContextHandle", json!("-1")),
        ("parentWindow", json!(7)),
        ("parentWindow", json!({ "handle": null })),
        ("popParams", json!(null)),
        ("enrollmentId", json!(null)),
        ("additionalQueryParametersForAuthorization", json!([])),
        (
            "additionalQueryParametersForAuthorization",
            json!({ "a": { "b": 1 } }),
        ),
        ("authorizationType", json!("1")),
        ("password", json!(null)),
        ("somethingNew", json!([null])),
    ] {
        let answer = setup
            .call("acquireTokenSilently", request(json!({ field: value })))
            .await;
        assert_eq!(status(&answer), None, "{field}: {value}: {answer}");
        assert_eq!(access_token(&answer), access_token(&first));
    }
    let mut asked = request(json!({}));
    asked["parentWindowHandle"] = json!("not a number");
    let answer = setup.call("acquireTokenSilently", asked).await;
    assert_eq!(access_token(&answer), access_token(&first));
}

#[tokio::test]
async fn both_requests_for_a_cookie_are_told_that_the_device_is_not_registered() {
    let setup = Setup::new().await;
    let ada = setup.sign_in(default_world::ADA).await;
    let account = &ada["brokerTokenResponse"]["account"];
    let url = "https://login.microsoftonline.com/?sso_nonce=x";
    let parameters = json!({
        "account": account, "authorizationType": 8, "clientId": ClientId::AZURE_CLI,
        "authority": "https://login.microsoftonline.com/common", "requestedScopes": [SCOPE], "ssoUrl": url,
    });
    for cookie in [
        json!({ "ssoUrl": url, "account": account, "authParameters": { "authority": "x" } }),
        json!({ "ssoUrl": url, "mamEnrollment": false, "account": account, "authParameters": parameters }),
        json!({ "authParameters": parameters }),
        json!({ "ssoUrl": null, "account": null, "authParameters": null }),
        json!({}),
    ] {
        let answer = setup.call("acquirePrtSsoCookie", cookie).await;
        assert_eq!(
            (status(&answer), context(&answer)),
            (
                Some(17),
                "this machine is not registered with Entra ID, so the broker has no SSO cookie to give"
            )
        );
        assert_eq!(answer["error"], answer["brokerTokenResponse"]["error"]);
        assert!(answer["cookieContent"].is_null() && answer["cookieItems"].is_null());
    }
    for broken in ["{", "\"text\"", "5"] {
        let answer = setup.call_raw("acquirePrtSsoCookie", broken).await;
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(status(&answer), Some(6), "{broken}");
    }
}

#[tokio::test]
async fn an_account_is_removed_by_the_little_that_clients_say() {
    let home = format!(
        "{}.{}",
        default_world::ADA_OBJECT_ID,
        default_world::TENANT_ID
    );
    for account in [
        json!({ "homeAccountId": home }),
        json!({ "username": "ADA@contoso.example", "homeAccountId": null }),
        json!({ "username": default_world::ADA, "environment": "sts.windows.net" }),
        json!({ "homeAccountId": home, "environment": "login.windows.net", "realm": 5 }),
    ] {
        let setup = Setup::new().await;
        setup.sign_in(default_world::ADA).await;
        setup.sign_in(default_world::CAROL).await;
        let answer = setup
            .call("removeAccount", json!({ "account": account }))
            .await;
        assert_eq!(answer["removed"], true, "{account}");
        assert_eq!(setup.accounts().await, [default_world::CAROL]);
        let again = setup
            .call("removeAccount", json!({ "account": account }))
            .await;
        assert_eq!(again["removed"], false, "{account}");
    }
}

#[tokio::test]
async fn nothing_is_removed_for_a_request_that_says_too_little() {
    let setup = Setup::new().await;
    setup.sign_in(default_world::ADA).await;
    for (account, text) in [
        (
            json!({}),
            "the account has neither a home account ID nor a username",
        ),
        (
            json!({ "realm": default_world::TENANT_ID, "localAccountId": default_world::ADA_OBJECT_ID }),
            "the account has neither a home account ID nor a username",
        ),
        (
            json!({ "homeAccountId": "one-part" }),
            "the account's home account ID has not two parts",
        ),
    ] {
        let answer = setup
            .call("removeAccount", json!({ "account": account }))
            .await;
        assert_eq!((status(&answer), context(&answer)), (Some(6), text));
    }
    let elsewhere =
        json!({ "username": default_world::ADA, "environment": "login.microsoftonline.us" });
    let answer = setup
        .call("removeAccount", json!({ "account": elsewhere }))
        .await;
    assert_eq!(answer["removed"], false);
    assert_eq!(setup.accounts().await, [default_world::ADA]);
}

#[tokio::test]
async fn the_version_is_told_to_whoever_asks_in_whatever_way() {
    let setup = Setup::new().await;
    for asked in [
        "",
        "{",
        "null",
        r#"{"msalCppVersion":"12.0.2"}"#,
        "anything",
    ] {
        let answer = setup.call_raw("getLinuxBrokerVersion", asked).await;
        assert!(answer.contains(env!("CARGO_PKG_VERSION")), "{answer}");
    }
}

#[tokio::test]
async fn of_additional_query_parameters_the_known_ones_alone_reach_the_page() {
    let setup = Setup::new().await;
    let ask = async |method, parameters: Value| {
        let changed = json!({ "additionalQueryParametersForAuthorization": parameters });
        setup.call(method, request(changed)).await
    };
    let answer = ask(
        "acquireTokenInteractively",
        json!({
            "max_age": "0",
            "slice": "testslice",
            "login_hint": default_world::ADA,
            "instance_aware": "true",
            "state": "mine",
            "redirect_uri": "https://evil.example",
            "x-client-xtra-sku": "|,|0.20.7",
        }),
    )
    .await;
    assert_eq!(status(&answer), None, "{answer}");
    let page = setup.user.opened().last().unwrap().clone();
    let values = |wanted: &str| -> Vec<String> {
        let pairs = page.query_pairs();
        let of_name = pairs.filter(|(name, _)| name == wanted);
        of_name.map(|(_, value)| value.into_owned()).collect()
    };
    assert_eq!(values("max_age"), ["0"]);
    assert_eq!(values("slice"), ["testslice"]);
    assert_eq!(values("login_hint"), [default_world::ADA]);
    for left_out in ["instance_aware", "x-client-xtra-sku"] {
        assert!(values(left_out).is_empty(), "{page}");
    }
    for own in ["state", "redirect_uri"] {
        assert_eq!(values(own).len(), 1, "{page}");
    }
    assert!(!page.as_str().contains("evil.example") && values("state") != ["mine"]);

    for refused in ["prompt", "domain_hint", "nonce", "dc"] {
        let answer = ask("acquireTokenInteractively", json!({ refused: "x" })).await;
        let said =
            format!("the additional query parameter '{refused}' is not allowed; leave it out");
        assert_eq!((status(&answer), context(&answer)), (Some(6), &*said));
    }
    for (name, value) in [("max_age", "soon"), ("slice", "a&b=c")] {
        let answer = ask("acquireTokenInteractively", json!({ name: value })).await;
        let said = format!(
            "the additional query parameter '{name}' makes no sense; mend it or leave it out"
        );
        assert_eq!((status(&answer), context(&answer)), (Some(6), &*said));
    }
    let silent = ask("acquireTokenSilently", json!({ "max_age": "0" })).await;
    assert_eq!(access_token(&silent), access_token(&answer));
    // Who is to be seen at the page is not answered by what is held.
    let again = ask("acquireTokenInteractively", json!({ "max_age": "0" })).await;
    assert_eq!(status(&again), None, "{again}");
    assert_ne!(access_token(&again), access_token(&silent));
}
