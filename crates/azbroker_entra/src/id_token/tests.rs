use super::*;
use crate::Tenant;
use serde_json::{Value, json};

const CLIENT: &str = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";
const TENANT: &str = "5f2b1c58-1d3a-4e0f-9a7d-1b2c3d4e5f60";
const OTHER_TENANT: &str = "6a3c2d69-2e4b-4f10-8b8e-2c3d4e5f6071";
const NOW: i64 = 1_800_000_000;

/// A token that is as it should be but for what is changed; `null` takes a claim away.
fn token(changed: &Value) -> Result<IdTokenClaims> {
    let mut claims = json!({
        "aud": CLIENT,
        "iss": format!("https://login.microsoftonline.com/{TENANT}/v2.0"),
        "exp": NOW + 3600,
        "nonce": "n-1",
        "oid": "0a1b2c3d-0000-4000-8000-000000000001",
        "tid": TENANT,
        "preferred_username": "ada@contoso.example",
    });
    let all = claims.as_object_mut().unwrap();
    for (name, value) in changed.as_object().unwrap() {
        match value {
            Value::Null => drop(all.remove(name)),
            value => drop(all.insert(name.clone(), value.clone())),
        }
    }
    let payload = URL_SAFE_NO_PAD.encode(claims.to_string());
    IdToken::new(format!("e30.{payload}.c2ln")).claims()
}

fn checked(changed: &Value, authority: &str) -> std::result::Result<(), String> {
    let now = OffsetDateTime::from_unix_timestamp(NOW).unwrap();
    let client_id = ClientId::parse(CLIENT).unwrap();
    let authority = Authority::parse(authority).unwrap();
    token(changed)
        .and_then(|claims| claims.check(&authority, &client_id, now))
        .map_err(|error| error.to_string())
}

const ORGANIZATIONS: &str = "https://login.microsoftonline.com/organizations";

#[test]
fn a_token_that_is_as_it_should_be_passes() {
    let own_tenant = format!("https://login.microsoftonline.com/{TENANT}");
    let by_alias = json!({ "iss": format!("https://login.windows.net/{TENANT}/v2.0") });
    for (changed, authority) in [
        (json!({}), ORGANIZATIONS),
        (json!({}), own_tenant.as_str()),
        (
            json!({}),
            "https://login.microsoftonline.com/contoso.example",
        ),
        (by_alias, ORGANIZATIONS),
        (json!({ "aud": CLIENT.to_uppercase() }), ORGANIZATIONS),
        (json!({ "exp": NOW - 299 }), ORGANIZATIONS),
    ] {
        assert_eq!(checked(&changed, authority), Ok(()), "{changed}");
    }
}

#[test]
fn a_token_with_one_wrong_claim_says_which() {
    let other_application = "the ID token is for another application";
    let other_authority = "the ID token is from another authority";
    let nobody = "the ID token does not say who signed in";
    let unreadable = "the ID token's claims cannot be read";
    let issuer = |text: &str| json!({ "iss": text });
    for (changed, fault) in [
        (json!({ "aud": OTHER_TENANT }), other_application),
        (json!({ "aud": "" }), other_application),
        (json!({ "aud": null }), unreadable),
        (json!({ "aud": [CLIENT, OTHER_TENANT] }), unreadable),
        (issuer("https://login.evil.example/x/v2.0"), other_authority),
        (
            issuer(&format!("https://login.evil.example/{TENANT}/v2.0")),
            other_authority,
        ),
        (
            issuer(&format!(
                "https://login.microsoftonline.com:444/{TENANT}/v2.0"
            )),
            other_authority,
        ),
        (
            issuer(&format!("https://login.microsoftonline.us/{TENANT}/v2.0")),
            other_authority,
        ),
        (
            issuer(&format!(
                "https://login.microsoftonline.com/{OTHER_TENANT}/v2.0"
            )),
            other_authority,
        ),
        (
            issuer(&format!(
                "https://login.microsoftonline.com.evil.example/{TENANT}/v2.0"
            )),
            other_authority,
        ),
        (issuer("no URL"), other_authority),
        (json!({ "iss": null }), unreadable),
        (json!({ "exp": NOW - 301 }), "the ID token has expired"),
        (json!({ "exp": i64::MIN }), "the ID token has expired"),
        (json!({ "exp": null }), unreadable),
        (json!({ "exp": "never" }), unreadable),
        (json!({ "oid": null }), nobody),
        (json!({ "preferred_username": "" }), nobody),
    ] {
        let said = checked(&changed, ORGANIZATIONS);
        let expected = format!("the authority's answer makes no sense: {fault}");
        assert_eq!(said, Err(expected), "{changed}");
    }
}

#[test]
fn a_token_of_another_tenant_than_the_one_asked_is_refused() {
    let other = Authority::parse(ORGANIZATIONS)
        .unwrap()
        .with_tenant(Tenant::parse(OTHER_TENANT).unwrap());
    assert_eq!(
        checked(&json!({}), &other.to_string()),
        Err(
            "the authority's answer makes no sense: the ID token is from another authority"
                .to_owned()
        )
    );
}

#[test]
fn a_nonce_must_be_the_one_of_this_sign_in() {
    assert!(token(&json!({})).unwrap().check_nonce("n-1").is_ok());
    for (changed, asked) in [
        (json!({}), "n-2"),
        (json!({}), ""),
        (json!({ "nonce": null }), "n-1"),
        (json!({ "nonce": "" }), "n-1"),
        (json!({ "nonce": "N-1" }), "n-1"),
    ] {
        let error = token(&changed).unwrap().check_nonce(asked).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the authority's answer makes no sense: the ID token answers another sign-in"
        );
    }
}

#[test]
fn what_is_no_token_is_not_read() {
    for text in ["", "a.b", "a.b.c.d", "e30.!!!.c2ln", "e30.e30.c2ln"] {
        assert!(IdToken::new(text.to_owned()).claims().is_err(), "{text}");
    }
}
