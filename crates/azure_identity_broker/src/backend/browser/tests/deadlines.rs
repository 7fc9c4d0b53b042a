//! How long a program waits for a cloud that does not serve.

use super::failed;
use crate::{
    test_broker::{STORAGE, VAULT, with_default_account},
    test_cloud::{Setting, within},
};
use azbroker_emulator::{Behavior, Fault, Target};
use azure_core::{credentials::TokenCredential, time::Duration};
use std::{error::Error as _, sync::Arc, time::Duration as StdDuration};

/// Ada, signed in, and the next requests for tokens with a fault.
async fn with_fault(fault: Fault) -> (Setting, Arc<crate::InteractiveBrowserCredential>) {
    let setting = Setting::with(Behavior::Complete).await;
    let credential = setting.credential(with_default_account());
    credential.get_token(&[VAULT], None).await.unwrap();
    setting.emulator.faults().next(50, Target::Token, fault);
    (setting, credential)
}

#[tokio::test]
async fn all_attempts_together_take_twenty_seconds_at_the_most() {
    let (setting, credential) = with_fault(Fault::Status {
        code: 503,
        retry_after: None,
    })
    .await;
    let mut entries = setting.emulator.ledger().subscribe();
    let asking = tokio::spawn(async move { credential.get_token(&[STORAGE], None).await });
    let request = async { while entries.recv().await.unwrap().target != Target::Token {} };
    within("request for a token", request).await;
    setting.clock.advance(Duration::seconds(20));
    let error = failed(asking.await.unwrap());
    assert!(error.is_transient(), "{error:?}");
    assert_eq!(
        error.to_string(),
        "login.microsoftonline.com did not answer within 20 s"
    );
}

#[tokio::test]
async fn a_cloud_that_asks_for_more_time_than_there_is_is_not_waited_for() {
    for (code, wait) in [(429, 30), (503, 3_600)] {
        let (setting, credential) = with_fault(Fault::Status {
            code,
            retry_after: Some(StdDuration::from_secs(wait)),
        })
        .await;
        let before = setting.emulator.ledger().entries().len();
        let error = failed(credential.get_token(&[STORAGE], None).await);
        assert!(error.is_transient(), "{error:?}");
        assert_eq!(
            error.to_string(),
            format!("login.microsoftonline.com is busy (HTTP {code}) and asked to wait {wait} s")
        );
        assert_eq!(error.next_step(), Some("try again after that time"));
        let asked = setting.emulator.ledger().entries().len() - before;
        assert_eq!(asked, 1, "it is not asked again");
    }
}

#[tokio::test]
async fn a_connection_that_breaks_off_is_told_in_one_short_cause() {
    let (_setting, credential) = with_fault(Fault::Drop).await;
    let error = failed(credential.get_token(&[STORAGE], None).await);
    assert!(error.is_transient(), "{error:?}");
    let cause = error.source().unwrap();
    assert_eq!(
        format!("{error}: {cause}"),
        "login.microsoftonline.com cannot be reached: the connection was closed before the answer came"
    );
    assert!(cause.source().is_none(), "{cause:?}");
}

#[tokio::test]
async fn a_cloud_that_never_answers_is_given_up() {
    let (setting, credential) = with_fault(Fault::Hang).await;
    let asking = tokio::spawn(async move { credential.get_token(&[STORAGE], None).await });
    // A request that hangs is in no ledger; whoever waits for time is what the clock tells.
    let waits = async {
        while setting.clock.next_waited_for().is_none() {
            tokio::task::yield_now().await;
        }
    };
    within("wait", waits).await;
    setting.clock.advance(Duration::seconds(20));
    let error = failed(asking.await.unwrap());
    assert!(error.is_transient(), "{error:?}");
}

#[tokio::test]
async fn a_permanent_failure_is_told_long_before_eighty_seconds_and_what_the_cloud_asks_for_is_waited()
 {
    let (setting, credential) = with_fault(Fault::Status {
        code: 503,
        retry_after: Some(StdDuration::from_secs(1)),
    })
    .await;
    let before = setting.emulator.ledger().entries().len();
    let error = failed(credential.get_token(&[STORAGE], None).await);
    assert!(error.is_transient(), "{error:?}");
    let entries = setting.emulator.ledger().entries();
    let times: Vec<_> = entries[before..].iter().map(|entry| entry.time).collect();
    assert!(times.len() > 1, "it is tried again");
    for pair in times.windows(2) {
        let waited = pair[1].duration_since(pair[0]).unwrap();
        assert!(waited >= StdDuration::from_millis(900), "{waited:?}");
    }
    let all = times[times.len() - 1].duration_since(times[0]).unwrap();
    assert!(all <= StdDuration::from_secs(20), "{all:?}");
}
