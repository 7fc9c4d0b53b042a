//! The interface of our own: sign-ins without a browser on the machine, and how their redirect comes back.

use crate::{bus::Bus, setup::*};
use azbroker_emulator::{Behavior, SignIn, Target, Visitor, World, default_world};
use azbroker_service::{Configuration, Desktop, serve_at};
use azure_core::time::Duration;
use serde::Serialize;
use serde_json::{Value, json};
use zbus::{Connection, zvariant::DynamicType};

async fn call(setup: &Setup, method: &str, arguments: &(impl Serialize + DynamicType)) -> Value {
    let reply = setup.client.call_method(
        None::<&str>,
        "/com/microsoft/identity/broker1",
        Some("com.github.azbroker.SignIn1"),
        method,
        arguments,
    );
    let reply: String = reply.await.unwrap().body().deserialize().unwrap();
    serde_json::from_str(&reply).unwrap()
}

async fn begin(setup: &Setup, way: &str, changed: Value) -> Value {
    let request = request(changed).to_string();
    call(setup, "begin", &(CORRELATION_ID, way, request.as_str())).await
}

async fn paste(setup: &Setup, text: &str) -> Value {
    call(setup, "paste", &(text,)).await
}

fn ada(setup: &Setup, behavior: Behavior) -> Visitor {
    let sign_in = SignIn {
        username: default_world::ADA.to_owned(),
        password: default_world::ADA_PASSWORD.to_owned(),
        behavior,
    };
    Visitor::with_client(setup.emulator.http_client(), sign_in).unwrap()
}

fn native() -> Value {
    json!({ "clientId": default_world::NATIVE_CLIENT_ID })
}

#[tokio::test]
async fn the_address_that_a_browser_ended_on_is_pasted_and_the_account_kept() {
    let setup = Setup::new().await;
    let begun = begin(&setup, "paste", native()).await;
    assert_eq!(begun["way"], "paste", "{begun}");
    assert_eq!(
        begun["redirectUri"],
        "https://login.microsoftonline.com/common/oauth2/nativeclient"
    );
    let url = begun["url"].as_str().unwrap();
    let end = ada(&setup, Behavior::Complete).visit(url).await.unwrap();

    let fault = |answer: Value| answer["fault"].as_str().unwrap().to_owned();
    let wrong = fault(paste(&setup, "what?").await);
    assert!(
        wrong.starts_with("this is not where the sign-in ended; "),
        "{wrong}"
    );
    let page = fault(paste(&setup, url).await);
    assert!(
        page.starts_with("this is the address that the sign-in begins with; "),
        "{page}"
    );
    let other = end.url.replace("state=", "state=x");
    let other = fault(paste(&setup, &other).await);
    assert!(
        other.starts_with("this is the address of another sign-in; "),
        "{other}"
    );
    assert_eq!(paste(&setup, &end.url).await, json!({ "fault": null }));
    let signed_in = call(&setup, "wait", &()).await;
    assert_eq!(signed_in["username"], default_world::ADA);
    let silent = setup.call("acquireTokenSilently", request(native())).await;
    assert_eq!(status(&silent), None, "{silent}");
    let late = paste(&setup, &end.url).await;
    assert_eq!(status(&late), Some(6), "{late}");
}

#[tokio::test]
async fn a_browser_that_reaches_this_machine_needs_no_paste() {
    let setup = Setup::new().await;
    let begun = begin(&setup, "paste", json!({})).await;
    assert_eq!(begun["redirectUri"], "http://localhost");
    let url = begun["url"].as_str().unwrap();
    let user = ada(&setup, Behavior::Complete);
    let (end, signed_in) = tokio::join!(user.visit(url), async { call(&setup, "wait", &()).await });
    assert!(end.unwrap().text.contains("You are signed in"));
    assert_eq!(signed_in["username"], default_world::ADA);
}

#[tokio::test]
async fn a_pasted_refusal_ends_the_sign_in() {
    let setup = Setup::new().await;
    let begun = begin(&setup, "paste", native()).await;
    let user = ada(&setup, Behavior::Decline);
    let end = user.visit(begun["url"].as_str().unwrap()).await.unwrap();
    assert_eq!(paste(&setup, &end.url).await, json!({ "fault": null }));
    let ended = call(&setup, "wait", &()).await;
    assert_eq!(status(&ended), Some(7), "{ended}");
    assert!(context(&ended).contains("AADSTS65004"), "{ended}");
}

#[tokio::test]
async fn what_is_no_sign_in_says_so() {
    let setup = Setup::new().await;
    for answer in [
        paste(&setup, "code=c&state=s").await,
        call(&setup, "wait", &()).await,
    ] {
        assert_eq!(
            context(&answer),
            "no sign-in of this program waits; begin one first"
        );
    }
    let way = begin(&setup, "telepathy", json!({})).await;
    assert_eq!(
        context(&way),
        "the way of the sign-in is none that this broker knows"
    );
}

