//! The account page: when it is shown, and what comes of each answer.

use crate::setup::{Setup, access_token, context, request, status, within};
use azbroker_emulator::{Behavior, Fault, Target, default_world};
use azbroker_service::{Configuration, Prompt};
use azure_core::{http::Url, time::Duration};
use futures_util::future::join_all;
use serde_json::{Value, json};

fn username(answer: &Value) -> &str {
    answer["brokerTokenResponse"]["account"]["username"]
        .as_str()
        .unwrap_or_default()
}

fn is_picker(url: &Url) -> bool {
    url.scheme() == "http" && url.host_str() == Some("localhost")
}

/// What the page at an address says now.
async fn text_at(url: &Url) -> String {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = client.get(url.as_str()).send().await.unwrap();
    answer.text().await.unwrap()
}

/// The account page that was opened last.
fn page(setup: &Setup) -> Url {
    let opened = setup.user.opened();
    opened.into_iter().rfind(is_picker).unwrap()
}

async fn page_is_open(setup: &Setup, pages: usize) {
    let opened = async {
        while setup.user.opened().len() < pages {
            tokio::task::yield_now().await;
        }
    };
    within("page", opened).await;
}

#[tokio::test]
async fn with_nobody_to_choose_from_the_sign_in_is_entra_ids_page_alone() {
    let setup = Setup::new().await;
    setup.sign_in(default_world::ADA).await;
    let named = request(json!({ "username": default_world::CAROL }));
    setup.user.is(default_world::CAROL, Behavior::Complete);
    let answer = setup.call("acquireTokenInteractively", named).await;
    assert_eq!(username(&answer), default_world::CAROL);
    let opened = setup.user.opened();
    assert_eq!(opened.iter().filter(|url| is_picker(url)).count(), 0);
    assert_eq!(opened.len(), 2);
}

#[tokio::test]
async fn an_account_that_is_chosen_answers_without_signing_in_again() {
    let setup = Setup::new().await;
    let ada = setup.sign_in(default_world::ADA).await;
    setup.let_pass(1);
    setup.sign_in(default_world::CAROL).await;
    let asked = setup.emulator.ledger().token_requests();

    setup.user.is(default_world::ADA, Behavior::Complete);
    let answer = setup.interactive().await;
    assert_eq!(username(&answer), default_world::ADA);
    assert_eq!(access_token(&answer), access_token(&ada));
    assert_eq!(setup.emulator.ledger().token_requests(), asked);
    assert!(is_picker(setup.user.opened().last().unwrap()));
    let text = text_at(&page(&setup)).await;
    assert!(text.contains("the program has its token"), "{text}");
}

#[tokio::test]
async fn an_account_that_must_do_something_goes_on_to_entra_ids_page() {
    let setup = Setup::new().await;
    let first = setup.sign_in(default_world::ADA).await;
    setup.let_pass(56);
    let wants_mfa = Fault::Oauth {
        error: "interaction_required".to_owned(),
        aadsts: 50076,
        suberror: Some("basic_action".to_owned()),
        claims: None,
    };
    setup.emulator.faults().next(1, Target::Token, wants_mfa);
    let answer = setup.interactive().await;
    assert_eq!(username(&answer), default_world::ADA);
    assert_ne!(access_token(&answer), access_token(&first));
    let opened = setup.user.opened();
    assert_eq!(opened.len(), 2, "Entra ID's page came in the same window");
    let shown = setup
        .emulator
        .ledger()
        .count(|entry| entry.target == Target::Authorize);
    assert_eq!(shown, 2);
}

#[tokio::test]
async fn an_application_that_the_account_has_not_signed_in_to_signs_in_as_it() {
    let setup = Setup::new().await;
    setup.sign_in(default_world::ADA).await;
    let other = request(json!({ "clientId": default_world::SAMPLE_CLIENT_ID }));
    let answer = setup.call("acquireTokenInteractively", other).await;
    assert_eq!(username(&answer), default_world::ADA, "{answer}");
}

#[tokio::test]
async fn another_account_than_those_held_can_sign_in() {
    let setup = Setup::new().await;
    setup.sign_in(default_world::ADA).await;
    setup.user.is(default_world::BOB, Behavior::Complete);
    let answer = setup.interactive().await;
    assert_eq!(username(&answer), default_world::BOB);
    assert_eq!(setup.user.opened().len(), 2);
}

#[tokio::test]
async fn a_denial_is_a_cancel() {
    let setup = Setup::new().await;
    setup.sign_in(default_world::ADA).await;
    setup.user.is(default_world::ADA, Behavior::Decline);
    let answer = setup.interactive().await;
    assert_eq!(
        (status(&answer), context(&answer)),
        (
            Some(7),
            "the user denied it on the account page; ask again, and choose an account there"
        )
    );
    assert_eq!(
        status(&setup.silent().await),
        None,
        "nothing was lost by it"
    );
    let text = text_at(&page(&setup)).await;
    assert!(text.contains("It was denied"), "{text}");
}

