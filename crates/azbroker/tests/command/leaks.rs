//! No secret shows where it has no business, whatever is printed at the highest level.
//!
//! The emulator's ledger knows every secret that there is: passwords, codes, verifiers, tokens, vault values.

use crate::surroundings::{Surroundings, end};
use azbroker_emulator::{Behavior, KnownSecret, SecretKind, default_world};

#[test]
fn nothing_printed_at_the_highest_level_holds_a_secret() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let world = Surroundings::new(&runtime);
    let (broker, said_by_broker) = world.broker();

    let scope = ["--scope", "https://vault.azure.net/.default"];
    let mut said = String::new();
    let mut printed = Vec::new();
    let mut run = |arguments: &[&str], expected: i32| {
        let output = world.azbroker(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(expected), "{output:?}");
        said.push_str(&String::from_utf8_lossy(&output.stderr));
        printed.push(String::from_utf8_lossy(&output.stdout).into_owned());
    };
    run(&["token", scope[0], scope[1]], 3);
    run(&["login"], 0);
    run(&["token", scope[0], scope[1]], 0);
    run(&["key-vault-secret"], 0);
    run(&["accounts", "--output", "json"], 0);
    let replies = runtime.block_on(replies(&world));
    world.user.lock().unwrap().behavior = Behavior::Decline;
    run(&["login"], 3);
    world
        .emulator
        .faults()
        .revoke_refresh_tokens(default_world::ADA);
    run(
        &[
            "token",
            scope[0],
            "https://graph.microsoft.com/.default",
            "--interactive",
        ],
        3,
    );
    run(&["logout", "--all"], 0);

    end(broker);
    said.push_str(&said_by_broker.join().unwrap());
    assert!(
        said.contains("TRACE") && said.len() > 20_000,
        "the highest level says a lot"
    );

    let token = printed[2].trim().to_owned();
    let printed = printed.concat();
    let secrets = world.emulator.ledger().secrets();
    assert!(secrets.len() > 10, "{}", secrets.len());
    for kind in [
        SecretKind::Password,
        SecretKind::AuthorizationCode,
        SecretKind::CodeVerifier,
        SecretKind::RefreshToken,
        SecretKind::AccessToken,
        SecretKind::IdToken,
        SecretKind::VaultValue,
    ] {
        assert!(
            secrets.iter().any(|secret| secret.kind == kind),
            "{kind:?} was in play"
        );
    }
    for KnownSecret { kind, value, .. } in &secrets {
        // A reply has the access token asked for, and the ID token that clients build the account from.
        let may_travel = *value == token || *kind == SecretKind::IdToken;
        assert!(
            may_travel || !replies.contains(value.as_str()),
            "a {kind:?} was in a reply"
        );
        assert!(
            !said.contains(value.as_str()),
            "a {kind:?} was said{}",
            around(&said, value)
        );
        // A token consists of parts that would do as well.
        for part in value
            .split('.')
            .filter(|part| part.len() > 40 && !part.starts_with("eyJhbGci"))
        {
            assert!(!said.contains(part), "part of a {kind:?} was said");
        }
        let asked_for = *value == token || *kind == SecretKind::VaultValue;
        assert!(
            asked_for || !printed.contains(value.as_str()),
            "a {kind:?} was printed"
        );
    }
}

/// What the broker answers to each method, as a plain client of the bus sees it.
async fn replies(world: &Surroundings) -> String {
    let client = world.bus_client().await;
    let parameters = serde_json::json!({ "authParameters": {
        "clientId": default_world::AZURE_CLI_CLIENT_ID,
        "authority": "https://login.microsoftonline.com/organizations",
        "requestedScopes": ["https://vault.azure.net/.default"],
    }});
    let mut replies = String::new();
    for method in [
        "getAccounts",
        "acquireTokenSilently",
        "getLinuxBrokerVersion",
        "acquirePrtSsoCookie",
        "generateSignedHttpRequest",
        "cancelInteractiveFlow",
    ] {
        let request = match method {
            "getAccounts" => r#"{"clientId":"x"}"#.to_owned(),
            _ => parameters.to_string(),
        };
        let reply = client
            .call_method(
                Some("com.microsoft.identity.broker1"),
                "/com/microsoft/identity/broker1",
                Some("com.microsoft.identity.Broker1"),
                method,
                &("0.0", "", request),
            )
            .await
            .unwrap();
        replies.push_str(reply.body().deserialize().unwrap());
    }
    assert!(
        replies.contains("accessToken") && replies.contains("homeAccountId"),
        "{replies}"
    );
    replies
}

/// Where it was said, without the secret.
fn around(said: &str, secret: &str) -> String {
    let line = said
        .lines()
        .find(|line| line.contains(secret))
        .unwrap_or_default();
    let line = line.replace(secret, "<secret>");
    format!(": {}", line.chars().take(400).collect::<String>())
}
