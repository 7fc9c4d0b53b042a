//! The floor of a client: plain zbus calls of the contract's method, the same for every service.
//!
//! ```text
//! bench-caller calls NAME FILE COUNT          one call after the other on one connection
//! bench-caller load NAME FILE CALLERS SECONDS each caller on a connection of its own
//! bench-caller beside NAME SLOW FILE          calls with FILE while one with SLOW is under way
//! bench-caller sign-in NAME FILE FROM TO      interactive calls; `{n}` in FILE is the number of each
//! bench-caller renew NAME FILE FROM TO        silent calls; `{n}` in FILE is the number of each
//! bench-caller fill NAME FILE ACCOUNTS TOKENS silent calls; `{n}` and `{m}` in FILE count accounts and tokens
//! bench-caller say NAME METHOD FILE           prints the answer
//! bench-caller token NAME FILE                prints the token in the answer, as a command would
//! bench-caller first NAME METHOD FILE         waits for NAME on the bus, calls, prints when it was answered
//! ```
//!
//! FILE holds the request. Times are nanoseconds; output is JSON but for `say` and `token`.

use futures_util::StreamExt;
use serde_json::{Value, json};
use std::{
    error::Error,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};
use zbus::Connection;

#[path = "../cpu.rs"]
mod cpu;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["calls", name, file, count] => calls(name, &read(file)?, count.parse()?).await,
        ["load", name, file, callers, seconds] => {
            let lasts = Duration::from_secs(seconds.parse()?);
            load(name, &read(file)?, callers.parse()?, lasts).await
        }
        ["beside", name, slow, file] => beside(name, &read(slow)?, &read(file)?).await,
        ["sign-in", name, file, from, to] => {
            let numbers = from.parse()?..to.parse()?;
            numbered(name, INTERACTIVELY, &read(file)?, numbers).await
        }
        ["renew", name, file, from, to] => {
            numbered(name, SILENTLY, &read(file)?, from.parse()?..to.parse()?).await
        }
        ["fill", name, file, accounts, tokens] => {
            fill(name, &read(file)?, accounts.parse()?, tokens.parse()?).await
        }
        ["say", name, method, file] => {
            let broker = Broker::connect(name).await?;
            println!("{}", broker.ask(method, &read(file)?).await?);
            Ok(())
        }
        ["token", name, file] => {
            let broker = Broker::connect(name).await?;
            let answer: Value = serde_json::from_str(&broker.token(&read(file)?).await?)?;
            let token = answer["brokerTokenResponse"]["accessToken"].as_str();
            println!("{}", token.ok_or("the answer has no token")?);
            Ok(())
        }
        ["first", name, method, file] => first(name, method, &read(file)?).await,
        _ => Err("wrong usage: see the program's first lines".into()),
    }
}

async fn calls(name: &str, request: &str, count: usize) -> Result<()> {
    let broker = Broker::connect(name).await?;
    let mut took = Vec::with_capacity(count);
    let cpu_before = spent()?;
    for _ in 0..count {
        let since = Instant::now();
        broker.token(request).await?;
        took.push(nanoseconds(since.elapsed())?);
    }
    let cpu = spent()? - cpu_before;
    print(&json!({ "took": took, "cpu": cpu }))
}

async fn load(name: &str, request: &str, callers: usize, lasts: Duration) -> Result<()> {
    let mut brokers = Vec::new();
    for _ in 0..callers {
        brokers.push(Broker::connect(name).await?);
    }
    let since = Instant::now();
    let running = brokers.into_iter().map(|broker| async move {
        let mut took = Vec::new();
        while since.elapsed() < lasts {
            let asked = Instant::now();
            broker.token(request).await?;
            took.push(nanoseconds(asked.elapsed())?);
        }
        Result::Ok(took)
    });
    let took = futures_util::future::try_join_all(running).await?.concat();
    print(&json!({ "took": took, "wall": nanoseconds(since.elapsed())? }))
}

