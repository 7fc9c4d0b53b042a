use crate::{
    caller::{Caller, access_token, correlation_id, token_request},
    figures::{Held, Times},
    machine::Machine,
    random::{Random, asked},
    raw_caller::{Message, RawCaller, strings},
};
use azbroker_emulator::default_world::ADA;
use serde_json::{Value, json};
use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

/// What the suite has time for; `cargo xtask prove` makes 100,000.
const CALLS: usize = 20_000;

/// How many programs attack at a time.
const ATTACKERS: usize = 2;

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

    // The usual: the same number of other callers on the same bus, as busy as they can be, who mean no harm.
    let usual = {
        let harmless = Crowd::gather(calls / 4, |seed, left| harmless(socket.clone(), seed, left));
        good.while_they_call(harmless).await
    };
    // Once hostile calls have been seen, the broker's buffers have their size.
    let warm_up = Crowd::gather(calls / 10, |seed, left| hostile(socket.clone(), seed, left));
    good.while_they_call(warm_up).await;
    let before = Held::by(broker).unwrap();
    #[allow(clippy::disallowed_methods, reason = "a figure for people")]
    let watch = Instant::now();
    let attack = Crowd::gather(calls, |seed, left| {
        hostile(socket.clone(), seed + 100, left)
    });
    let attacked = good.while_they_call(attack).await;
    let took = watch.elapsed();
    // Whoever left is forgotten by now: the answer to this comes after the news of their leaving.
    good.once().await;
    let after = Held::by(broker).unwrap();

    println!(
        "hostile: {calls} calls in {took:.1?} by {ATTACKERS} attackers; broker before: {before}; after: {after}"
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
    async fn while_they_call(&self, crowd: Crowd) -> Times {
        let mut times = Times::default();
        while !crowd.is_done() || times.count() < 100 {
            times.add(self.once().await);
        }
        crowd.leave().await;
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

/// Programs that call at the same time, until all calls have been made.
struct Crowd {
    left: Arc<AtomicUsize>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

impl Crowd {
    fn gather<F: Future<Output = ()> + Send + 'static>(
        calls: usize,
        member: impl Fn(u64, Left) -> F,
    ) -> Self {
        let left = Arc::new(AtomicUsize::new(calls));
        let tasks = (1..=ATTACKERS as u64)
            .map(|seed| tokio::spawn(member(seed, Left(left.clone()))))
            .collect();
        Self { left, tasks }
    }

    fn is_done(&self) -> bool {
        self.tasks.iter().all(tokio::task::JoinHandle::is_finished)
    }

    async fn leave(self) {
        for task in self.tasks {
            task.await.unwrap();
        }
        assert_eq!(self.left.load(Ordering::Relaxed), 0, "all calls were made");
    }
}

/// How many calls are still to be made.
#[derive(Clone)]
struct Left(Arc<AtomicUsize>);

impl Left {
    /// Takes this many of them, or what is there.
    fn take(&self, wanted: usize) -> usize {
        let mut taken = 0;
        let _ = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                taken = wanted.min(left);
                Some(left - taken)
            });
        taken
    }
}

/// How many calls of one program are under way at a time, of the harmless as of the hostile.
const WINDOW: usize = 32;

async fn harmless(socket: PathBuf, _seed: u64, left: Left) {
    let request = token_request("").to_string();
    let body = strings(&["0.0", "", &request]);
    let silent = Message::to_broker("acquireTokenSilently", "sss", &body);
    let mut caller = RawCaller::connect(&socket).await.unwrap();
    loop {
        let calls = left.take(WINDOW);
        if calls == 0 {
            return;
        }
        for _ in 0..calls {
            caller.send(&silent).await.unwrap();
        }
        caller.settle().await.unwrap();
    }
}

/// A program that sends whatever should not be sent, and comes back when it is thrown out.
async fn hostile(socket: PathBuf, seed: u64, left: Left) {
    let mut random = Random::new(seed);
    let kinds = Kinds::new();
    let mut caller = RawCaller::connect(&socket).await.unwrap();
    loop {
        let calls = left.take(WINDOW);
        if calls == 0 {
            return;
        }
        for _ in 0..calls {
            if kinds
                .attack(&mut caller, &socket, &mut random)
                .await
                .is_err()
            {
                // The bus has hung up.
                caller = RawCaller::connect(&socket).await.unwrap();
            }
        }
        if caller.settle().await.is_err() {
            caller = RawCaller::connect(&socket).await.unwrap();
        }
    }
}

const METHODS: [&str; 8] = [
    "acquireTokenSilently",
    "acquireTokenInteractively",
    "getAccounts",
    "removeAccount",
    "cancelInteractiveFlow",
    "getLinuxBrokerVersion",
    "acquirePrtSsoCookie",
    "generateSignedHttpRequest",
];

/// What a hostile program sends, made once.
struct Kinds {
    huge: String,
    deep: String,
    wrong_types: Vec<String>,
}

