use crate::{
    bus::{Bus, call},
    setup::{Setup, access_token, context, request, status, within},
};
use azbroker_emulator::{Fault, Target};
use azbroker_service::{Configuration, serve_at};
use futures_util::future::join_all;
use serde_json::json;
use std::{cell::Cell, time::Duration};

#[tokio::test]
async fn the_seventeenth_waiting_sign_in_of_a_caller_is_refused_and_the_first_still_completes() {
    let setup = Setup::new().await;
    let late = Fault::Delay(Duration::from_secs(5));
    setup.emulator.faults().next(1, Target::Token, late);
    let answers = join_all((0..17).map(|_| setup.interactive())).await;
    let (refused, done): (Vec<_>, Vec<_>) =
        answers.iter().partition(|answer| status(answer).is_some());
    assert_eq!((refused.len(), done.len()), (1, 16));
    assert_eq!(
        (status(refused[0]), context(refused[0])),
        (
            Some(15),
            "too many requests are under way from this program; try again"
        )
    );
    assert!(
        done.iter()
            .all(|answer| access_token(answer) == access_token(done[0]))
    );
    assert_eq!(
        status(&setup.interactive().await),
        None,
        "there is room again"
    );
}

#[tokio::test]
async fn too_many_silent_requests_of_a_caller_are_refused_and_the_others_answered() {
    let state = tempfile::tempdir().unwrap();
    let setup = Setup::configured(Configuration {
        state_folder: Some(state.path().to_owned()),
        ..Configuration::default()
    })
    .await;
    setup.sign_in(azbroker_emulator::default_world::ADA).await;
    setup.let_pass(56);
    let late = Fault::Delay(Duration::from_secs(5));
    setup.emulator.faults().next(1, Target::Token, late);
    let answers = join_all((0..130).map(|_| setup.silent())).await;
    let refused = answers
        .iter()
        .filter(|answer| status(answer) == Some(15))
        .count();
    let answered = answers
        .iter()
        .filter(|answer| status(answer).is_none())
        .count();
    assert_eq!((refused, answered), (2, 128));
    // The log is written behind the answers.
    let logged = || std::fs::read_to_string(state.path().join("log.jsonl")).unwrap_or_default();
    let line = async {
        while !logged().contains("too many requests are under way from this program; try again") {
            tokio::task::yield_now().await;
        }
    };
    within("line in the log", line).await;
}

#[tokio::test]
async fn a_process_has_one_limit_for_all_its_connections_and_interfaces() {
    let setup = Setup::new().await;
    setup.sign_in(azbroker_emulator::default_world::ADA).await;
    setup.let_pass(56);
    let bus = Bus::start();
    let broker = bus.connect().await;
    serve_at(&broker, setup.broker.clone()).await.unwrap();
    let clients = join_all((0..4).map(|_| bus.connect())).await;
    let late = Fault::Delay(Duration::from_secs(5));
    setup.emulator.faults().next(1, Target::Token, late);

    let contract = "com.microsoft.identity.Broker1";
    let silent = request(json!({}));
    let (answered, refused) = (Cell::new(0), Cell::new(0));
    let ask = async |client| {
        let answer = call(client, &broker, contract, "acquireTokenSilently", &silent).await;
        answered.set(answered.get() + 1);
        refused.set(refused.get() + usize::from(status(&answer) == Some(15)));
    };
    let asked_all = clients
        .iter()
        .flat_map(|client| (0..35).map(|_| ask(client)));
    let too_late = async {
        let refusals = async {
            while answered.get() < 12 {
                tokio::task::yield_now().await;
            }
        };
        within("twelfth refusal", refusals).await;
        // Its requests that are let in wait for Entra ID: the process has no place left, anywhere.
        let late_comer = bus.connect().await;
        let own = "com.github.azbroker.Broker1";
        call(&late_comer, &broker, own, "getStatus", &json!({})).await
    };
    let (_, managed) = futures_util::join!(join_all(asked_all), too_late);
    assert_eq!((answered.get(), refused.get()), (140, 12));
    assert_eq!(
        (status(&managed), context(&managed)),
        (
            Some(15),
            "too many requests are under way from this program; try again"
        )
    );
    let again = call(
        &clients[0],
        &broker,
        contract,
        "acquireTokenSilently",
        &silent,
    )
    .await;
    assert_eq!(status(&again), None, "there is room again");
}
