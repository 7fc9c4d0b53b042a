use super::*;
use crate::test_broker::{ADA, TestBroker, VAULT};
use azbroker_protocol::Status;
use std::{
    ffi::OsStr,
    os::unix::process::ExitStatusExt,
    process::{ExitStatus, Output},
    sync::Mutex,
};

/// A machine with command lines on it: some are signed in, the others are not there.
#[derive(Debug, Default)]
struct Machine {
    /// What `az` prints.
    az: Option<&'static str>,
    /// What `azd` prints.
    azd: Option<&'static str>,
    ran: Mutex<Vec<String>>,
}

#[async_trait]
impl Executor for Machine {
    async fn run(&self, program: &OsStr, arguments: &[&OsStr]) -> std::io::Result<Output> {
        let words = std::iter::once(program).chain(arguments.iter().copied());
        let line: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
        let line = line.join(" ");
        let azd = line.contains("azd");
        self.ran.lock().unwrap().push(line);
        let printed = if azd { self.azd } else { self.az };
        let (code, stdout, stderr) = match printed {
            Some(json) => (0, json, ""),
            // What a shell says of a program that is not there.
            None => (127, "", "sh: 1: not found\n"),
        };
        Ok(Output {
            status: ExitStatus::from_raw(code << 8),
            stdout: stdout.into(),
            stderr: stderr.into(),
        })
    }
}

const AZ: &str = r#"{"accessToken":"from-az","expiresOn":"2099-01-01 00:00:00.000000","expires_on":4070908800,"subscription":"s","tenant":"t","tokenType":"Bearer"}"#;
const AZD: &str = r#"{"token":"from-azd","expiresOn":"2099-01-01T00:00:00Z"}"#;

fn chain(
    broker: &TestBroker,
    machine: &Arc<Machine>,
    named: Option<&str>,
) -> azure_core::Result<Arc<DeveloperCredential>> {
    let environment = Environment {
        token_credentials: named.map(str::to_owned),
        ..broker.environment().0
    };
    let options = DeveloperCredentialOptions {
        executor: Some(machine.clone()),
        ..Default::default()
    };
    DeveloperCredential::in_environment(options, environment)
}

async fn token(credential: &DeveloperCredential) -> String {
    let token = credential.get_token(&[VAULT], None).await.unwrap();
    token.token.secret().to_owned()
}

#[tokio::test]
async fn the_first_that_is_signed_in_answers_and_goes_on_answering() {
    let broker = TestBroker::holding(&[ADA]).await;
    for (az, azd, answer, source) in [
        (Some(AZ), Some(AZD), "from-az", DeveloperSource::AzureCli),
        (
            None,
            Some(AZD),
            "from-azd",
            DeveloperSource::AzureDeveloperCli,
        ),
        (None, None, "access-token-", DeveloperSource::Broker),
    ] {
        let machine = Arc::new(Machine {
            az,
            azd,
            ..Default::default()
        });
        let credential = chain(&broker, &machine, None).unwrap();
        assert_eq!(credential.source(), None);
        assert!(token(&credential).await.starts_with(answer));
        assert_eq!(credential.source(), Some(source));
        let runs = machine.ran.lock().unwrap().len();
        token(&credential).await;
        let again = machine.ran.lock().unwrap().len() - runs;
        assert_eq!(again, usize::from(source != DeveloperSource::Broker));
    }
}

#[tokio::test]
async fn the_environment_chooses_one() {
    let broker = TestBroker::holding(&[ADA]).await;
    let machine = Arc::new(Machine {
        az: Some(AZ),
        azd: Some(AZD),
        ..Default::default()
    });
    for (named, answer) in [
        ("dev", "from-az"),
        (" AzureDeveloperCliCredential ", "from-azd"),
        ("brokercredential", "access-token-"),
    ] {
        let credential = chain(&broker, &machine, Some(named)).unwrap();
        assert!(token(&credential).await.starts_with(answer), "{named}");
    }
}

#[tokio::test]
async fn what_the_environment_may_not_choose_is_named() {
    let broker = TestBroker::holding(&[]).await;
    for named in [
        "prod",
        "ManagedIdentityCredential",
        "AzurePowerShellCredential",
    ] {
        let error = chain(&broker, &Arc::default(), Some(named)).unwrap_err();
        let error = Error::find(&error).unwrap();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest);
        assert_eq!(
            error.to_string(),
            format!("AZURE_TOKEN_CREDENTIALS is '{named}', which is no developer's credential")
        );
        assert_eq!(
            error.next_step(),
            Some(
                "set it to dev, VisualStudioCodeCredential, AzureCliCredential, AzureDeveloperCliCredential, BrokerCredential, or leave it out"
            )
        );
    }
}

#[tokio::test]
async fn when_none_answers_each_says_why() {
    let broker = TestBroker::holding(&[]).await;
    broker.fail(Status::InteractionRequired);
    let credential = chain(&broker, &Arc::default(), None).unwrap();
    let error = credential.get_token(&[VAULT], None).await.unwrap_err();
    let said = one_line(&error);
    let places = DeveloperSource::ALL.map(|source| {
        let name = format!("{source}: ");
        said.find(&name)
            .unwrap_or_else(|| panic!("{name} in {said}"))
    });
    assert!(places.is_sorted(), "{said}");
    assert!(said.contains("nobody has signed in to Azure with Visual Studio Code"));
    assert_eq!(
        Error::find(&error).unwrap().kind(),
        ErrorKind::InteractionRequired
    );
    assert_eq!(credential.source(), None);
}

#[tokio::test]
async fn the_broker_is_who_has_the_user_sign_in_and_who_gives_proofs() {
    let broker = TestBroker::holding(&[ADA]).await;
    let machine = Arc::new(Machine {
        az: Some(AZ),
        ..Default::default()
    });
    let credential = chain(&broker, &machine, None).unwrap();
    assert_eq!(token(&credential).await, "from-az");
    let record = credential.authenticate(&[VAULT], None).await.unwrap();
    assert_eq!(record.username(), ADA);
    let url = azure_core::http::Url::parse("https://demo.vault.azure.net/secrets").unwrap();
    let proof = ProofOfPossession::new(azure_core::http::Method::Get, url);
    let options = AcquireOptions {
        proof_of_possession: Some(proof),
        ..Default::default()
    };
    let token = credential.acquire_token(&[VAULT], options).await.unwrap();
    assert!(token.token.secret().starts_with("access-token-"));
    assert_eq!(
        broker.methods(),
        ["acquireTokenInteractively", "acquireTokenSilently"]
    );
}
