//! The public cloud and the national ones, with the same people in each: only the host tells them apart.

use crate::setup::{Setup, access_token, context, request, status};
use azbroker_emulator::default_world;
use azure_core::base64::decode_url_safe;
use serde_json::{Value, json};

/// A host of each cloud, by each of its names, and the one name its accounts go by.
const HOSTS: [(&str, &str); 12] = [
    ("login.microsoftonline.com", "login.microsoftonline.com"),
    ("login.windows.net", "login.microsoftonline.com"),
    ("login.microsoft.com", "login.microsoftonline.com"),
    ("sts.windows.net", "login.microsoftonline.com"),
    ("login.microsoftonline.us", "login.microsoftonline.us"),
    ("login.usgovcloudapi.net", "login.microsoftonline.us"),
    ("login-us.microsoftonline.com", "login.microsoftonline.us"),
    (
        "login.partner.microsoftonline.cn",
        "login.partner.microsoftonline.cn",
    ),
    ("login.chinacloudapi.cn", "login.partner.microsoftonline.cn"),
    ("login.sovcloud-identity.fr", "login.sovcloud-identity.fr"),
    ("login.sovcloud-identity.de", "login.sovcloud-identity.de"),
    ("login.sovcloud-identity.sg", "login.sovcloud-identity.sg"),
];

#[tokio::test]
async fn every_clouds_authority_is_asked_at_its_own_host() {
    let setup = Setup::new().await;
    for (host, environment) in HOSTS {
        // Whoever is named goes straight to Entra ID; else the account held by another name would be chosen.
        let named = json!({
            "authority": format!("https://{host}/organizations"),
            "username": default_world::ADA,
        });
        let answer = setup
            .call("acquireTokenInteractively", request(named))
            .await;
        assert_eq!(status(&answer), None, "{host}: {answer}");
        assert_eq!(
            answer["brokerTokenResponse"]["account"]["environment"],
            environment
        );
        let entries = setup.emulator.ledger().entries();
        assert_eq!(
            entries.last().unwrap().host,
            host,
            "where the code was redeemed"
        );
        assert_eq!(setup.user.opened().last().unwrap().host_str(), Some(host));
    }
    // One account for each cloud, by whatever name it signed in.
    assert_eq!(setup.accounts().await, [default_world::ADA; 6]);
}

#[tokio::test]
async fn the_account_of_one_cloud_never_answers_for_another() {
    let setup = Setup::new().await;
    let public = setup.sign_in(default_world::ADA).await;
    let account = public["brokerTokenResponse"]["account"].clone();
    for (host, environment) in HOSTS {
        let answer = at(
            &setup,
            "acquireTokenSilently",
            host,
            default_world::TENANT_ID,
        )
        .await;
        let expected = (environment != "login.microsoftonline.com").then_some(2);
        assert_eq!(status(&answer), expected, "{host}: {answer}");
        let named = json!({ "account": account, "authority": format!("https://{host}/common") });
        let answer = setup.call("acquireTokenSilently", request(named)).await;
        assert_eq!(status(&answer), expected, "{host}: {answer}");
    }

    let gov = "login.microsoftonline.us";
    let first = at(&setup, "acquireTokenInteractively", gov, "organizations").await;
    assert_eq!(
        issuer(&first),
        format!("https://{gov}/{}/", default_world::TENANT_ID)
    );
    for (host, token) in [(gov, &first), ("login.microsoftonline.com", &public)] {
        let answer = at(&setup, "acquireTokenSilently", host, "organizations").await;
        assert_eq!(access_token(&answer), access_token(token), "{host}");
        // Its refresh token is redeemed where it came from: another cloud would refuse it.
        let renew = json!({
            "authority": format!("https://{host}/organizations"),
            "accessTokenToRenew": access_token(token),
        });
        let answer = setup.call("acquireTokenSilently", request(renew)).await;
        assert_eq!(status(&answer), None, "{host}: {answer}");
        assert_eq!(issuer(&answer), issuer(token));
    }
    assert!(setup.sign_out(&public).await);
    let answer = at(&setup, "acquireTokenSilently", gov, "organizations").await;
    assert_eq!(
        status(&answer),
        None,
        "the other cloud's account is still there"
    );
}

#[tokio::test]
async fn sign_ins_to_two_clouds_at_once_share_nothing() {
    let setup = Setup::new().await;
    let hosts = ["login.microsoftonline.com", "login.microsoftonline.us"];
    let interactively = |host| {
        let named = json!({
            "authority": format!("https://{host}/organizations"),
            "username": default_world::ADA,
        });
        setup.call("acquireTokenInteractively", request(named))
    };
    let (public, gov) = tokio::join!(interactively(hosts[0]), interactively(hosts[1]));
    for (host, answer) in [(hosts[0], &public), (hosts[1], &gov)] {
        assert_eq!(status(answer), None, "{host}: {answer}");
        let account = &answer["brokerTokenResponse"]["account"];
        assert_eq!(account["environment"], host);
        let issuer = issuer(answer);
        let is_public = issuer.starts_with("https://sts.windows.net/")
            || issuer.starts_with("https://login.microsoftonline.com/");
        assert_eq!(is_public, host == hosts[0], "{host}: {issuer}");
    }
}

#[tokio::test]
async fn an_authority_of_many_tenants_means_the_accounts_own() {
    let setup = Setup::new().await;
    let first = setup.sign_in(default_world::ADA).await;
    for tenant in [
        "organizations",
        "common",
        default_world::TENANT_ID,
        "Organizations",
    ] {
        let answer = at(
            &setup,
            "acquireTokenSilently",
            "login.microsoftonline.com",
            tenant,
        )
        .await;
        assert_eq!(access_token(&answer), access_token(&first), "{tenant}");
    }
    assert_eq!(setup.emulator.ledger().token_requests(), 1);
}

#[tokio::test]
async fn the_pre_production_cloud_is_nobody_known() {
    let setup = Setup::new().await;
    let answer = at(
        &setup,
        "acquireTokenSilently",
        "login.windows-ppe.net",
        "common",
    )
    .await;
    assert_eq!(
        (status(&answer), context(&answer)),
        (
            Some(11),
            "'login.windows-ppe.net' is no authority host of a known cloud; to trust it, list it under `authority-hosts` in config.toml and start the broker again, or start it with `--authority-host login.windows-ppe.net`"
        )
    );
}

async fn at(setup: &Setup, method: &str, host: &str, tenant: &str) -> Value {
    let authority = format!("https://{host}/{tenant}");
    setup
        .call(method, request(json!({ "authority": authority })))
        .await
}

fn issuer(answer: &Value) -> String {
    let part = access_token(answer).split('.').nth(1).unwrap();
    let claims: Value = serde_json::from_slice(&decode_url_safe(part).unwrap()).unwrap();
    claims["iss"].as_str().unwrap().to_owned()
}
