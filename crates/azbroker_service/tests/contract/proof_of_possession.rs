//! Tokens that only the holder of a key can use, shown to a vault that checks the proof by itself.

use crate::setup::{Setup, access_token, context, request, status};
use azbroker_emulator::default_world;
use azbroker_entra::ClientId;
use azure_core::base64::decode_url_safe;
use serde_json::{Value, json};

const SECRET: &str = "https://demo.vault.azure.net/secrets/MySecret?api-version=7.4";

#[tokio::test]
async fn a_vault_takes_the_signed_request_once_and_for_nothing_else() {
    let setup = Setup::new().await;
    setup.sign_in(default_world::ADA).await;
    let answer = proof(&setup, json!({})).await;
    assert_eq!(answer["brokerTokenResponse"]["accessTokenType"], 1);
    let signed = access_token(&answer).to_owned();
    let other_path = SECRET.replace("MySecret", "Other");
    assert_eq!(
        show(&setup, &other_path, "pop", &signed).await,
        (401, "it is for another path")
    );
    assert_eq!(show(&setup, SECRET, "pop", &signed).await, (200, ""));
    assert_eq!(
        show(&setup, SECRET, "PoP", &signed).await,
        (401, "it was used before")
    );

    let of = |changed: Value| proof(&setup, changed);
    for (changed, fault) in [
        (json!({ "httpMethod": "POST" }), "it is for another method"),
        (
            json!({ "uriHost": "other.vault.azure.net" }),
            "it is for another host",
        ),
        (
            json!({ "uriPath": "/secrets/MySecret?api-version=7.3" }),
            "it is for another query",
        ),
    ] {
        let answer = of(changed).await;
        let seen = show(&setup, SECRET, "pop", access_token(&answer)).await;
        assert_eq!(seen, (401, fault));
    }
    for right in [
        json!({ "httpMethod": "get" }),
        json!({ "uriHost": SECRET, "uriPath": null }),
        json!({ "uriPath": "/secrets/MySecret?api-version=7.4" }),
    ] {
        let answer = of(right.clone()).await;
        let seen = show(&setup, SECRET, "pop", access_token(&answer)).await;
        assert_eq!(seen, (200, ""), "{right}");
    }

    let inside = claims_of(&signed)["at"].as_str().unwrap().to_owned();
    let stolen = "the token is bound to a key, and came without proof";
    assert_eq!(show(&setup, SECRET, "Bearer", &inside).await, (401, stolen));
    let late = access_token(&of(json!({})).await).to_owned();
    setup
        .emulator
        .advance_clock(std::time::Duration::from_secs(400));
    assert_eq!(
        show(&setup, SECRET, "pop", &late).await,
        (401, "it was signed at another time")
    );
}

