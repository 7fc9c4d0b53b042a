use crate::{
    Error, ErrorKind, InteractiveBrowserCredential, InteractiveBrowserCredentialOptions,
    test_broker::{
        ADA, BOB, Instead, STORAGE, TestBroker, VAULT, account, noon, with_default_account,
    },
};
use azbroker_protocol::{Status, TokenResponse, WireSecret};
use azure_core::{
    credentials::{AccessToken, TokenCredential},
    time::Duration,
};
use std::sync::Arc;
use tokio::task::JoinSet;

const SILENT: &str = "acquireTokenSilently";
const INTERACTIVE: &str = "acquireTokenInteractively";

async fn token(credential: &InteractiveBrowserCredential, scope: &str) -> String {
    let token = credential.get_token(&[scope], None).await.unwrap();
    token.token.secret().to_owned()
}

fn kind(result: azure_core::Result<AccessToken>) -> ErrorKind {
    Error::find(&result.unwrap_err()).unwrap().kind()
}

fn spawn(
    tasks: &mut JoinSet<azure_core::Result<AccessToken>>,
    credential: &Arc<InteractiveBrowserCredential>,
    scope: &'static str,
) {
    let credential = credential.clone();
    tasks.spawn(async move { credential.get_token(&[scope], None).await });
}

#[tokio::test]
async fn the_default_account_is_silent_and_the_second_token_comes_from_the_cache() {
    let broker = TestBroker::holding(&[BOB, ADA]).await;
    let credential = broker.credential(with_default_account());
    assert_eq!(token(&credential, VAULT).await, "access-token-1");
    assert_eq!(token(&credential, VAULT).await, "access-token-1");
    assert_eq!(token(&credential, STORAGE).await, "access-token-2");
    assert_eq!(broker.methods(), [SILENT, SILENT]);
    // The first answer said who it is; the second request asks for nobody else.
    let asked = broker.calls()[1].request().account().cloned();
    assert_eq!(asked.unwrap().username, BOB);
}

#[tokio::test]
async fn silence_that_does_not_work_leads_to_one_sign_in_and_silence_after_it() {
    let broker = TestBroker::holding(&[]).await;
    let credential = broker.credential(with_default_account());
    token(&credential, VAULT).await;
    token(&credential, VAULT).await;
    token(&credential, STORAGE).await;
    assert_eq!(broker.methods(), [SILENT, INTERACTIVE, SILENT]);
    let ids: Vec<_> = broker
        .calls()
        .into_iter()
        .map(|c| c.correlation_id)
        .collect();
    assert_eq!(ids[0], ids[1]);
    assert_ne!(ids[1], ids[2]);
}

#[tokio::test]
async fn without_the_default_account_the_user_is_asked_at_once() {
    let broker = TestBroker::holding(&[ADA]).await;
    let credential = broker.credential(InteractiveBrowserCredentialOptions::default());
    token(&credential, VAULT).await;
    assert_eq!(broker.methods(), [INTERACTIVE]);
}

#[tokio::test]
async fn a_login_hint_is_silent_where_the_broker_holds_the_account() {
    let broker = TestBroker::holding(&[BOB, ADA]).await;
    let credential = broker.credential(InteractiveBrowserCredentialOptions {
        login_hint: Some(ADA.to_owned()),
        ..Default::default()
    });
    token(&credential, VAULT).await;
    assert_eq!(broker.methods(), [SILENT]);
    assert_eq!(broker.calls()[0].request().auth_parameters.username, ADA);
}

#[tokio::test]
async fn only_what_a_sign_in_can_cure_leads_to_one() {
    for (status, asks) in [
        (Status::InteractionRequired, true),
        (Status::AccountUnusable, true),
        (Status::AccountNotFound, true),
        (Status::UserCanceled, false),
        (Status::ApplicationCanceled, false),
        (Status::NoNetwork, false),
        (Status::ServerTemporarilyUnavailable, false),
        (Status::IncorrectConfiguration, false),
        (Status::ApiContractViolation, false),
        (Status::AuthorityUntrusted, false),
        (Status::Unexpected, false),
    ] {
        let broker = TestBroker::holding(&[]).await;
        broker.fail(status);
        let credential = broker.credential(with_default_account());
        let result = credential.get_token(&[VAULT], None).await;
        assert_eq!(result.is_ok(), asks, "{status}");
        assert_eq!(broker.methods().len(), if asks { 2 } else { 1 }, "{status}");
    }
}

