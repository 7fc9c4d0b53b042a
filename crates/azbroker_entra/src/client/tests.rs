use super::*;
use crate::SystemClock;
use azure_core::Uuid;
use std::{env, ffi::OsString, path::PathBuf, process::Command};

/// Starts itself, because trust is read from the environment of the process.
#[test]
fn where_nothing_is_trusted_that_is_the_error_and_what_is_corrected_works_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    for before in [None, Some("no certificate")] {
        let _ = std::fs::remove_file(&file);
        if let Some(text) = before {
            std::fs::write(&file, text).unwrap();
        }
        let output = Command::new(env::current_exe().unwrap())
            .args([CHILD, "--exact", "--nocapture"])
            .env(TRUSTS_NOTHING, "")
            .env("SSL_CERT_FILE", &file)
            .env_remove("SSL_CERT_DIR")
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(said.contains("1 passed"), "{said}");
    }
}

const CHILD: &str = "client::tests::in_a_process_that_trusts_nothing";

/// Set by the test above alone: this one writes the file that the variable names.
const TRUSTS_NOTHING: &str = "AZBROKER_TEST_TRUSTS_NOTHING";

#[tokio::test]
async fn in_a_process_that_trusts_nothing() {
    let variable = |name: &str| -> Option<OsString> { env::var_os(name) };
    if variable(TRUSTS_NOTHING).is_none() {
        return;
    }
    let file = PathBuf::from(variable("SSL_CERT_FILE").unwrap());
    let client = Client::new(None, Arc::new(SystemClock))
        .with_trust_store(TrustStore::from_variables(variable));
    let request = TokenRequest {
        authority: Authority::parse("https://login.sovereign.example/common").unwrap(),
        client_id: ClientId::parse("04b07795-8ddb-461a-bbee-02f9e1bf7b46").unwrap(),
        scopes: Scopes::parse(["https://vault.azure.net/.default"]).unwrap(),
        claims: None,
        bound_to: None,
        correlation_id: Uuid::new_v4(),
    };
    let grant = Grant::RefreshToken(crate::RefreshToken::new("secret".to_owned()));
    let redeemed = client.redeem(&request, &grant).await.map(drop);
    let checked = client
        .check_authority(&request.authority, request.correlation_id)
        .await;
    for failed in [redeemed, checked, client.check_trust()] {
        let error = failed.unwrap_err();
        assert!(matches!(error, Error::NothingTrusted { .. }), "{error:?}");
        let expected = format!(
            "no certificate authority is trusted on this machine: there is none in SSL_CERT_FILE={}; correct or unset \
             SSL_CERT_FILE, or install the system's certificates (package ca-certificates)",
            file.display()
        );
        assert_eq!(error.to_sentence(), expected);
    }
    std::fs::write(&file, CERTIFICATE_AUTHORITY).unwrap();
    client.check_trust().unwrap();
}

const CERTIFICATE_AUTHORITY: &str = "\
-----BEGIN CERTIFICATE-----
MIIBdTCCARugAwIBAgIUeaytFYYg3dpLZ20swSBcFBDO+jswCgYIKoZIzj0EAwIw
DzENMAsGA1UEAwwEdGVzdDAgFw0yNjExMjgyMzMzMTBaGA8yMTI2MTEwNDIzMzMx
MFowDzENMAsGA1UEAwwEdGVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABJ2v
eb4Jp5t9kV0saBbYXNGzjfZ/hHl9mJzoWW+WJy1A9dviLN5qAuJZytaY7+0uelEL
17o25OpO2oN25W+HXDWjUzBRMB0GA1UdDgQWBBTZJFkJ7n9B3WSUZtu8W9J83xWf
yTAfBgNVHSMEGDAWgBTZJFkJ7n9B3WSUZtu8W9J83xWfyTAPBgNVHRMBAf8EBTAD
AQH/MAoGCCqGSM49BAMCA0gAMEUCIQDECgBta5yHGCmdUiom+PcUU7qVVU9VfxNh
I05P/iKFSAIgIZOOlGfodjA87sCuPgeMdeX2qrcNkiCy4Dlq/3lYFjo=
-----END CERTIFICATE-----
";
