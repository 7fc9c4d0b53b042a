//! Whose token it is when several accounts are held and a request names none.

use crate::setup::{Setup, SharedStore, request, status};
use azbroker_emulator::{
    World,
    default_world::{ADA, CAROL, TENANT_ID},
};
use azbroker_service::{ClientId, Configuration};
use serde_json::{Value, json};
use std::path::Path;

fn keeping_in(folder: &Path) -> Configuration {
    Configuration {
        state_folder: Some(folder.to_owned()),
        ..Configuration::default()
    }
}

async fn whose(setup: &Setup, request: Value) -> String {
    let answer = setup.call("acquireTokenSilently", request).await;
    assert_eq!(status(&answer), None, "{answer}");
    let username = &answer["brokerTokenResponse"]["account"]["username"];
    username.as_str().unwrap().to_owned()
}

/// A request of the tenant itself.
fn of_tenant(changed: Value) -> Value {
    let mut request = request(changed);
    let authority = format!("https://login.microsoftonline.com/{TENANT_ID}");
    request["authParameters"]["authority"] = authority.into();
    request
}

#[tokio::test]
async fn the_default_account_is_the_one_last_used_with_the_tenant_and_outlives_the_broker() {
    let folder = tempfile::tempdir().unwrap();
    let store = SharedStore::default();
    let setup = Setup::with(World::default(), keeping_in(folder.path()), store.clone()).await;
    setup.sign_in(ADA).await;
    setup.let_pass(1);
    setup.sign_in(CAROL).await;
    assert_eq!(whose(&setup, of_tenant(json!({}))).await, CAROL);
    assert_eq!(
        whose(&setup, of_tenant(json!({ "username": ADA }))).await,
        ADA
    );
    assert_eq!(whose(&setup, of_tenant(json!({}))).await, ADA);
    assert_eq!(
        whose(&setup, request(json!({}))).await,
        CAROL,
        "no tenant was named"
    );

    // By whichever name.
    let by_domain = |changed: Value| {
        let mut request = request(changed);
        let authority = "https://login.microsoftonline.com/contoso.example";
        request["authParameters"]["authority"] = authority.into();
        request
    };
    assert_eq!(whose(&setup, by_domain(json!({}))).await, ADA);
    let carol = by_domain(json!({ "username": CAROL }));
    assert_eq!(whose(&setup, carol).await, CAROL);
    assert_eq!(whose(&setup, of_tenant(json!({}))).await, CAROL);
    let ada = request(json!({ "username": ADA }));
    assert_eq!(whose(&setup, ada).await, ADA);
    assert_eq!(whose(&setup, by_domain(json!({}))).await, ADA);

    let file = folder.path().join("defaults.json");
    let written = std::fs::metadata(&file).unwrap().modified().unwrap();
    assert_eq!(whose(&setup, of_tenant(json!({}))).await, ADA);
    assert_eq!(
        whose(&setup, of_tenant(json!({ "username": ADA }))).await,
        ADA
    );
    let later = std::fs::metadata(&file).unwrap().modified().unwrap();
    assert_eq!(later, written, "written only when it changes");

    let setup = Setup::with(World::default(), keeping_in(folder.path()), store).await;
    assert_eq!(setup.accounts().await, [CAROL, ADA]);
    let answer = setup.manage("getStatus", json!({})).await;
    assert_eq!(answer["defaultIsPinned"], false);
}

#[tokio::test]
async fn a_work_account_is_none_of_consumers() {
    let setup = Setup::new().await;
    setup.sign_in(ADA).await;
    for username in ["", ADA] {
        let mut request = request(json!({ "username": username }));
        request["authParameters"]["authority"] =
            "https://login.microsoftonline.com/consumers".into();
        let answer = setup.call("acquireTokenSilently", request).await;
        assert_eq!(status(&answer), Some(2), "{answer}");
    }
}

