use crate::{
    caller::{Caller, NoAnswer, access_token, correlation_id, token_request, username},
    figures::Times,
    ledger::{self, Redemption},
    machine::{Machine, Part},
    random::{Random, asked},
};
use azbroker_emulator::default_world::{ADA, BOB, CAROL};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

/// What the suite has time for; `cargo xtask prove` runs 500.
const ROUNDS: u64 = 120;

const USERS: [&str; 3] = [ADA, BOB, CAROL];

pub(crate) fn nothing_is_lost() {
    let seed = asked("PROOF_SEED").unwrap_or_else(|| now().to_bits());
    let rounds = asked("PROOF_ROUNDS").unwrap_or(ROUNDS);
    println!("faults: PROOF_SEED={seed} PROOF_ROUNDS={rounds}");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let mut loop_ = Loop::start(seed).await;
        for _ in 0..rounds {
            loop_.round().await;
        }
        loop_.machine.nothing_panicked();
        loop_.end().await;
    });
}

/// Sign-ins and refreshes while parts of the machine are killed.
struct Loop {
    machine: Machine,
    random: Random,
    /// Whose sign-in was answered, and which the broker then said to have kept.
    kept: BTreeSet<&'static str>,
    /// The calls that were answered with a token, and whether the broker then said to have kept what came
    /// with it.
    answered: HashMap<String, Kept>,
    kills: Vec<(Part, f64)>,
    done: BTreeMap<&'static str, usize>,
    failed: usize,
    times: Times,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kept {
    /// In the keyring.
    Yes,
    /// In memory alone, or nobody could be asked.
    Unknown,
}

impl Loop {
    async fn start(seed: u64) -> Self {
        // Every token has expired when it comes, so that each silent call is a refresh.
        let mut machine = Machine::new(300);
        machine.bring_up().await;
        let mut loop_ = Self {
            machine,
            random: Random::new(seed),
            kept: BTreeSet::new(),
            answered: HashMap::new(),
            kills: Vec::new(),
            done: BTreeMap::new(),
            failed: 0,
            times: Times::default(),
        };
        for user in USERS {
            loop_.call("acquireTokenInteractively", user, None).await;
        }
        assert_eq!(
            loop_.kept.len(),
            USERS.len(),
            "everybody is signed in and kept in the keyring"
        );
        loop_
    }

    /// One call that has to succeed in the end, whatever is killed meanwhile.
    async fn round(&mut self) {
        let user = self.random.one_of(&USERS);
        let method = match self.random.below(5) {
            0 => "acquireTokenInteractively",
            _ => "acquireTokenSilently",
        };
        let victim = match self.random.below(5) {
            0 => Some(Part::Broker),
            1 => Some(Part::Bus),
            2 => Some(Part::Keyring),
            3 => Some(Part::Emulator),
            _ => None,
        };
        const ATTEMPTS: usize = 5;
        let mut victim = victim;
        for _ in 0..ATTEMPTS {
            if self.call(method, user, victim.take()).await {
                *self.done.entry(method).or_default() += 1;
                return;
            }
            self.failed += 1;
        }
        panic!("{method} for {user} does not succeed although nothing is killed any more");
    }

    /// One call, with a victim meanwhile. Tells whether there was a token.
    async fn call(
        &mut self,
        method: &'static str,
        user: &'static str,
        victim: Option<Part>,
    ) -> bool {
        self.machine.bring_up().await;
        let caller = self.machine.caller().await;
        self.machine.has_user(user);
        let id = correlation_id();
        let request = token_request(user);
        let moment = Duration::from_millis(self.random.below(60) as u64);
        #[allow(clippy::disallowed_methods, reason = "a figure for people")]
        let watch = Instant::now();
        let call = caller.call(method, &id, &request);
        let kill = async {
            if let Some(part) = victim {
                // The moment of the blow is the one thing here that is left to time.
                let _ = tokio::time::timeout(moment, std::future::pending::<()>()).await;
                if self.machine.kill(part).await {
                    self.kills.push((part, now()));
                }
                match part {
                    Part::Emulator => self.machine.bring_up_emulator().await,
                    Part::Keyring => self.machine.bring_up_keyring().await,
                    Part::Broker | Part::Bus => {}
                }
            }
        };
        let (answer, ()) = tokio::join!(call, kill);
        self.times.add(watch.elapsed());
        let answer = match answer {
            Ok(answer) => answer,
            Err(NoAnswer::Failed(reason)) => {
                assert!(victim.is_some(), "nothing was killed: {reason}");
                return false;
            }
            Err(NoAnswer::Hung) => panic!("{method} hangs after {victim:?} was killed"),
        };
        if access_token(&answer).is_none() {
            // Entra ID remembers everything, so nobody who signed in is asked to again, unless the keyring is
            // killed while a new broker reads it; the next call has to find everybody.
            let status = answer["error"]["status"].as_i64();
            let silent = method == "acquireTokenSilently";
            let lost = silent && status == Some(2) && self.kept.contains(user);
            assert!(
                !lost || victim == Some(Part::Keyring),
                "{user} was lost after {victim:?}: {answer}"
            );
            return false;
        }
        assert_eq!(username(&answer), user, "{answer}");
        let kept = self.is_kept(&caller).await;
        self.answered.insert(id, kept);
        if kept == Kept::Yes {
            self.kept.insert(user);
        }
        true
    }

