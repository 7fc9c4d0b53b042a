use std::time::Duration;

use azbroker_emulator::{Fault, Outcome, Target, default_world::*};

use crate::harness::*;

fn refusal() -> Fault {
    Fault::Oauth {
        error: "interaction_required".into(),
        aadsts: 50_076,
        suberror: Some("basic_action".into()),
        claims: Some(r#"{"access_token":{"acrs":{"essential":true,"value":"c1"}}}"#.into()),
    }
}

#[tokio::test]
async fn a_planned_status_comes_as_often_as_planned() {
    let emulator = emulator().await;
    let fault = Fault::Status {
        code: 429,
        retry_after: Some(Duration::from_secs(2)),
    };
    emulator.faults().next(2, Target::Token, fault);
    let post = || {
        emulator
            .http_client()
            .post(format!("{AUTHORITY}/oauth2/v2.0/token"))
            .form(&[("x", "y")])
            .send()
    };
    for _ in 0..2 {
        let answer = post().await.expect("an answer");
        assert_eq!(
            (
                answer.status().as_u16(),
                answer.headers()["retry-after"].to_str().expect("text")
            ),
            (429, "2")
        );
        assert!(answer.headers().contains_key("date"));
    }
    assert_eq!(post().await.expect("an answer").status(), 400);
    assert_eq!(
        emulator
            .ledger()
            .count(|entry| entry.outcome == Outcome::Fault),
        2
    );
    assert_eq!(emulator.ledger().token_requests(), 3);
}

#[tokio::test]
async fn a_fault_hits_its_target_alone() {
    let emulator = emulator().await;
    emulator.faults().next(
        1,
        Target::Token,
        Fault::Status {
            code: 503,
            retry_after: None,
        },
    );
    let (status, _) = get_json(&emulator, &format!("{AUTHORITY}/discovery/v2.0/keys")).await;
    assert_eq!(status, 200);
    emulator.faults().next(1, Target::Any, Fault::Drop);
    emulator.faults().clear();
    assert_eq!(
        get_json(&emulator, &format!("{AUTHORITY}/discovery/v2.0/keys"))
            .await
            .0,
        200
    );
    assert_eq!(token_request(&emulator, AUTHORITY, &[]).await.0, 400);
}

#[tokio::test]
async fn a_planned_refusal_has_all_its_fields() {
    let emulator = emulator().await;
    emulator.faults().next(1, Target::Token, refusal());
    let refused = token_request(&emulator, AUTHORITY, &[("x", "y")]).await;
    assert_refused(&refused, 400, "interaction_required", 50_076);
    assert_eq!(refused.1["suberror"], "basic_action");
    assert!(
        refused.1["claims"]
            .as_str()
            .is_some_and(|claims| claims.contains("acrs"))
    );
    assert_eq!(emulator.ledger().entries()[0].aadsts(), Some(50_076));
}

#[tokio::test]
async fn a_vault_can_ask_for_claims() {
    let emulator = emulator().await;
    let token = vault_token(&emulator, ADA).await;
    let fault = Fault::Oauth {
        error: "insufficient_claims".into(),
        aadsts: 0,
        suberror: None,
        claims: Some(r#"{"access_token":{"nbf":{"essential":true}}}"#.into()),
    };
    emulator.faults().next(1, Target::Vault, fault);
    let url = format!("{VAULT_URL}/secrets/{SECRET_NAME}?api-version=7.4");
    let get = || emulator.http_client().get(&url).bearer_auth(&token).send();
    let answer = get().await.expect("an answer");
    assert_eq!(answer.status(), 401);
    let challenge = answer.headers()["www-authenticate"].to_str().expect("text");
    assert!(
        challenge.contains("error=\"insufficient_claims\""),
        "{challenge}"
    );
    assert!(
        challenge
            .contains("claims=\"eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7ImVzc2VudGlhbCI6dHJ1ZX19fQ==\""),
        "{challenge}"
    );
    assert_eq!(get().await.expect("an answer").status(), 200);
}

#[tokio::test]
async fn a_dropped_request_gets_no_answer() {
    let emulator = emulator().await;
    // Twice, because a client may try again on a fresh connection by itself.
    emulator.faults().next(2, Target::Token, Fault::Drop);
    let post = || {
        emulator
            .http_client()
            .post(format!("{AUTHORITY}/oauth2/v2.0/token"))
            .form(&[("x", "y")])
            .send()
    };
    assert!(post().await.is_err());
    assert_eq!(emulator.ledger().entries()[0].status, None);
}

#[tokio::test]
async fn a_lost_answer_did_its_work() {
    let emulator = emulator().await;
    let tokens = App::listen().await.tokens(&emulator, ADA, &[]).await;
    let token = tokens["refresh_token"]
        .as_str()
        .expect("a refresh token")
        .to_owned();
    let issued = emulator.ledger().secrets().len();
    emulator.faults().next(1, Target::Token, Fault::LoseAnswer);
    let form = [
        ("client_id", AZURE_CLI_CLIENT_ID),
        ("grant_type", "refresh_token"),
        ("refresh_token", &*token),
    ];
    let lost = emulator
        .http_client()
        .post(format!("{AUTHORITY}/oauth2/v2.0/token"))
        .form(&form)
        .send()
        .await;
    assert!(lost.is_err());
    assert!(emulator.ledger().secrets().len() > issued);
    assert_eq!(refresh(&emulator, &token, &[]).await.0, 200);
}

#[tokio::test]
async fn a_hanging_request_is_in_the_ledger_at_once() {
    let emulator = emulator().await;
    emulator.faults().next(1, Target::Vault, Fault::Hang);
    let request = emulator
        .http_client()
        .get(format!("{VAULT_URL}/secrets"))
        .send();
    let seen = emulator.ledger().wait_for(|entries| !entries.is_empty());
    tokio::select! {
        answer = request => panic!("it was answered: {answer:?}"),
        entries = seen => assert_eq!((entries[0].status, &entries[0].outcome), (None, &Outcome::Fault)),
    }
}

#[tokio::test]
async fn a_delayed_request_is_answered() {
    let emulator = emulator().await;
    emulator
        .faults()
        .next(1, Target::Discovery, Fault::Delay(Duration::from_millis(1)));
    assert_eq!(
        get_json(&emulator, &format!("{AUTHORITY}/discovery/v2.0/keys"))
            .await
            .0,
        200
    );
}
