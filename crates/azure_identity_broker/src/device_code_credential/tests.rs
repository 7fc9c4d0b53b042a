use super::*;
use crate::{
    Error, ErrorKind,
    test_broker::{STORAGE, VAULT},
    test_cloud::{NO_BUS, Setting},
};
use azbroker_emulator::{
    Behavior, Fault, SignIn, Target, Visitor,
    default_world::{ADA, ADA_PASSWORD, TENANT_ID},
};
use azbroker_entra::Clock;
use azure_core::time::{Duration, OffsetDateTime};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// A credential, and the codes that it shows.
fn credential(
    setting: &Setting,
    mut options: DeviceCodeCredentialOptions,
) -> (
    Arc<DeviceCodeCredential>,
    UnboundedReceiver<DeviceCodePrompt>,
) {
    options.client_options.transport = Some(setting.transport());
    let (sender, shown) = unbounded_channel();
    let show = Show(Arc::new(move |prompt: &DeviceCodePrompt| {
        sender.send(prompt.clone()).unwrap();
    }));
    let environment = setting.environment(NO_BUS.to_owned());
    let credential = DeviceCodeCredential::in_environment(show, options, environment);
    (credential.unwrap(), shown)
}

/// Ada at another device.
async fn enter(setting: &Setting, behavior: Behavior, prompt: &DeviceCodePrompt) {
    let sign_in = SignIn {
        username: ADA.to_owned(),
        password: ADA_PASSWORD.to_owned(),
        behavior,
    };
    let visitor = Visitor::with_client(setting.emulator.http_client(), sign_in).unwrap();
    let uri = prompt.verification_uri().as_str();
    visitor.enter_code(uri, prompt.user_code()).await.unwrap();
}

/// Waits for the credential, with a second passing whenever it waits for time.
async fn while_time_passes<T>(setting: &Setting, asking: impl Future<Output = T>) -> T {
    let mut asking = std::pin::pin!(asking);
    loop {
        tokio::select! {
            biased;
            answer = &mut asking => return answer,
            () = tokio::task::yield_now() => {}
        }
        // While a request is under way nothing is waited for but its deadline, which must not come.
        let next = setting.clock.next_waited_for();
        if next.is_some_and(|next| next - setting.clock.now() < Duration::seconds(20)) {
            setting.let_pass(Duration::seconds(1));
        }
    }
}

async fn sign_in(
    setting: &Setting,
    credential: &DeviceCodeCredential,
    shown: &mut UnboundedReceiver<DeviceCodePrompt>,
    behavior: Behavior,
) -> Result<AccessToken> {
    let user = async {
        let prompt = shown.recv().await.unwrap();
        enter(setting, behavior, &prompt).await;
    };
    let asking = async { tokio::join!(credential.get_token(&[VAULT], None), user).0 };
    failed(while_time_passes(setting, asking).await)
}

fn failed<T>(result: azure_core::Result<T>) -> Result<T> {
    result.map_err(|error| Error::find(&error).unwrap().clone())
}

#[tokio::test]
async fn the_user_enters_the_code_once_and_other_scopes_are_silent() {
    let setting = Setting::with(Behavior::Complete).await;
    let (credential, mut shown) = credential(&setting, Default::default());
    sign_in(&setting, &credential, &mut shown, Behavior::Complete)
        .await
        .unwrap();
    for scope in [VAULT, STORAGE] {
        credential.get_token(&[scope], None).await.unwrap();
    }
    assert!(shown.try_recv().is_err(), "it asked once");
}

#[tokio::test]
async fn the_prompt_says_what_to_enter_where_and_until_when() {
    let setting = Setting::with(Behavior::Complete).await;
    let (credential, mut shown) = credential(&setting, Default::default());
    let now = setting.clock.now();
    let asking = tokio::spawn(async move { credential.get_token(&[VAULT], None).await });
    let prompt = shown.recv().await.unwrap();
    asking.abort();
    assert_eq!(prompt.expires_on() - now, Duration::minutes(15));
    assert_eq!(prompt.verification_uri().scheme(), "https");
    assert_eq!(
        prompt.message(),
        format!(
            "To sign in, open {} at any device and enter the code {}",
            prompt.verification_uri(),
            prompt.user_code()
        )
    );
}

#[tokio::test]
async fn a_user_who_declines_is_not_asked_again() {
    let setting = Setting::with(Behavior::Complete).await;
    let (credential, mut shown) = credential(&setting, Default::default());
    let error = sign_in(&setting, &credential, &mut shown, Behavior::Decline)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Canceled);
    assert!(shown.try_recv().is_err());
}