impl Kinds {
    fn new() -> Self {
        let valid = token_request(ADA);
        let values = [
            json!(null),
            json!(-1),
            json!(1e300),
            json!("text"),
            json!([[]]),
            json!({"a": [{}]}),
        ];
        let mut wrong_types = Vec::new();
        let fields = valid["authParameters"].as_object().unwrap().keys();
        for field in fields
            .map(String::as_str)
            .chain(["account", "decodedClaims", "popParams"])
        {
            for value in &values {
                let mut request: Value = valid.clone();
                request["authParameters"][field] = value.clone();
                // Whatever it is, it is not a request that signs somebody in.
                request["authParameters"]["authority"] = json!("https://evil.example/x");
                wrong_types.push(request.to_string());
            }
        }
        Self {
            huge: "x".repeat(1024 * 1024),
            deep: "[".repeat(10_000),
            wrong_types,
        }
    }

    /// One call, or what was meant to become one.
    async fn attack(
        &self,
        caller: &mut RawCaller,
        socket: &Path,
        random: &mut Random,
    ) -> std::io::Result<()> {
        let method = random.one_of(&METHODS);
        let wrong = self.wrong_types[random.below(self.wrong_types.len())].as_str();
        // Rare are those that take the bus most of the time.
        match random.below(400) {
            0 => request(caller, method, &self.huge).await,
            1 => request(caller, method, &self.deep).await,
            // Half a message, and no more ever.
            2..=9 => {
                let body = strings(&["0.0", "", wrong]);
                let bytes = Message::to_broker(method, "sss", &body).to_bytes(77);
                let half = &bytes[..random.below(bytes.len())];
                caller.send_bytes(half).await?;
                Err(std::io::ErrorKind::ConnectionAborted.into())
            }
            // Bytes changed at random.
            10..=17 => {
                let body = strings(&["0.0", "", wrong]);
                let mut bytes = Message::to_broker(method, "sss", &body).to_bytes(78);
                for _ in 0..=random.below(4) {
                    let at = random.below(bytes.len());
                    bytes[at] = u8::try_from(random.below(256)).unwrap_or_default();
                }
                caller.send_bytes(&bytes).await?;
                // What looks like half a message would hold up the next.
                Err(std::io::ErrorKind::ConnectionAborted.into())
            }
            // Connections that say nothing, or half of the handshake.
            18..=25 => {
                let mut silent = RawCaller::connect_silently(socket).await?;
                match random.below(3) {
                    0 => Ok(()),
                    1 => silent.send_bytes(b"\0AUTH EXTERNAL\r\n").await,
                    _ => silent.send_bytes(&[0; 64]).await,
                }
                .or(Ok(()))
            }
            26..=49 => add_match(caller, random).await,
            50..=120 => {
                let garbage: String = (0..random.below(200))
                    .map(|_| char::from(u8::try_from(32 + random.below(95)).unwrap_or(b' ')))
                    .collect();
                request(caller, method, &garbage).await
            }
            121..=180 => {
                caller
                    .send(&Message::to_broker(method, "uu", &[1; 8]))
                    .await
            }
            181..=200 => {
                caller
                    .send(&Message::to_broker("giveMeEverything", "", &[]))
                    .await
            }
            201..=230 => other_interface(caller, random).await,
            // A signal, or a call without an answer.
            231..=250 => {
                let body = strings(&["0.0", "", wrong]);
                let mut bytes = Message::to_broker(method, "sss", &body).to_bytes(79);
                // Flags that nobody knows are to be ignored.
                let [kind, flags] = random.one_of(&[[4, 0], [1, 1], [1, 0xff]]);
                bytes[1] = kind;
                bytes[2] = flags;
                caller.send_bytes(&bytes).await
            }
            _ => request(caller, method, wrong).await,
        }
    }
}

async fn request(caller: &mut RawCaller, method: &str, request: &str) -> std::io::Result<()> {
    let body = strings(&["0.0", "no id", request]);
    caller.send(&Message::to_broker(method, "sss", &body)).await
}

async fn add_match(caller: &mut RawCaller, random: &mut Random) -> std::io::Result<()> {
    let rule = format!("type='signal',arg0='rule {}'", random.below(1_000_000));
    let body = strings(&[&rule]);
    let message = Message {
        destination: "org.freedesktop.DBus",
        path: "/org/freedesktop/DBus",
        interface: "org.freedesktop.DBus",
        member: "AddMatch",
        signature: "s",
        body: &body,
    };
    caller.send(&message).await
}

async fn other_interface(caller: &mut RawCaller, random: &mut Random) -> std::io::Result<()> {
    let (interface, member) = random.one_of(&[
        ("org.freedesktop.DBus.Properties", "GetAll"),
        ("org.freedesktop.DBus.Properties", "Set"),
        ("org.freedesktop.DBus.Introspectable", "Introspect"),
        ("org.freedesktop.DBus.Peer", "Ping"),
        ("com.github.azbroker.Broker1", "status"),
        ("a.b", "c"),
    ]);
    let path = random.one_of(&["/", "/com/microsoft/identity/broker1", "/a/b/c"]);
    let body = strings(&["com.microsoft.identity.Broker1"]);
    let message = Message {
        path,
        interface,
        member,
        ..Message::to_broker(member, "s", &body)
    };
    caller.send(&message).await
}
