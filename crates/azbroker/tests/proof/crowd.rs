//! Programs that call at the same time, harmless ones and hostile ones, each in a process of its own, since the broker
//! counts by processes: this program again.

use crate::{
    caller::token_request,
    random::Random,
    raw_caller::{Message, RawCaller, strings},
};
use azbroker_emulator::default_world::ADA;
use serde_json::{Value, json};
use std::{
    path::Path,
    process::{Child, Command},
};

/// What the programs of a crowd are like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Harmless,
    Hostile,
}

/// As many programs as [`CROWD`], until all calls have been made.
pub(crate) struct Crowd(Vec<Child>);

/// How many programs call at a time.
pub(crate) const CROWD: usize = 2;

const SOCKET: &str = "PROOF_CROWD_SOCKET";
const KIND: &str = "PROOF_CROWD_KIND";
const SEED: &str = "PROOF_CROWD_SEED";
const CALLS: &str = "PROOF_CROWD_CALLS";

pub(crate) fn is_asked_for() -> bool {
    std::env::var_os(SOCKET).is_some()
}

/// Makes all calls of one such program.
pub(crate) fn run() {
    let given = |name: &str| std::env::var(name).unwrap();
    let socket = std::path::PathBuf::from(given(SOCKET));
    let (seed, calls) = (given(SEED).parse().unwrap(), given(CALLS).parse().unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        match given(KIND).as_str() {
            "Harmless" => harmless(&socket, calls).await,
            _ => hostile(&socket, seed, calls).await,
        }
    });
}

impl Crowd {
    /// Starts programs that make so many calls together.
    pub(crate) fn gather(kind: Kind, calls: usize, socket: &Path, seed: u64) -> Self {
        let start = |number: usize| {
            let mut program = Command::new(std::env::current_exe().unwrap());
            program
                .env(SOCKET, socket)
                .env(KIND, format!("{kind:?}"))
                .env(SEED, (seed + number as u64).to_string())
                .env(CALLS, (calls / CROWD).to_string());
            program.spawn().unwrap()
        };
        Self((1..=CROWD).map(start).collect())
    }

    pub(crate) fn is_done(&mut self) -> bool {
        self.0
            .iter_mut()
            .all(|program| program.try_wait().unwrap().is_some())
    }

    /// Waits for those who are there still, who must have made all their calls.
    pub(crate) fn leave(mut self) {
        for program in &mut self.0 {
            assert!(program.wait().unwrap().success(), "all calls were made");
        }
    }
}

/// Where the proof has failed, nobody calls on.
impl Drop for Crowd {
    fn drop(&mut self) {
        for program in &mut self.0 {
            let _ = program.kill();
            let _ = program.wait();
        }
    }
}

/// How many calls of one program are under way at a time, of the harmless as of the hostile.
const WINDOW: usize = 32;

async fn harmless(socket: &Path, mut left: usize) {
    let request = token_request("").to_string();
    let body = strings(&["0.0", "", &request]);
    let silent = Message::to_broker("acquireTokenSilently", "sss", &body);
    let mut caller = RawCaller::connect(socket).await.unwrap();
    while left > 0 {
        let calls = left.min(WINDOW);
        left -= calls;
        for _ in 0..calls {
            caller.send(&silent).await.unwrap();
        }
        caller.settle().await.unwrap();
    }
}

/// A program that sends whatever should not be sent, and comes back when it is thrown out.
async fn hostile(socket: &Path, seed: u64, mut left: usize) {
    let mut random = Random::new(seed);
    let kinds = Kinds::new();
    let mut caller = RawCaller::connect(socket).await.unwrap();
    while left > 0 {
        let calls = left.min(WINDOW);
        left -= calls;
        for _ in 0..calls {
            if kinds
                .attack(&mut caller, socket, &mut random)
                .await
                .is_err()
            {
                // The bus has hung up.
                caller = RawCaller::connect(socket).await.unwrap();
            }
        }
        if caller.settle().await.is_err() {
            caller = RawCaller::connect(socket).await.unwrap();
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
