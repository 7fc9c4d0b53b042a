use crate::{
    caller::{Caller, access_token, correlation_id, token_request},
    crowd::{CROWD, Crowd, Kind},
    figures::{Held, Times},
    machine::Machine,
    random::asked,
};
use azbroker_emulator::default_world::ADA;
use std::time::{Duration, Instant};

/// What the suite has time for; `cargo xtask prove` makes 100,000.
const CALLS: usize = 20_000;

/// The slowest of the good caller's calls may take this many times as long as its usual slowest.
const SLOWER: u32 = 10;

/// Less than this is the machine's own noise, whoever calls.
const NOISE: Duration = Duration::from_millis(250);

/// What the broker may hold more in the end: a buffer for the largest request of each attacker, and what
/// the allocator keeps of the crowd.
const GROWTH_KIB: u64 = 16 * 1024;

pub(crate) fn a_good_caller_is_served() {
    let calls = asked("PROOF_CALLS").map_or(CALLS, |calls| usize::try_from(calls).unwrap());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(prove(calls));
}

async fn prove(calls: usize) {
    let mut machine = Machine::new(3_600);
    machine.bring_up().await;
    machine.has_user(ADA);
    let caller = machine.caller().await;
    let signed_in = caller
        .call(
            "acquireTokenInteractively",
            &correlation_id(),
            &token_request(ADA),
        )
        .await
        .unwrap();
    let token = access_token(&signed_in).expect("a token").to_owned();
    let good = GoodCaller { caller, token };
    let broker = machine.broker().await.unwrap();
    let socket = machine.socket();

    // The usual: the same number of other callers on the same bus, as busy as they can be, who mean no harm. They call
    // as often: of more calls one is more likely to be slow.
    let usual = {
        let harmless = Crowd::gather(Kind::Harmless, calls, &socket, 0);
        good.while_they_call(harmless).await
    };
    // Once hostile calls have been seen, the broker's buffers have their size.
    let warm_up = Crowd::gather(Kind::Hostile, calls / 10, &socket, 0);
    good.while_they_call(warm_up).await;
    let before = Held::by(broker).unwrap();
    #[allow(clippy::disallowed_methods, reason = "a figure for people")]
    let watch = Instant::now();
    let attack = Crowd::gather(Kind::Hostile, calls, &socket, 100);
    let attacked = good.while_they_call(attack).await;
    let took = watch.elapsed();
    // Whoever left is forgotten by now: the answer to this comes after the news of their leaving.
    good.once().await;
    let after = Held::by(broker).unwrap();

    println!(
        "hostile: {calls} calls in {took:.1?} by {CROWD} attackers; broker before: {before}; after: {after}"
    );
    println!("hostile: good caller, usual: {usual}; attacked: {attacked}");
    assert_eq!(
        machine.broker().await,
        Some(broker),
        "it is the same process"
    );
    machine.nothing_panicked();
    assert!(
        after.resident_kib <= before.resident_kib + GROWTH_KIB,
        "it grew: {before} -> {after}"
    );
    assert!(
        after.files <= before.files,
        "files stay open: {before} -> {after}"
    );
    let bound = (usual.slowest() * SLOWER).max(NOISE);
    assert!(
        attacked.slowest() <= bound,
        "the slowest took {:?}, more than {bound:?}",
        attacked.slowest()
    );
}

/// A program that wants its token, again and again.
struct GoodCaller {
    caller: Caller,
    token: String,
}

impl GoodCaller {
    /// Calls as long as the others do, and measures each call.
    async fn while_they_call(&self, mut crowd: Crowd) -> Times {
        let mut times = Times::default();
        while !crowd.is_done() || times.count() < 100 {
            times.add(self.once().await);
        }
        crowd.leave();
        times
    }

    async fn once(&self) -> Duration {
        #[allow(clippy::disallowed_methods, reason = "this is what is measured")]
        let watch = Instant::now();
        let request = token_request("");
        let answer = self
            .caller
            .call("acquireTokenSilently", &correlation_id(), &request)
            .await
            .unwrap();
        let took = watch.elapsed();
        assert_eq!(access_token(&answer), Some(&*self.token), "{answer}");
        took
    }
}