    /// What the broker itself says of where its last change is, and that nobody is missing.
    async fn is_kept(&self, caller: &Caller) -> Kept {
        let request = json!({ "clientId": "x", "redirectUri": "x" });
        let Ok(answer) = caller
            .call("getAccounts", &correlation_id(), &request)
            .await
        else {
            return Kept::Unknown;
        };
        if answer["store"].as_str() != Some("Secret Service") {
            return Kept::Unknown;
        }
        self.everybody_is_in(&answer);
        Kept::Yes
    }

    fn everybody_is_in(&self, answer: &Value) {
        let held: BTreeSet<_> = answer["accounts"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|account| account["username"].as_str())
            .collect();
        for user in &self.kept {
            assert!(held.contains(user), "{user} is lost: {answer}");
        }
    }

    /// A quiet machine at the end, started anew: everybody is there and gets a token, and the ledger holds
    /// no redemption too many.
    async fn end(mut self) {
        for part in [Part::Broker, Part::Keyring, Part::Bus, Part::Emulator] {
            self.machine.kill(part).await;
        }
        for user in USERS {
            let done = self.call("acquireTokenSilently", user, None).await;
            assert!(done, "{user} has no token at the end");
        }
        let entries = ledger::read(&self.machine.state());
        let redemptions = ledger::redemptions(&entries);
        let mut excused: BTreeMap<&str, usize> = BTreeMap::new();
        let mut successful = 0;
        for of_one in redemptions.values() {
            successful += of_one.len();
            for pair in of_one.windows(2) {
                match self.excuse(&pair[0], &pair[1]) {
                    Some(excuse) => *excused.entry(excuse).or_default() += 1,
                    None => panic!("redeemed twice: {pair:?}, kills: {:?}", self.kills),
                }
            }
        }
        let safe = self.answered.values().filter(|kept| **kept == Kept::Yes);
        let safe = safe.count();
        assert!(
            safe * 2 > self.answered.len(),
            "the broker kept {safe} of {} only",
            self.answered.len()
        );
        let mut kills: BTreeMap<Part, usize> = BTreeMap::new();
        for (part, _) in &self.kills {
            *kills.entry(*part).or_default() += 1;
        }
        println!(
            "faults: {:?} done, {} attempts failed and were made again; kills: {kills:?}; {successful} \
             redemptions of {} refresh tokens, twice because {excused:?}; calls: {}",
            self.done,
            self.failed,
            redemptions.len(),
            self.times
        );
    }

    /// Why a refresh token may have been redeemed again: what the first redemption brought was lost with
    /// something that was killed. Where it reached a caller, and the broker said to have kept it, there is
    /// no excuse.
    fn excuse(&self, first: &Redemption, second: &Redemption) -> Option<&'static str> {
        // The ledger's line is written before the answer leaves.
        let killed = |part: Part| {
            let between = |time: f64| (first.time - 1.0..=second.time).contains(&time);
            self.kills
                .iter()
                .any(|(other, time)| *other == part && between(*time))
        };
        if first.correlation_id == second.correlation_id {
            return killed(Part::Emulator).then_some("the answer never arrived");
        }
        match self.answered.get(&first.correlation_id) {
            Some(Kept::Yes) => None,
            Some(Kept::Unknown) if killed(Part::Keyring) || killed(Part::Broker) => {
                Some("the keyring was gone")
            }
            None if killed(Part::Emulator) => Some("the answer never arrived"),
            None if killed(Part::Broker) || killed(Part::Bus) => {
                Some("the broker was killed before it answered")
            }
            _ => None,
        }
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "compared with the ledger's times"
)]
fn now() -> f64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap_or_default().as_secs_f64()
}