#[tokio::test]
async fn answers_that_make_no_sense_do_not_lead_to_a_sign_in() {
    for instead in [Instead::Reply("{}".to_owned()), Instead::DropConnection] {
        let broker = TestBroker::holding(&[]).await;
        broker.instead(instead);
        let credential = broker.credential(with_default_account());
        credential.get_token(&[VAULT], None).await.unwrap_err();
        assert_eq!(broker.methods(), [SILENT]);
    }
}

#[tokio::test]
async fn the_user_is_not_asked_where_the_application_forbids_it() {
    let broker = TestBroker::holding(&[]).await;
    let credential = broker.credential(InteractiveBrowserCredentialOptions {
        disable_automatic_authentication: true,
        ..with_default_account()
    });
    let error = credential.get_token(&[VAULT], None).await.unwrap_err();
    let error = Error::find(&error).unwrap();
    assert_eq!(error.kind(), ErrorKind::InteractionRequired);
    assert!(error.is_signed_out());
    assert_eq!(error.to_string(), "nobody is signed in");
    assert_eq!(broker.methods(), [SILENT]);

    let record = credential.authenticate(&[VAULT], None).await.unwrap();
    assert_eq!(record.username(), ADA);
    token(&credential, VAULT).await;
    token(&credential, STORAGE).await;
    assert_eq!(broker.methods(), [SILENT, INTERACTIVE, SILENT]);
}

#[tokio::test]
async fn a_record_finds_the_account_again() {
    let broker = TestBroker::holding(&[BOB]).await;
    let first = broker.credential(InteractiveBrowserCredentialOptions::default());
    let record = first.authenticate(&[VAULT], None).await.unwrap();
    let second = broker.credential(InteractiveBrowserCredentialOptions {
        authentication_record: Some(record),
        ..Default::default()
    });
    token(&second, VAULT).await;
    assert_eq!(broker.methods(), [INTERACTIVE, SILENT]);
    let asked = broker.calls()[1].request().account().cloned().unwrap();
    assert_eq!(asked.home_account_id, account(ADA).home_account_id);
}

#[tokio::test]
async fn a_silent_answer_for_somebody_else_is_refused() {
    let broker = TestBroker::holding(&[ADA]).await;
    let credential = broker.credential(with_default_account());
    token(&credential, VAULT).await;
    let mut reply = TokenResponse::bearer(WireSecret::new("bobs"), 1_795_438_800);
    reply.account = Some(account(BOB));
    broker.instead(Instead::Reply(reply.to_json()));
    let result = credential.get_token(&[STORAGE], None).await;
    assert_eq!(kind(result), ErrorKind::Malformed);
}

#[tokio::test]
async fn somebody_else_who_signs_in_is_refused() {
    let broker = TestBroker::holding(&[ADA]).await;
    let credential = broker.credential(with_default_account());
    token(&credential, VAULT).await;
    broker.fail(Status::InteractionRequired);
    broker.signs_in(Some(BOB));
    let error = credential.get_token(&[STORAGE], None).await.unwrap_err();
    let error = Error::find(&error).unwrap();
    assert_eq!(error.kind(), ErrorKind::InteractionRequired);
    assert_eq!(
        error.to_string(),
        "bob@contoso.example signed in, which is not the account asked for"
    );
    assert_eq!(error.next_step(), Some("sign in as ada@contoso.example"));
    assert_eq!(broker.methods(), [SILENT, SILENT, INTERACTIVE]);
}

#[tokio::test]
async fn fifty_tasks_make_one_request() {
    let broker = TestBroker::holding(&[ADA]).await;
    let credential = broker.credential(with_default_account());
    broker.hold();
    let mut tasks = JoinSet::new();
    for _ in 0..50 {
        spawn(&mut tasks, &credential, VAULT);
    }
    broker.called().await;
    broker.let_through(50);
    while let Some(result) = tasks.join_next().await {
        assert_eq!(result.unwrap().unwrap().token.secret(), "access-token-1");
    }
    assert_eq!(broker.methods(), [SILENT]);
}

