//! Each option of a sign-in in the browser, against the emulated cloud.

use super::failed;
use crate::{
    BrowserCustomization, ErrorKind, InteractiveBrowserCredential,
    InteractiveBrowserCredentialOptions as Options, PromptBehavior,
    test_broker::{STORAGE, VAULT, with_default_account},
    test_cloud::{NO_BUS, Setting},
};
use async_trait::async_trait;
use azbroker_emulator::{Behavior, Target, World, default_world::ADA};
use azbroker_entra::{Prompt, PromptError};
use azure_core::{
    cloud::CloudConfiguration, credentials::TokenCredential, http::Url, time::Duration,
};
use std::sync::Arc;
use tokio::net::TcpListener;

async fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap().port()
}

#[tokio::test]
async fn the_redirect_comes_to_the_uri_that_the_application_has_registered() {
    let mut world = World::default();
    let application = &mut world.tenants[0].applications[0];
    application.redirect_uris = vec!["http://127.0.0.1/done".to_owned()];
    let setting = Setting::in_world(world, Behavior::Complete).await;
    let uri = format!("http://127.0.0.1:{}/done", free_port().await);
    let credential = setting.credential(Options {
        redirect_uri: Some(uri.clone()),
        ..Default::default()
    });
    credential.get_token(&[VAULT], None).await.unwrap();
    assert_eq!(setting.asked("redirect_uri"), [Some(uri)]);
}

#[tokio::test]
async fn a_port_that_somebody_else_has_is_named() {
    let setting = Setting::with(Behavior::Complete).await;
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = taken.local_addr().unwrap().port();
    let credential = setting.credential(Options {
        redirect_uri: Some(format!("http://localhost:{port}")),
        ..Default::default()
    });
    let error = failed(credential.get_token(&[VAULT], None).await);
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(
        error.to_string(),
        format!("port {port} of this machine's loopback cannot be listened on for the sign-in")
    );
    assert_eq!(
        error.next_step(),
        Some("end the program that listens there, or leave the port out of `redirect_uri`")
    );
    assert_eq!(setting.visits(), 0);
}

#[tokio::test]
async fn the_browser_shows_the_programs_own_pages() {
    let pages = BrowserCustomization {
        success_page: Some("<h1>Welcome to Contoso</h1>".to_owned()),
        error_page: Some("<h1>No: {error}</h1>".to_owned()),
    };
    for (behavior, shown) in [
        (Behavior::Complete, "<h1>Welcome to Contoso</h1>"),
        (Behavior::Decline, "<h1>No: you declined</h1>"),
    ] {
        let setting = Setting::with(behavior).await;
        let credential = setting.credential(Options {
            browser_customization: pages.clone(),
            ..Default::default()
        });
        let _ = credential.get_token(&[VAULT], None).await;
        assert_eq!(setting.last_page().await, shown);
    }
}

#[tokio::test]
async fn the_page_does_what_the_prompt_says() {
    for (prompt, login_hint, asked) in [
        (PromptBehavior::Automatic, None, Some("select_account")),
        (PromptBehavior::Automatic, Some(ADA), None),
        (
            PromptBehavior::SelectAccount,
            Some(ADA),
            Some("select_account"),
        ),
        (PromptBehavior::Login, Some(ADA), Some("login")),
        (PromptBehavior::Consent, None, Some("consent")),
    ] {
        let setting = Setting::with(Behavior::Complete).await;
        let credential = setting.credential(Options {
            prompt,
            login_hint: login_hint.map(str::to_owned),
            ..Default::default()
        });
        credential.get_token(&[VAULT], None).await.unwrap();
        assert_eq!(setting.asked("prompt"), [asked.map(str::to_owned)]);
    }
}

#[tokio::test]
async fn the_cloud_of_the_client_options_is_signed_in_to() {
    let setting = Setting::with(Behavior::Complete).await;
    let mut options = Options::default();
    options.client_options.cloud = Some(Arc::new(CloudConfiguration::AzureGovernment));
    let credential = setting.credential(options);
    let record = credential.authenticate(&[VAULT], None).await.unwrap();
    assert_eq!(record.authority(), "login.microsoftonline.us");
    let entries = setting.emulator.ledger().entries();
    assert!(!entries.is_empty());
    assert!(
        entries
            .iter()
            .all(|entry| entry.host == "login.microsoftonline.us")
    );
}

/// A credential of the private cloud of the emulated world.
fn private(
    setting: &Setting,
    disable_instance_discovery: bool,
) -> Arc<InteractiveBrowserCredential> {
    setting.credential(Options {
        authority_host: Some("login.private.example".to_owned()),
        disable_instance_discovery,
        ..with_default_account()
    })
}

fn discoveries(setting: &Setting) -> usize {
    let entries = setting.emulator.ledger().entries();
    let asked = entries
        .iter()
        .filter(|entry| entry.target == Target::Discovery);
    asked.count()
}

#[tokio::test]
async fn an_authority_host_that_nobody_knows_is_asked_about_before_anything_is_sent_there() {
    let setting = Setting::with(Behavior::Complete).await;
    let credential = private(&setting, false);
    let error = failed(credential.get_token(&[VAULT], None).await);
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    assert_eq!(
        error.to_string(),
        "Entra ID does not know the authority host login.private.example"
    );
    assert_eq!(
        error.next_step(),
        Some("check the authority host, or set `disable_instance_discovery` if it is right")
    );
    assert_eq!((discoveries(&setting), setting.visits()), (1, 0));
}

#[tokio::test]
async fn without_instance_discovery_a_private_cloud_is_signed_in_to() {
    let setting = Setting::with(Behavior::Complete).await;
    let credential = private(&setting, true);
    for scope in [VAULT, STORAGE] {
        credential.get_token(&[scope], None).await.unwrap();
    }
    assert_eq!((discoveries(&setting), setting.visits()), (0, 1));
}

#[tokio::test]
async fn of_a_known_host_nobody_is_asked() {
    let setting = Setting::with(Behavior::Complete).await;
    let credential = setting.credential(Options::default());
    credential.get_token(&[VAULT], None).await.unwrap();
    assert_eq!(discoveries(&setting), 0);
}

/// A page that nobody looks at.
#[derive(Debug)]
struct Unattended;

#[async_trait]
impl Prompt for Unattended {
    async fn open(&self, _url: &Url) -> Result<(), PromptError> {
        Ok(())
    }
}

#[tokio::test]
async fn a_sign_in_that_nobody_finishes_ends_when_the_program_says() {
    let setting = Setting::with(Behavior::Complete).await;
    let mut environment = setting.environment(NO_BUS.to_owned());
    environment.browser = Arc::new(Unattended);
    let options = Options {
        sign_in_timeout: Some(Duration::milliseconds(1)),
        ..Default::default()
    };
    let credential = InteractiveBrowserCredential::in_environment(options, environment).unwrap();
    let error = failed(credential.get_token(&[VAULT], None).await);
    assert_eq!(error.kind(), ErrorKind::Canceled);
}
