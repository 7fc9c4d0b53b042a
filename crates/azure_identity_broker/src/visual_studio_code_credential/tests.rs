use super::*;
use crate::test_broker::{ADA, TENANT, TestBroker, VAULT};
use std::fs;
use tempfile::TempDir;

const OBJECT_ID: &str = "aaaaaaaa-1111-1111-1111-111111111111";

fn record() -> String {
    format!(
        r#"{{"authority":"login.microsoftonline.com","clientId":"{CLIENT_ID}","homeAccountId":"{OBJECT_ID}.{TENANT}","tenantId":"{TENANT}","username":"{ADA}","version":"1.0"}}"#
    )
}

fn home_with(folder: &str, record: &str) -> TempDir {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join(folder).join(FILE);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, record).unwrap();
    home
}

fn credential(broker: &TestBroker, home: &TempDir) -> Arc<VisualStudioCodeCredential> {
    let environment = Environment {
        home: Some(home.path().to_owned()),
        ..broker.environment().0
    };
    let options = VisualStudioCodeCredentialOptions::default();
    VisualStudioCodeCredential::in_environment(options, environment).unwrap()
}

#[tokio::test]
async fn the_account_of_the_editor_is_asked_for_as_the_editors_application() {
    for folder in FOLDERS {
        let broker = TestBroker::holding(&[ADA]).await;
        let home = home_with(folder, &record());
        let credential = credential(&broker, &home);
        credential.get_token(&[VAULT], None).await.unwrap();
        let calls = broker.calls();
        assert_eq!(calls.len(), 1);
        let sent = calls[0].request();
        assert_eq!(sent.auth_parameters.client_id, CLIENT_ID);
        assert!(sent.auth_parameters.authority.ends_with(TENANT));
        assert_eq!(sent.account().unwrap().username, ADA);
    }
}

#[tokio::test]
async fn a_sign_in_with_the_editor_is_found_as_soon_as_it_is_there() {
    let broker = TestBroker::holding(&[ADA]).await;
    let home = tempfile::tempdir().unwrap();
    let credential = credential(&broker, &home);
    let error = credential.get_token(&[VAULT], None).await.unwrap_err();
    let error = Error::find(&error).unwrap();
    assert_eq!(error.kind(), ErrorKind::InteractionRequired);
    assert_eq!(
        error.to_string(),
        "nobody has signed in to Azure with Visual Studio Code"
    );
    assert_eq!(error.next_step(), Some(SIGN_IN));
    let file = home.path().join(FOLDERS[0]).join(FILE);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, record()).unwrap();
    credential.get_token(&[VAULT], None).await.unwrap();
}

#[tokio::test]
async fn a_record_that_cannot_be_used_is_named() {
    let broker = TestBroker::holding(&[ADA]).await;
    for (record, why) in [
        ("{}".to_owned(), "it is no authentication record"),
        (" ".repeat(20_000), "it is larger than any record"),
        (
            record().replace(CLIENT_ID, "04b07795-8ddb-461a-bbee-02f9e1bf7b46"),
            "is of client 04b07795-8ddb-461a-bbee-02f9e1bf7b46, not of the Azure Resources extension",
        ),
    ] {
        let home = home_with(FOLDERS[0], &record);
        let credential = credential(&broker, &home);
        let error = credential.get_token(&[VAULT], None).await.unwrap_err();
        let error = Error::find(&error).unwrap();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest);
        assert!(error.to_string().contains(why), "{error}");
    }
    assert!(broker.calls().is_empty());
}

#[cfg(unix)]
#[tokio::test]
async fn a_pipe_in_the_place_of_the_record_is_not_waited_for() {
    let broker = TestBroker::holding(&[ADA]).await;
    let home = home_with(FOLDERS[0], "");
    let file = home.path().join(FOLDERS[0]).join(FILE);
    fs::remove_file(&file).unwrap();
    let made = std::process::Command::new("mkfifo").arg(&file).status();
    assert!(made.unwrap().success());
    let credential = credential(&broker, &home);
    let error = credential.get_token(&[VAULT], None).await.unwrap_err();
    let error = Error::find(&error).unwrap();
    assert!(error.to_string().ends_with("it is no file"), "{error}");
}

#[tokio::test]
async fn a_sign_in_on_purpose_is_of_the_editors_account() {
    let broker = TestBroker::holding(&[]).await;
    let home = home_with(FOLDERS[0], &record());
    let credential = credential(&broker, &home);
    let signed_in = credential.authenticate(&[VAULT], None).await.unwrap();
    assert_eq!(
        (signed_in.username(), signed_in.client_id()),
        (ADA, CLIENT_ID)
    );
    let sent = broker.calls()[0].request();
    assert_eq!(sent.account().unwrap().username, ADA);
}