#[tokio::test]
async fn those_who_wait_share_a_failed_sign_in() {
    let broker = TestBroker::holding(&[]).await;
    broker.signs_in(None);
    broker.hold();
    let credential = broker.credential(InteractiveBrowserCredentialOptions::default());
    let mut tasks = JoinSet::new();
    for _ in 0..20 {
        spawn(&mut tasks, &credential, VAULT);
    }
    broker.called().await;
    broker.let_through(50);
    while let Some(result) = tasks.join_next().await {
        assert_eq!(kind(result.unwrap()), ErrorKind::Canceled);
    }
    assert_eq!(broker.methods(), [INTERACTIVE]);
    // Whoever comes later may try again.
    broker.signs_in(Some(ADA));
    token(&credential, VAULT).await;
    assert_eq!(broker.methods(), [INTERACTIVE, INTERACTIVE]);
}

#[tokio::test]
async fn when_the_asking_task_is_dropped_the_next_one_asks() {
    let broker = TestBroker::holding(&[ADA]).await;
    let credential = broker.credential(with_default_account());
    broker.hold();
    let mut leader = JoinSet::new();
    spawn(&mut leader, &credential, VAULT);
    broker.called().await;
    let mut followers = JoinSet::new();
    spawn(&mut followers, &credential, VAULT);
    tokio::task::yield_now().await;
    leader.shutdown().await;
    broker.called().await;
    broker.let_through(2);
    followers.join_next().await.unwrap().unwrap().unwrap();
    assert_eq!(broker.methods(), [SILENT, SILENT]);
}

#[tokio::test]
async fn a_slow_scope_does_not_hold_up_another() {
    let broker = TestBroker::holding(&[ADA]).await;
    let credential = broker.credential(with_default_account());
    broker.hold();
    let mut tasks = JoinSet::new();
    spawn(&mut tasks, &credential, VAULT);
    broker.called().await;
    spawn(&mut tasks, &credential, STORAGE);
    // The second request has come in while the first one waits.
    broker.called().await;
    broker.let_through(2);
    while let Some(result) = tasks.join_next().await {
        result.unwrap().unwrap();
    }
}

#[tokio::test]
async fn two_scopes_at_once_ask_the_user_once() {
    let broker = TestBroker::holding(&[]).await;
    let credential = broker.credential(InteractiveBrowserCredentialOptions::default());
    broker.hold();
    let mut tasks = JoinSet::new();
    spawn(&mut tasks, &credential, VAULT);
    spawn(&mut tasks, &credential, STORAGE);
    broker.called().await;
    broker.let_through(2);
    while let Some(result) = tasks.join_next().await {
        result.unwrap().unwrap();
    }
    assert_eq!(broker.methods(), [INTERACTIVE, SILENT]);
}

#[tokio::test]
async fn a_token_is_renewed_five_minutes_before_it_expires() {
    let broker = TestBroker::holding(&[ADA]).await;
    broker.lifetime(Duration::minutes(60));
    let (environment, clock) = broker.environment();
    let credential =
        InteractiveBrowserCredential::in_environment(with_default_account(), environment).unwrap();
    token(&credential, VAULT).await;
    clock.advance(Duration::minutes(55) - Duration::seconds(1));
    token(&credential, VAULT).await;
    assert_eq!(broker.methods().len(), 1);
    clock.advance(Duration::seconds(1));
    broker.advance(Duration::minutes(55));
    assert_eq!(token(&credential, VAULT).await, "access-token-2");
    assert_eq!(token(&credential, VAULT).await, "access-token-2");
    assert_eq!(broker.methods().len(), 2);
}

#[tokio::test]
async fn who_signs_in_on_purpose_stays_the_user_whatever_answers_later() {
    let broker = TestBroker::holding(&[BOB]).await;
    let credential = Arc::new(broker.credential(with_default_account()));
    broker.hold();
    let signing_in = credential.clone();
    let sign_in = tokio::spawn(async move { signing_in.authenticate(&[VAULT], None).await });
    broker.called().await;
    let mut tasks = JoinSet::new();
    spawn(&mut tasks, &credential, VAULT);
    broker.called().await;
    broker.let_through(1);
    assert_eq!(sign_in.await.unwrap().unwrap().username(), ADA);

    // The default account of the time when that request was made answers only now.
    let expires_on = (noon() + Duration::hours(1)).unix_timestamp();
    let mut late = TokenResponse::bearer(WireSecret::new("late"), expires_on);
    late.account = Some(account(BOB));
    broker.instead(Instead::Reply(late.to_json()));
    broker.let_through(2);
    let answered = tasks.join_next().await.unwrap().unwrap().unwrap();
    assert_eq!(answered.token.secret(), "late");

    token(&credential, STORAGE).await;
    let asked = broker.calls().last().unwrap().request().account().cloned();
    assert_eq!(asked.unwrap().username, ADA);
}