#[tokio::test]
async fn a_caller_that_gives_up_ends_the_page() {
    let setup = Setup::new().await;
    setup.sign_in(default_world::ADA).await;
    setup.user.is(default_world::ADA, Behavior::Close);
    let cancel = async {
        page_is_open(&setup, 2).await;
        let text = text_at(&page(&setup)).await;
        assert!(text.contains("Choose an account"), "{text}");
        setup.call_raw("cancelInteractiveFlow", "{}").await;
    };
    let (answer, ()) = tokio::join!(setup.interactive(), cancel);
    assert_eq!(status(&answer), Some(8));
    let text = text_at(&page(&setup)).await;
    assert!(text.contains("is not waiting for it any more"), "{text}");
}

#[tokio::test]
async fn a_page_that_is_not_answered_in_time_ends_by_itself() {
    let configuration = Configuration {
        sign_in_deadline: Duration::seconds(5),
        ..Configuration::default()
    };
    let setup = Setup::configured(configuration).await;
    setup.sign_in(default_world::ADA).await;
    setup.user.is(default_world::ADA, Behavior::Close);
    let answer = setup.interactive().await;
    assert_eq!(
        (status(&answer), context(&answer)),
        (
            Some(7),
            "the sign-in was not finished within 5 s; try again"
        )
    );
    let text = text_at(&page(&setup)).await;
    assert!(text.contains("not answered in time"), "{text}");
}

#[tokio::test]
async fn two_requests_share_one_page_and_the_account_chosen_there() {
    let setup = Setup::new().await;
    setup.sign_in(default_world::ADA).await;
    setup.let_pass(1);
    setup.sign_in(default_world::CAROL).await;
    let before = setup.user.opened().len();
    setup.user.is(default_world::ADA, Behavior::Complete);
    let answers = join_all((0..5).map(|_| setup.interactive())).await;
    for answer in &answers {
        assert_eq!(username(answer), default_world::ADA, "not the default one");
    }
    assert_eq!(setup.user.opened().len(), before + 1);
}

#[tokio::test]
async fn what_the_user_denied_once_is_not_asked_again_for_those_who_waited() {
    let setup = Setup::new().await;
    setup.sign_in(default_world::ADA).await;
    setup.user.is(default_world::ADA, Behavior::Decline);
    let answers = join_all((0..5).map(|_| setup.interactive())).await;
    assert!(answers.iter().all(|answer| status(answer) == Some(7)));
    assert_eq!(setup.user.opened().len(), 2);
}

#[tokio::test]
async fn where_programs_must_be_allowed_the_page_asks_before_anybody_signs_in() {
    let setup = Setup::asking().await;
    let answer = setup.interactive().await;
    assert_eq!(username(&answer), default_world::ADA);
    let opened = setup.user.opened();
    assert!(
        opened.len() == 1 && is_picker(&opened[0]),
        "{}",
        opened.len()
    );
}

#[tokio::test]
async fn where_programs_must_be_allowed_a_denial_opens_no_sign_in() {
    let setup = Setup::asking().await;
    setup.user.is(default_world::ADA, Behavior::Decline);
    let answer = setup.interactive().await;
    assert_eq!(status(&answer), Some(7), "{answer}");
    assert_eq!(setup.emulator.ledger().entries().len(), 0);
}

#[tokio::test]
async fn another_user_than_the_one_allowed_gets_the_program_nothing() {
    let setup = Setup::asking().await;
    setup.interactive().await;
    setup.let_pass(56);
    let faults = setup.emulator.faults();
    faults.revoke_refresh_tokens(default_world::ADA);
    setup.user.is(default_world::ADA, Behavior::Close);
    let walk = async {
        page_is_open(&setup, 2).await;
        let mut sign_in = press(&page(&setup), "account", "0").await;
        // She asks Entra ID's page for somebody else.
        let others: Vec<_> = sign_in
            .query_pairs()
            .filter(|(name, _)| name != "login_hint")
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect();
        sign_in.query_pairs_mut().clear().extend_pairs(others);
        setup.user.is(default_world::CAROL, Behavior::Complete);
        setup.user.open(&sign_in).await.unwrap();
    };
    let (answer, ()) = tokio::join!(setup.interactive(), walk);
    assert_eq!(
        (status(&answer), context(&answer)),
        (
            Some(12),
            "carol@contoso.example signed in, which is not the account that was allowed; sign in with that one"
        )
    );
}

/// Presses a button of the account page as a browser does, and returns where that leads.
async fn press(page: &Url, name: &str, value: &str) -> Url {
    let text = text_at(page).await;
    let (_, rest) = text.split_once("name=\"token\" value=\"").unwrap();
    let (token, _) = rest.split_once('"').unwrap();
    let client = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let answer = client
        .post(page.as_str())
        .header("Origin", page.origin().ascii_serialization())
        .form(&[("token", token), (name, value)])
        .send()
        .await
        .unwrap();
    let location = answer.headers()["location"].to_str().unwrap();
    Url::parse(location).unwrap()
}