/// A desktop without a display.
fn bare() -> Configuration {
    Configuration {
        desktop: Some(Desktop::from_variables(|_| None)),
        ..Configuration::default()
    }
}

#[tokio::test]
async fn entra_id_is_asked_once_which_redirect_uri_an_application_has() {
    let folder = tempfile::tempdir().unwrap();
    let configuration = || Configuration {
        state_folder: Some(folder.path().to_owned()),
        ..bare()
    };
    let setup = Setup::with(World::default(), configuration(), SharedStore::default()).await;
    let asked = |setup: &Setup| {
        let entries = setup.emulator.ledger().entries();
        let silent = entries.iter().filter(|entry| entry.is_silent);
        silent
            .filter(|entry| entry.target == Target::Authorize)
            .count()
    };
    let answer = setup
        .call("acquireTokenInteractively", request(native()))
        .await;
    assert_eq!(status(&answer), Some(2), "{answer}");
    assert_eq!(
        context(&answer),
        "the application has registered no redirect URI of this machine, and there is no Chromium, Chrome or Edge \
         here with a display to sign in with; sign in with `azbroker login --client-id \
         5eed0000-0000-4000-8000-000000000002`, which needs no browser here"
    );
    assert_eq!((asked(&setup), setup.user.opened().len()), (2, 0));
    // The Azure CLI's is known, and a failure of the moment is no answer.
    setup.interactive().await;
    let begun = begin(&setup, "auto", native()).await;
    assert_eq!((begun["way"].as_str(), asked(&setup)), (Some("paste"), 2));
    let file = std::fs::read_to_string(folder.path().join("redirects.json")).unwrap();
    assert!(
        file.contains(
            "\"login.microsoftonline.com/5eed0000-0000-4000-8000-000000000002\": \"nativeclient\""
        ),
        "{file}"
    );

    let setup = Setup::with(World::default(), configuration(), SharedStore::default()).await;
    begin(&setup, "auto", native()).await;
    assert_eq!(asked(&setup), 0);
}

#[tokio::test]
async fn an_application_without_a_redirect_uri_to_come_back_to_is_told_what_to_register() {
    let mut world = World::default();
    let applications = &mut world.tenants[0].applications;
    let application = applications
        .iter_mut()
        .find(|one| one.client_id == default_world::SAMPLE_CLIENT_ID);
    application.unwrap().redirect_uris = vec!["https://app.example/cb".to_owned()];
    let setup = Setup::with(world, Configuration::default(), SharedStore::default()).await;
    let sample = json!({ "clientId": default_world::SAMPLE_CLIENT_ID });
    let answer = setup
        .call("acquireTokenInteractively", request(sample))
        .await;
    assert_eq!(status(&answer), Some(9), "{answer}");
    assert_eq!(
        context(&answer),
        "the application has registered neither http://localhost nor \
         https://login.microsoftonline.com/common/oauth2/nativeclient as a redirect URI (AADSTS50011); \
         add http://localhost to its mobile and desktop redirect URIs in the Microsoft Entra admin center"
    );
}

#[tokio::test]
async fn an_authority_that_does_not_answer_is_no_reason_to_wait_or_to_learn() {
    let setup = Setup::new().await;
    let fault = azbroker_emulator::Fault::Drop;
    setup.emulator.faults().next(4, Target::Authorize, fault);
    let sample = json!({ "clientId": default_world::SAMPLE_CLIENT_ID });
    let begun = begin(&setup, "auto", sample).await;
    assert_eq!(begun["way"], "browser", "{begun}");
}

#[tokio::test]
async fn an_application_that_the_tenant_does_not_have_is_refused_before_anybody_waits() {
    let setup = Setup::new().await;
    let unknown = json!({ "clientId": "99999999-0000-4000-8000-000000000009" });
    let begun = begin(&setup, "auto", unknown.clone()).await;
    assert!(
        context(&begun)
            .contains("the tenant has no application with this client ID (AADSTS700016)"),
        "{begun}"
    );
    let answer = setup
        .call("acquireTokenInteractively", request(unknown))
        .await;
    assert!(context(&answer).contains("AADSTS700016"), "{answer}");
    assert_eq!(setup.user.opened().len(), 0);
}

#[tokio::test]
async fn a_way_that_this_machine_has_not_is_refused_and_not_remembered() {
    let setup = Setup::with(World::default(), bare(), SharedStore::default()).await;
    let begun = begin(&setup, "nativeClient", json!({})).await;
    assert_eq!(
        context(&begun),
        "there is no Chromium, Chrome or Edge here with a display to sign in with; \
         sign in with `azbroker login --redirect paste`"
    );
    // As if nobody had asked.
    setup.interactive().await;
}

