use crate::{
    caller::{access_token, correlation_id, token_request},
    caller_process::CallerProcess,
    figures::Held,
    ledger,
    machine::{Machine, Part},
};
use azbroker_emulator::default_world::ADA;
use std::{collections::HashSet, time::Instant};

const CALLERS: usize = 1_000;

/// Each has as many connections as a process may have calls under way, or fewer.
const PROCESSES: usize = 8;

pub(crate) fn one_request() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(prove());
}

async fn prove() {
    // A token that lives as long as clients want left of one has expired when it comes.
    let mut machine = Machine::new(300);
    machine.bring_up().await;
    machine.has_user(ADA);
    let first = machine.caller().await;
    let signed_in = first
        .call(
            "acquireTokenInteractively",
            &correlation_id(),
            &token_request(ADA),
        )
        .await
        .unwrap();
    let expired = access_token(&signed_in).expect("a token").to_owned();
    machine.kill(Part::Emulator).await;
    machine.token_lifetime = 3_600;
    machine.bring_up_emulator().await;
    let before = ledger::read(&machine.state()).len();

    let address = machine.address();
    let mut callers: Vec<_> = (0..PROCESSES)
        .map(|_| CallerProcess::start(&address, CALLERS / PROCESSES))
        .collect();
    #[allow(clippy::disallowed_methods, reason = "a figure for people")]
    let watch = Instant::now();
    callers.iter_mut().for_each(CallerProcess::go);
    let tokens: Vec<_> = callers
        .into_iter()
        .flat_map(CallerProcess::tokens)
        .collect();
    let took = watch.elapsed();
    assert_eq!(tokens.len(), CALLERS);
    let tokens: HashSet<_> = tokens.iter().map(String::as_str).collect();
    assert_eq!(tokens.len(), 1, "all have the same token");
    assert!(!tokens.contains(&*expired), "which is a new one");
    let requests: Vec<_> = ledger::read(&machine.state()).split_off(before);
    assert_eq!(requests.len(), 1, "{requests:?}");
    assert_eq!(requests[0]["grantType"], "refresh_token");
    machine.nothing_panicked();
    let held = Held::by(machine.broker().await.unwrap()).unwrap();
    println!(
        "load: {CALLERS} callers, 1 request to the token endpoint, all answered in {took:.2?}; broker: {held}"
    );
}