async fn beside(name: &str, slow: &str, request: &str) -> Result<()> {
    let (waiting, served) = (Broker::connect(name).await?, Broker::connect(name).await?);
    let since = Instant::now();
    let mut slow = std::pin::pin!(waiting.token(slow));
    let mut took = Vec::new();
    loop {
        let asked = Instant::now();
        tokio::select! {
            biased;
            answer = &mut slow => {
                answer?;
                break;
            }
            answer = served.token(request) => answer?,
        };
        took.push(nanoseconds(asked.elapsed())?);
    }
    print(&json!({ "took": took, "waited": nanoseconds(since.elapsed())? }))
}

async fn numbered(
    name: &str,
    method: &str,
    request: &str,
    numbers: std::ops::Range<usize>,
) -> Result<()> {
    let broker = Broker::connect(name).await?;
    let mut times = Vec::new();
    for number in numbers {
        let request = request.replace("{n}", &number.to_string());
        let asked = now()?;
        token_in(broker.ask(method, &request).await?)?;
        times.push(json!([asked, now()?]));
    }
    print(&json!(times))
}

async fn fill(name: &str, request: &str, accounts: usize, tokens: usize) -> Result<()> {
    let broker = Broker::connect(name).await?;
    for account in 0..accounts {
        let request = request.replace("{n}", &account.to_string());
        for token in 0..tokens {
            broker
                .token(&request.replace("{m}", &token.to_string()))
                .await?;
        }
    }
    print(&json!(accounts * tokens))
}

async fn first(name: &str, method: &str, request: &str) -> Result<()> {
    let broker = Broker::connect(name).await?;
    let bus = zbus::fdo::DBusProxy::new(&broker.connection).await?;
    let mut owners = bus
        .receive_name_owner_changed_with_args(&[(0, name)])
        .await?;
    println!("ready");
    while let Some(change) = owners.next().await {
        if change.args()?.new_owner().is_none() {
            continue;
        }
        match method {
            "Ping" => broker.ping().await?,
            _ => drop(broker.ask(method, request).await?),
        }
        return print(&json!(now()?));
    }
    Err("the bus has gone".into())
}

struct Broker {
    connection: Connection,
    name: String,
}

impl Broker {
    async fn connect(name: &str) -> Result<Self> {
        Ok(Self {
            connection: Connection::session().await?,
            name: name.to_owned(),
        })
    }

    async fn token(&self, request: &str) -> Result<String> {
        token_in(self.ask(SILENTLY, request).await?)
    }

    async fn ask(&self, method: &str, request: &str) -> Result<String> {
        let reply = self
            .connection
            .call_method(
                Some(&*self.name),
                "/com/microsoft/identity/broker1",
                Some("com.microsoft.identity.Broker1"),
                method,
                &("0.0", CORRELATION_ID, request),
            )
            .await?;
        Ok(reply.body().deserialize()?)
    }

    async fn ping(&self) -> Result<()> {
        let peer = Some("org.freedesktop.DBus.Peer");
        let path = "/com/microsoft/identity/broker1";
        self.connection
            .call_method(Some(&*self.name), path, peer, "Ping", &())
            .await?;
        Ok(())
    }
}

/// A refusal is quick; it must not pass for a token.
fn token_in(answer: String) -> Result<String> {
    match answer.contains("\"accessToken\"") {
        true => Ok(answer),
        false => Err(format!("no token: {answer}").into()),
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "compared with the clock of other processes"
)]
fn now() -> Result<u64> {
    nanoseconds(SystemTime::now().duration_since(UNIX_EPOCH)?)
}

fn nanoseconds(duration: Duration) -> Result<u64> {
    Ok(duration.as_nanos().try_into()?)
}

fn spent() -> Result<u64> {
    cpu::spent().map_err(|error| error.to_string().into())
}

fn read(file: &str) -> Result<String> {
    std::fs::read_to_string(file).map_err(|error| format!("{file}: {error}").into())
}

fn print(value: &Value) -> Result<()> {
    println!("{value}");
    Ok(())
}

const SILENTLY: &str = "acquireTokenSilently";
const INTERACTIVELY: &str = "acquireTokenInteractively";
const CORRELATION_ID: &str = "be9d5320-d0af-4500-936d-93ab9758dcfd";
