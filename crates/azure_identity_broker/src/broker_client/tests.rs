use super::*;
use crate::test_broker::{ADA, BOB, Instead, TestBroker};
use azbroker_protocol::{ErrorReply, Status};

fn client_of(broker: &TestBroker) -> BrokerClient {
    BrokerClient::on(Bus::Given(broker.connection.clone()))
}

#[tokio::test]
async fn accounts_are_listed_and_removed() {
    let broker = TestBroker::holding(&[ADA, BOB]).await;
    let client = client_of(&broker);
    let held = client.accounts(None).await.unwrap();
    assert_eq!(held.store.as_deref(), Some("memory"));
    let names: Vec<_> = held.accounts.iter().map(BrokerAccount::username).collect();
    assert_eq!(names, [ADA, BOB]);

    client.remove_account(&held.accounts[0]).await.unwrap();
    let held = client.accounts(None).await.unwrap();
    assert_eq!(held.accounts[0].username(), BOB);
    let record = held.accounts[0].authentication_record().unwrap();
    assert_eq!(record.username(), BOB);
    assert_eq!(record.authority(), "login.microsoftonline.com");
    assert_eq!(record.client_id(), ClientId::AZURE_CLI);
}

#[tokio::test]
async fn the_version_is_the_brokers() {
    let broker = TestBroker::holding(&[]).await;
    assert_eq!(client_of(&broker).version().await.unwrap(), "1.2.3");
}

#[tokio::test]
async fn errors_of_the_broker_come_through() {
    let broker = TestBroker::holding(&[]).await;
    let reply = ErrorReply::new(Status::ApiContractViolation, "the client ID is wrong").to_json();
    broker.instead(Instead::Reply(reply));
    let error = client_of(&broker).accounts(None).await.unwrap_err();
    assert_eq!(error.to_string(), "the broker's accounts cannot be listed");
    let error = Error::find(&error).unwrap();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    assert_eq!(error.to_string(), "the client ID is wrong");
}

#[tokio::test]
async fn a_wrong_client_id_is_not_asked_about() {
    let broker = TestBroker::holding(&[]).await;
    let error = client_of(&broker)
        .accounts(Some("two words"))
        .await
        .unwrap_err();
    assert_eq!(
        Error::find(&error).unwrap().kind(),
        ErrorKind::InvalidRequest
    );
    assert!(broker.calls().is_empty());
}