#[tokio::test]
async fn a_code_that_nobody_enters_expires() {
    let setting = Setting::with(Behavior::Complete).await;
    for (sign_in_timeout, seconds) in [(None, 900), (Some(Duration::seconds(30)), 30)] {
        let options = DeviceCodeCredentialOptions {
            sign_in_timeout,
            ..Default::default()
        };
        let (credential, mut shown) = credential(&setting, options);
        let began = setting.clock.now();
        let most_of_it_passes = async {
            shown.recv().await.unwrap();
            setting.let_pass(Duration::seconds(seconds - 10));
        };
        let asking = credential.get_token(&[VAULT], None);
        let asking = async { tokio::join!(asking, most_of_it_passes).0 };
        let error = failed(while_time_passes(&setting, asking).await).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Canceled);
        assert_eq!(
            error.to_string(),
            format!("the sign-in was not finished within {seconds} s")
        );
        assert_eq!(error.next_step(), Some("sign in again and finish it"));
        let waited = setting.clock.now() - began;
        let waited = waited.whole_seconds();
        // The emulator's clock goes on by itself, so it may say so first.
        assert!((seconds - 9..=seconds + 1).contains(&waited), "{waited}");
    }
}

#[tokio::test]
async fn a_program_that_is_told_to_slow_down_asks_five_seconds_later_from_then_on() {
    let setting = Setting::with(Behavior::Complete).await;
    let slow_down = Fault::Oauth {
        error: "slow_down".to_owned(),
        aadsts: 70016,
        suberror: None,
        claims: None,
    };
    setting.emulator.faults().next(1, Target::Token, slow_down);
    let options = DeviceCodeCredentialOptions {
        sign_in_timeout: Some(Duration::seconds(20)),
        ..Default::default()
    };
    let (credential, _shown) = credential(&setting, options);
    let asking = credential.get_token(&[VAULT], None);
    failed(while_time_passes(&setting, asking).await).unwrap_err();
    let entries = setting.emulator.ledger().entries();
    let asked: Vec<_> = entries
        .iter()
        .filter(|entry| entry.target == Target::Token)
        .map(|entry| OffsetDateTime::from(entry.time))
        .collect();
    // At once, and then every six seconds, where the emulator wants one.
    assert_eq!(asked.len(), 4, "{asked:?}");
    for pair in asked.windows(2) {
        let apart = pair[1] - pair[0];
        assert!(apart >= Duration::seconds(6), "{apart}");
    }
}

#[tokio::test]
async fn a_refused_code_keeps_its_number() {
    let setting = Setting::with(Behavior::Complete).await;
    let refusal = Fault::Oauth {
        error: "invalid_grant".to_owned(),
        aadsts: 53003,
        suberror: None,
        claims: None,
    };
    setting.emulator.faults().next(1, Target::Token, refusal);
    let (credential, _shown) = credential(&setting, Default::default());
    let error = failed(credential.get_token(&[VAULT], None).await).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
    assert_eq!(error.server_codes(), [53003]);
}

#[tokio::test]
async fn a_program_may_choose_the_moment_and_gets_the_record() {
    let setting = Setting::with(Behavior::Complete).await;
    let options = DeviceCodeCredentialOptions {
        tenant_id: Some(TENANT_ID.to_owned()),
        disable_automatic_authentication: true,
        ..Default::default()
    };
    let (credential, mut shown) = credential(&setting, options);
    let error = failed(credential.get_token(&[VAULT], None).await).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InteractionRequired);
    assert!(error.is_signed_out() && shown.try_recv().is_err());
    let user = async {
        let prompt = shown.recv().await.unwrap();
        enter(&setting, Behavior::Complete, &prompt).await;
    };
    let signing_in = async { tokio::join!(credential.authenticate(&[VAULT], None), user).0 };
    let record = while_time_passes(&setting, signing_in).await.unwrap();
    assert_eq!((record.username(), record.tenant_id()), (ADA, TENANT_ID));
    credential.get_token(&[STORAGE], None).await.unwrap();
}

#[tokio::test]
async fn a_sign_in_that_is_given_up_asks_no_more() {
    let setting = Setting::with(Behavior::Complete).await;
    let (credential, mut shown) = credential(&setting, Default::default());
    {
        let mut asking = std::pin::pin!(credential.get_token(&[VAULT], None));
        tokio::select! {
            _ = &mut asking => unreachable!("nobody enters the code"),
            prompt = shown.recv() => assert!(prompt.is_some()),
        }
    }
    assert_eq!(setting.clock.next_waited_for(), None, "nobody polls");
    sign_in(&setting, &credential, &mut shown, Behavior::Complete)
        .await
        .unwrap();
}

#[tokio::test]
async fn wrong_options_are_named_when_the_credential_is_made() {
    let options = DeviceCodeCredentialOptions {
        authority_host: Some("http://login.example".to_owned()),
        ..Default::default()
    };
    let error = DeviceCodeCredential::new(|_| {}, Some(options)).unwrap_err();
    let error = Error::find(&error).unwrap();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    assert!(error.to_string().contains("is not HTTPS"), "{error}");
}
