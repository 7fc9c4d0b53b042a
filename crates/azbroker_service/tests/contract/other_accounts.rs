//! Nobody gets a token of somebody else's, however the request is put.

use crate::setup::{Setup, access_token, context, request, status};
use azbroker_emulator::{Behavior, Fault, Target, default_world};
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn an_account_that_is_named_in_no_known_way_is_never_the_default_one() {
    let setup = Setup::new().await;
    setup.sign_in(default_world::ADA).await;
    let bob = format!(
        "{}.{}",
        default_world::BOB_OBJECT_ID,
        default_world::TENANT_ID
    );
    for account in [
        json!({ "homeAccountId": default_world::BOB_OBJECT_ID }),
        json!({ "homeAccountId": [bob] }),
        json!({ "homeAccountId": 5 }),
        json!({ "localAccountId": default_world::BOB_OBJECT_ID }),
        json!({ "realm": default_world::TENANT_ID }),
        json!({ "clientInfo": "x" }),
    ] {
        let named = request(json!({ "account": account, "username": null }));
        let answer = setup.call("acquireTokenSilently", named).await;
        assert_eq!(status(&answer), Some(6), "{account}: {answer}");
    }
    for account in [json!(null), json!({}), json!({ "homeAccountId": null })] {
        let named = request(json!({ "account": account }));
        let answer = setup.call("acquireTokenSilently", named).await;
        assert_eq!(status(&answer), None, "{account}: {answer}");
    }
}

#[tokio::test]
async fn another_user_at_the_browser_is_not_the_one_asked_for() {
    let setup = Setup::new().await;
    let ada = format!(
        "{}.{}",
        default_world::ADA_OBJECT_ID,
        default_world::TENANT_ID
    );
    // Without a username the page offers none.
    let account = json!({ "homeAccountId": ada });
    setup.user.is(default_world::CAROL, Behavior::Complete);
    let answer = setup
        .call(
            "acquireTokenInteractively",
            request(json!({ "account": account })),
        )
        .await;
    assert_eq!(
        (status(&answer), context(&answer)),
        (
            Some(12),
            "carol@contoso.example signed in, which is not the account asked for; sign in with that one"
        )
    );
    assert!(setup.accounts().await.is_empty());
}

#[tokio::test]
async fn an_account_is_removed_by_any_name_of_its_cloud() {
    let setup = Setup::new().await;
    let answer = setup.sign_in(default_world::ADA).await;
    let mut account = answer["brokerTokenResponse"]["account"].clone();
    account["environment"] = "login.windows.net".into();
    let removed = setup
        .call(
            "removeAccount",
            json!({ "clientId": "x", "account": account }),
        )
        .await;
    assert_eq!(removed["removed"], true);
    assert!(setup.accounts().await.is_empty());
}

#[tokio::test]
async fn only_the_token_that_is_held_can_be_said_to_be_refused() {
    let setup = Setup::new().await;
    let first = setup.sign_in(default_world::ADA).await;
    for refused in ["anything", access_token(&first)] {
        let renew = request(json!({ "accessTokenToRenew": refused }));
        setup.call("acquireTokenSilently", renew).await;
    }
    let asked = setup.emulator.ledger().token_requests();
    assert_eq!(asked, 2, "the sign-in and one renewal");
}

#[tokio::test]
async fn a_code_that_has_come_is_redeemed_though_its_caller_gives_up() {
    let setup = Setup::new().await;
    let slow = Fault::Delay(Duration::from_secs(2));
    setup.emulator.faults().next(1, Target::Token, slow);
    let cancel = async {
        // The user has done their part: the pages are walked, the code is under way.
        let walked = |entries: &[azbroker_emulator::Entry]| {
            entries.iter().any(|entry| entry.target == Target::SignIn)
        };
        setup.emulator.ledger().wait_for(walked).await;
        setup.redirect_has_come().await;
        setup.call_raw("cancelInteractiveFlow", "{}").await;
    };
    let (answer, ()) = tokio::join!(setup.interactive(), cancel);
    assert_eq!(status(&answer), Some(8), "{answer}");
    let kept = async {
        while setup.accounts().await.is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), kept)
        .await
        .unwrap();
    assert_eq!(status(&setup.silent().await), None);
}