#[tokio::test]
async fn a_personal_account_is_found_for_applications_that_let_it_pass_through_organizations() {
    const PERSONAL: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";
    let mut world = World::default();
    world.tenants[0].id = PERSONAL.to_owned();
    world.vaults.clear();
    let setup = Setup::with(world, Configuration::default(), SharedStore::default()).await;
    setup.sign_in(ADA).await;
    setup.let_pass(56);
    // What the runtime sends back is what it was given.
    let held = json!({ "clientId": ClientId::AZURE_CLI });
    let held = setup.call("getAccounts", held).await;
    let account = json!({ "account": held["accounts"][0] });
    for named in [json!({}), json!({ "username": ADA }), account] {
        let request = request(named);
        let authority = &request["authParameters"]["authority"];
        assert!(authority.as_str().unwrap().ends_with("/organizations"));
        assert_eq!(whose(&setup, request).await, ADA);
    }
}

#[tokio::test]
async fn a_pinned_account_is_the_default_until_it_is_unset_or_signed_out() {
    let folder = tempfile::tempdir().unwrap();
    let store = SharedStore::default();
    let setup = Setup::with(World::default(), keeping_in(folder.path()), store).await;
    let ada = setup.sign_in(ADA).await;
    setup.let_pass(1);
    setup.sign_in(CAROL).await;
    let account = &ada["brokerTokenResponse"]["account"];
    let pin = json!({ "account": account });
    assert_eq!(
        setup.manage("setDefaultAccount", pin.clone()).await,
        json!({})
    );
    assert_eq!(
        setup.accounts().await,
        [ADA, CAROL],
        "the default comes first"
    );
    assert_eq!(whose(&setup, request(json!({}))).await, ADA);
    assert_eq!(whose(&setup, of_tenant(json!({}))).await, ADA);
    let answer = setup.manage("getStatus", json!({})).await;
    assert_eq!(answer["defaultAccount"]["username"], ADA);
    assert_eq!(answer["defaultIsPinned"], true);
    assert_eq!(answer["accounts"], 2);

    assert_eq!(
        setup.manage("setDefaultAccount", json!({})).await,
        json!({})
    );
    assert_eq!(whose(&setup, request(json!({}))).await, CAROL);

    setup.manage("setDefaultAccount", pin.clone()).await;
    assert!(setup.sign_out(&ada).await);
    let written = std::fs::read_to_string(folder.path().join("defaults.json")).unwrap();
    let home = account["homeAccountId"].as_str().unwrap();
    assert!(!written.contains(home), "{written}");
    let answer = setup.manage("setDefaultAccount", pin).await;
    assert_eq!(
        answer["error"]["context"],
        "the broker does not hold that account; sign in with it first"
    );
}

#[tokio::test]
async fn an_account_that_cannot_be_written_down_as_the_default_is_not_the_default() {
    let folder = tempfile::tempdir().unwrap();
    let store = SharedStore::default();
    let setup = Setup::with(World::default(), keeping_in(folder.path()), store).await;
    let ada = setup.sign_in(ADA).await;
    setup.let_pass(1);
    let carol = setup.sign_in(CAROL).await;
    let pin = |reply: &Value| {
        let account = &reply["brokerTokenResponse"]["account"];
        setup.manage("setDefaultAccount", json!({ "account": account }))
    };
    assert_eq!(pin(&ada).await, json!({}));
    // In the way of what is written.
    let new = folder.path().join("defaults.json.new");
    std::fs::create_dir(&new).unwrap();
    let answer = pin(&carol).await;
    let context = answer["error"]["context"].as_str().unwrap();
    assert!(
        context.starts_with("it cannot be written down in the broker's state folder: "),
        "{answer}"
    );
    assert_eq!(setup.accounts().await, [ADA, CAROL]);
    let answer = setup.manage("setDefaultAccount", json!({})).await;
    assert!(answer["error"].is_object(), "{answer}");
    assert_eq!(setup.accounts().await, [ADA, CAROL]);
    std::fs::remove_dir(&new).unwrap();
    assert_eq!(pin(&carol).await, json!({}));
    assert_eq!(setup.accounts().await, [CAROL, ADA]);
}

#[tokio::test]
async fn a_file_that_makes_no_sense_costs_nobody_a_token() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("defaults.json"), "{").unwrap();
    let store = SharedStore::default();
    let setup = Setup::with(World::default(), keeping_in(folder.path()), store).await;
    setup.sign_in(ADA).await;
    assert_eq!(whose(&setup, request(json!({}))).await, ADA);
}