#[tokio::test]
async fn each_call_signs_anew_what_one_redemption_brought() {
    let setup = Setup::new().await;
    let bearer = setup.sign_in(default_world::ADA).await;
    let nonce = json!({ "nonce": "the server's", "clientClaims": r#"{"a":1}"# });
    let first = claims_of(access_token(&proof(&setup, json!({})).await));
    setup.let_pass(1);
    let again = claims_of(access_token(&proof(&setup, json!({})).await));
    let asked = claims_of(access_token(
        &proof(&setup, json!({ "nonce": "n", "clientClaims": "{}" })).await,
    ));
    assert_eq!(first["at"], again["at"]);
    assert_eq!(first["cnf"], again["cnf"], "the key is the same");
    assert_ne!(first["nonce"], again["nonce"]);
    assert_eq!(
        again["ts"].as_i64().unwrap() - first["ts"].as_i64().unwrap(),
        60
    );
    assert_eq!(
        (&asked["nonce"], &asked["client_claims"]),
        (&json!("n"), &json!("{}"))
    );
    assert_eq!(
        setup.emulator.ledger().token_requests(),
        2,
        "the sign-in and one redemption"
    );

    // The bearer token is another one, and still held.
    assert_ne!(first["at"], access_token(&bearer));
    assert_eq!(access_token(&setup.silent().await), access_token(&bearer));
    let plain = json!({ "popParams": { "authenticationScheme": "bearer", "kid": "k" } });
    let answer = setup.call("acquireTokenSilently", request(plain)).await;
    assert_eq!(access_token(&answer), access_token(&bearer));
    assert_eq!(answer["brokerTokenResponse"]["accessTokenType"], 0);
    assert_eq!(setup.emulator.ledger().token_requests(), 2);
    let spaced = setup
        .call(
            "acquireTokenSilently",
            request(json!({ "popParams": nonce })),
        )
        .await;
    assert_eq!(status(&spaced), Some(6), "{spaced}");
}

#[tokio::test]
async fn a_sign_in_brings_a_bound_token_too() {
    let setup = Setup::new().await;
    let asked = request(json!({ "popParams": parameters(json!({})) }));
    let answer = setup.call("acquireTokenInteractively", asked).await;
    assert_eq!(status(&answer), None, "{answer}");
    assert_eq!(
        show(&setup, SECRET, "pop", access_token(&answer)).await,
        (200, "")
    );
    assert_eq!(setup.emulator.ledger().token_requests(), 1);
}

#[tokio::test]
async fn a_token_for_the_programs_own_key_is_bound_to_it_and_not_signed() {
    let setup = Setup::new().await;
    setup.sign_in(default_world::ADA).await;
    // As FreeRDP has it asked: the address is the program's business then.
    let of_key = |kid: &str| {
        let parameters = json!({
            "authenticationScheme": "pop",
            "httpMethod": "POST",
            "uriHost": "ms-device-service://termsrv.wvd.microsoft.com/name/host",
            "kid": kid,
        });
        request(json!({ "popParams": parameters }))
    };
    let first = setup.call("acquireTokenSilently", of_key("key-1")).await;
    assert_eq!(first["brokerTokenResponse"]["accessTokenType"], 1);
    let claims = claims_of(access_token(&first));
    assert_eq!(claims["cnf"], json!({ "kid": "key-1" }));
    assert_eq!(
        claims["upn"],
        default_world::ADA,
        "it is the access token itself"
    );
    let second = setup.call("acquireTokenSilently", of_key("key-2")).await;
    assert_eq!(claims_of(access_token(&second))["cnf"]["kid"], "key-2");
    let again = setup.call("acquireTokenSilently", of_key("key-1")).await;
    assert_eq!(access_token(&again), access_token(&first));
    assert_eq!(setup.emulator.ledger().token_requests(), 3);
}

#[tokio::test]
async fn what_cannot_be_proved_is_refused_with_its_reason() {
    let setup = Setup::new().await;
    setup.sign_in(default_world::ADA).await;
    let asked = setup.emulator.ledger().token_requests();
    let no_host = "proof of possession: the host is none: give it as in vault.azure.net, and the path by itself";
    let long = "x".repeat(9_000);
    for (changed, text) in [
        (
            json!({ "httpMethod": "" }),
            "proof of possession: the HTTP method is missing: give it, such as GET, or leave proof of possession out",
        ),
        (
            json!({ "httpMethod": "GET /" }),
            "proof of possession: the HTTP method is none",
        ),
        (
            json!({ "httpMethod": long }),
            "proof of possession: the HTTP method is none",
        ),
        (json!({ "uriHost": "" }), no_host),
        (json!({ "uriHost": "vault.azure.net/secrets" }), no_host),
        (json!({ "uriHost": "ada@vault.azure.net" }), no_host),
        (json!({ "uriHost": "vault\nazure" }), no_host),
        (json!({ "uriHost": "vault.azure.net:port" }), no_host),
        (
            json!({ "uriHost": "ftp://vault.azure.net", "uriPath": "" }),
            "proof of possession: the host is none: give it as in vault.azure.net",
        ),
        (
            json!({ "uriHost": "https://vault.azure.net/a" }),
            "proof of possession: a whole address stands beside a path: give host and path",
        ),
        (
            json!({ "uriHost": long }),
            "proof of possession: the address is longer than any",
        ),
        (
            json!({ "uriPath": "secrets" }),
            "proof of possession: the path does not begin with a slash",
        ),
        (
            json!({ "uriPath": "/a b" }),
            "proof of possession: the path has a character that none has: write it as it stands in the request",
        ),
        (
            json!({ "nonce": "a\u{7}b" }),
            "proof of possession: the nonce has a character that none has, or is too long",
        ),
        (
            json!({ "clientClaims": long }),
            "proof of possession: the client's own claims are too long",
        ),
        (
            json!({ "kid": "k".repeat(300) }),
            "proof of possession: a key ID of 300 characters is longer than any: give the key's thumbprint",
        ),
        (
            json!({ "kid": "a b" }),
            "proof of possession: the key ID has a character that none has: give the key's thumbprint",
        ),
        (
            json!({ "authenticationScheme": "mtls" }),
            "the authentication scheme is neither 'pop' nor 'bearer'",
        ),
    ] {
        let answer = proof(&setup, changed.clone()).await;
        assert_eq!(
            (status(&answer), context(&answer)),
            (Some(6), text),
            "{changed}"
        );
    }
    for field in [
        "httpMethod",
        "uriHost",
        "uriPath",
        "nonce",
        "clientClaims",
        "kid",
        "authenticationScheme",
    ] {
        let answer = proof(&setup, json!({ field: 5 })).await;
        assert_eq!(status(&answer), Some(6), "{field}: {answer}");
    }
    assert_eq!(
        setup.emulator.ledger().token_requests(),
        asked,
        "nobody was asked"
    );
}

#[tokio::test]
async fn a_request_is_signed_without_a_token_for_an_account_that_is_held() {
    let setup = Setup::new().await;
    let token = setup.sign_in(default_world::ADA).await;
    let home = &token["brokerTokenResponse"]["account"]["homeAccountId"];
    let sign = |changed: Value| {
        let message = json!({ "clientId": ClientId::AZURE_CLI, "popParams": parameters(changed) });
        setup.call("generateSignedHttpRequest", message)
    };
    let answer = sign(json!({ "homeAccountId": home, "nonce": "n" })).await;
    let signed = answer["signedHttpRequest"].as_str().unwrap();
    let claims = claims_of(signed);
    assert_eq!(claims["at"], Value::Null);
    assert_eq!(
        (&claims["m"], &claims["u"], &claims["p"], &claims["nonce"]),
        (
            &json!("GET"),
            &json!("demo.vault.azure.net"),
            &json!("/secrets/MySecret"),
            &json!("n")
        )
    );
    // It is signed with the key that tokens are bound to, and worth nothing without one.
    let bound = claims_of(access_token(&proof(&setup, json!({})).await));
    assert_eq!(bound["cnf"], claims["cnf"]);
    assert_eq!(
        show(&setup, SECRET, "pop", signed).await,
        (401, "it has no token in it")
    );

    let other = "b0b00000-0000-4000-8000-000000000002.72f9a1c4-6d0b-4e53-9c1e-0d5a4b7c2e10";
    for (changed, number, text) in [
        (
            json!({ "homeAccountId": other }),
            19,
            "the account is not signed in to this broker; sign in",
        ),
        (json!({}), 6, "the request has no home account ID"),
        (
            json!({ "homeAccountId": home, "kid": "k" }),
            6,
            "the broker signs with its own key only: leave the key ID out",
        ),
    ] {
        let answer = sign(changed).await;
        assert_eq!((status(&answer), context(&answer)), (Some(number), text));
    }
}

fn parameters(changed: Value) -> Value {
    let mut parameters = json!({
        "httpMethod": "GET", "uriHost": "demo.vault.azure.net", "uriPath": "/secrets/MySecret",
        "nonce": "", "clientClaims": "", "homeAccountId": "",
    });
    for (name, value) in changed.as_object().unwrap() {
        parameters[name] = value.clone();
    }
    parameters
}

async fn proof(setup: &Setup, changed: Value) -> Value {
    let asked = request(json!({ "popParams": parameters(changed) }));
    setup.call("acquireTokenSilently", asked).await
}

/// Shows a token to the vault: the status, and what is wrong with the proof.
async fn show(setup: &Setup, url: &str, scheme: &str, token: &str) -> (u16, &'static str) {
    let response = setup
        .emulator
        .http_client()
        .get(url)
        .header("authorization", format!("{scheme} {token}"))
        .send()
        .await
        .unwrap();
    let status = response.status().as_u16();
    let body: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
    let message = body["error"]["message"].as_str().unwrap_or_default();
    let fault = message
        .strip_prefix("AKV10140: The proof of possession is not accepted: ")
        .map_or("", |fault| fault.trim_end_matches('.'));
    (status, fault.to_owned().leak())
}

fn claims_of(token: &str) -> Value {
    let part = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&decode_url_safe(part).unwrap()).unwrap()
}