#[tokio::test]
async fn a_code_is_entered_at_another_device() {
    let setup = Setup::new().await;
    let begun = begin(&setup, "deviceCode", json!({})).await;
    assert_eq!(
        (begun["way"].as_str(), &begun["lasts"]),
        (Some("deviceCode"), &900.into()),
        "{begun}"
    );
    // Once before anybody has entered it, and again only when the interval is over.
    polled(&setup, 1).await;
    let text = |name: &str| begun[name].as_str().unwrap();
    let user = ada(&setup, Behavior::Complete);
    let page = user
        .enter_code(text("verificationUri"), text("userCode"))
        .await
        .unwrap();
    assert!(page.text.contains("You have signed in"), "{}", page.text);
    let signed_in = wait_as_time_passes(&setup).await;
    assert_eq!(signed_in["username"], default_world::ADA);
    assert_eq!(setup.accounts().await, [default_world::ADA]);
}

/// Waits until the token endpoint was asked so often.
async fn polled(setup: &Setup, times: usize) {
    let ledger = setup.emulator.ledger();
    let polls = ledger.wait_for(|entries| {
        let polls = entries.iter().filter(|entry| entry.target == Target::Token);
        polls.count() >= times
    });
    polls.await;
}

/// Waits for the end of a sign-in while the clock runs fast.
async fn wait_as_time_passes(setup: &Setup) -> Value {
    let time_passes = async {
        loop {
            setup.clock.advance(Duration::seconds(1));
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        ended = call(setup, "wait", &()) => ended,
        () = time_passes => unreachable!(),
    }
}

#[tokio::test]
async fn a_device_code_that_was_declined_or_has_expired_says_so() {
    let setup = Setup::new().await;
    let begun = begin(&setup, "deviceCode", json!({})).await;
    let text = |name: &str| begun[name].as_str().unwrap();
    let user = ada(&setup, Behavior::Decline);
    user.enter_code(text("verificationUri"), text("userCode"))
        .await
        .unwrap();
    polled(&setup, 1).await;
    let ended = wait_as_time_passes(&setup).await;
    assert_eq!(status(&ended), Some(7), "{ended}");

    begin(&setup, "deviceCode", json!({})).await;
    setup.clock.advance(Duration::minutes(14));
    let ended = wait_as_time_passes(&setup).await;
    assert_eq!(
        context(&ended),
        "the sign-in was not finished within 900 s; try again"
    );
}

#[tokio::test]
async fn sign_ins_by_hand_count_as_sign_ins_of_their_process() {
    let setup = Setup::new().await;
    let bus = Bus::start();
    let broker = bus.connect().await;
    serve_at(&broker, setup.broker.clone()).await.unwrap();
    let request = request(native()).to_string();
    let begin = async |client: &Connection| {
        let arguments = (CORRELATION_ID, "paste", &*request);
        let reply = client.call_method(
            broker.unique_name(),
            "/com/microsoft/identity/broker1",
            Some("com.github.azbroker.SignIn1"),
            "begin",
            &arguments,
        );
        let reply: String = reply.await.unwrap().body().deserialize().unwrap();
        serde_json::from_str::<Value>(&reply).unwrap()
    };
    let mut clients = Vec::new();
    for _ in 0..16 {
        let client = bus.connect().await;
        let begun = begin(&client).await;
        assert_eq!(begun["way"], "paste", "{begun}");
        clients.push(client);
    }
    let late_comer = bus.connect().await;
    let refused = begin(&late_comer).await;
    assert_eq!(
        (status(&refused), context(&refused)),
        (
            Some(15),
            "too many requests are under way from this program; try again"
        )
    );
    // Whose caller has left counts no more.
    clients.pop().unwrap().close().await.unwrap();
    let place = async { while begin(&late_comer).await["way"] != "paste" {} };
    within("free place", place).await;
}

#[tokio::test]
async fn a_sign_in_that_takes_the_place_of_another_leaves_nothing_of_it_behind() {
    let setup = Setup::new().await;
    let alive = || {
        tokio::runtime::Handle::current()
            .metrics()
            .num_alive_tasks()
    };
    for _ in 0..3 {
        assert_eq!(begin(&setup, "paste", native()).await["way"], "paste");
    }
    let few = alive();
    for _ in 0..30 {
        assert_eq!(begin(&setup, "paste", native()).await["way"], "paste");
    }
    let many = alive();
    assert!(many <= few + 3, "{few} tasks became {many}");
}
