use super::*;
use crate::{
    Error, ErrorKind,
    backend::Bus,
    test_broker::{ADA, BOB, TestBroker, VAULT},
};
use azbroker_protocol::Status;

fn credential(broker: &TestBroker, options: BrokerCredentialOptions) -> Arc<BrokerCredential> {
    BrokerCredential::in_environment(options, broker.environment().0).unwrap()
}

#[tokio::test]
async fn the_default_account_answers_and_nobody_is_asked() {
    let broker = TestBroker::holding(&[ADA]).await;
    let credential = credential(&broker, BrokerCredentialOptions::default());
    credential.get_token(&[VAULT], None).await.unwrap();
    credential.get_token(&[VAULT], None).await.unwrap();
    assert_eq!(broker.methods(), ["acquireTokenSilently"]);
}

#[tokio::test]
async fn where_the_user_must_act_it_fails_and_shows_nothing() {
    let broker = TestBroker::holding(&[ADA]).await;
    broker.fail(Status::InteractionRequired);
    let credential = credential(&broker, BrokerCredentialOptions::default());
    let error = credential.get_token(&[VAULT], None).await.unwrap_err();
    assert_eq!(
        Error::find(&error).unwrap().kind(),
        ErrorKind::InteractionRequired
    );
    assert_eq!(broker.methods(), ["acquireTokenSilently"]);
}

#[tokio::test]
async fn the_account_of_a_record_is_taken_and_no_other() {
    let broker = TestBroker::holding(&[ADA, BOB]).await;
    broker.signs_in(Some(BOB));
    let first = credential(&broker, BrokerCredentialOptions::default());
    let record = first.authenticate(&[VAULT], None).await.unwrap();
    assert_eq!(record.username(), BOB);
    let second = credential(
        &broker,
        BrokerCredentialOptions {
            authentication_record: Some(record),
            ..Default::default()
        },
    );
    second.get_token(&[VAULT], None).await.unwrap();
    let asked = broker.calls().last().unwrap().request();
    assert_eq!(asked.account().unwrap().username, BOB);
}

#[tokio::test]
async fn without_a_broker_the_kind_says_so() {
    let broker = TestBroker::holding(&[]).await;
    let environment = Environment {
        bus: Bus::At("unix:path=/nonexistent/bus".to_owned()),
        ..broker.environment().0
    };
    let options = BrokerCredentialOptions::default();
    let credential = BrokerCredential::in_environment(options, environment).unwrap();
    let error = credential.get_token(&[VAULT], None).await.unwrap_err();
    assert_eq!(
        Error::find(&error).unwrap().kind(),
        ErrorKind::BrokerMissing
    );
}

#[tokio::test]
async fn only_allowed_tenants_and_the_right_claims_reach_the_broker() {
    let broker = TestBroker::holding(&[ADA]).await;
    let credential = credential(
        &broker,
        BrokerCredentialOptions {
            tenant_id: Some("home.example".into()),
            additionally_allowed_tenants: vec!["guest.example".into()],
            ..Default::default()
        },
    );
    let options = |tenant: &str| AcquireOptions {
        claims: Some(r#"{"access_token":{"nbf":{"value":"1"}}}"#.into()),
        tenant_id: Some(tenant.into()),
        enable_cae: true,
        ..Default::default()
    };
    let acquired = credential.acquire_token(&[VAULT], options("guest.example"));
    acquired.await.unwrap();
    let error = credential
        .acquire_token(&[VAULT], options("other.example"))
        .await
        .unwrap_err();
    let error = Error::find(&error).unwrap();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    let calls = broker.calls();
    assert_eq!(calls.len(), 1);
    let sent = calls[0].request().auth_parameters;
    assert_eq!(
        sent.authority,
        "https://login.microsoftonline.com/guest.example"
    );
    assert_eq!(
        sent.decoded_claims,
        r#"{"access_token":{"nbf":{"value":"1"},"xms_cc":{"values":["CP1"]}}}"#
    );
}
