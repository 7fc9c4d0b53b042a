//! The emulated cloud with its user, told what to do line by line.
//!
//! ```text
//! bench-cloud WORLD SOCKET BUNDLE
//! ```
//!
//! It starts the world in the file WORLD, takes sign-in pages at SOCKET (see `bench-browser`), writes the
//! certificate authorities to trust to BUNDLE, and prints its proxy's URL. Then each line on standard input
//! is answered by one line of JSON:
//!
//! ```text
//! delay MILLISECONDS    the next answer of the token endpoint comes late
//! forget                nothing has been opened, asked or answered yet
//! story                 when the browser was started, the redirect was sent, the tokens were answered
//! redeem COUNT          a bare HTTP client redeems a refresh token so often, each time over a connection
//!                       of its own; how long each took
//! ```

use azbroker_emulator::{
    Behavior, Emulator, Entry, Fault, SecretKind, SignIn, Target, Visitor, World,
};
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    error::Error,
    io::Write,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};
use tokio::{io::AsyncReadExt, net::UnixListener};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [world, socket, bundle] = arguments.as_slice() else {
        return Err("usage: bench-cloud WORLD SOCKET BUNDLE".into());
    };
    let world = World::from_json(&std::fs::read_to_string(world)?)?;
    let emulator = Emulator::start(world).await?;
    write_bundle(Path::new(bundle), emulator.certificate_authority_pem())?;
    let cloud = Arc::new(Cloud {
        emulator,
        visitors: Mutex::default(),
        opened: Mutex::default(),
        forgotten: Mutex::new(0),
    });
    let pages = UnixListener::bind(socket)?;
    say(&json!(cloud.emulator.proxy_url()))?;
    tokio::spawn(cloud.clone().receive(pages));
    let (orders, mut obeyed) = tokio::sync::mpsc::unbounded_channel();
    // Standard input is read by a thread: it must not hold up whoever serves.
    std::thread::spawn(move || {
        let lines = std::io::stdin().lines().map_while(|line| line.ok());
        for line in lines {
            if orders.send(line).is_err() {
                return;
            }
        }
    });
    while let Some(line) = obeyed.recv().await {
        let answer = cloud.obey(&line).await?;
        say(&answer)?;
    }
    Ok(())
}

struct Cloud {
    emulator: Emulator,
    visitors: Mutex<HashMap<String, Arc<Visitor>>>,
    /// When browsers were started, in nanoseconds since 1970.
    opened: Mutex<Vec<u64>>,
    /// How many entries of the ledger are not to be told any more.
    forgotten: Mutex<usize>,
}

impl Cloud {
    async fn receive(self: Arc<Self>, pages: UnixListener) {
        while let Ok((mut stream, _)) = pages.accept().await {
            let cloud = self.clone();
            tokio::spawn(async move {
                let mut text = String::new();
                let read = stream.read_to_string(&mut text).await;
                let Some((started, url)) = read.ok().and_then(|_| text.split_once(' ')) else {
                    return;
                };
                lock(&cloud.opened).extend(started.parse::<u64>());
                if let Err(error) = cloud.sign_in(url).await {
                    eprintln!("nobody signed in: {error}");
                }
            });
        }
    }

    /// Whoever the application means signs in; the first user of the world where it means nobody.
    async fn sign_in(&self, url: &str) -> Result<()> {
        let parsed = url::Url::parse(url)?;
        let hint = parsed.query_pairs().find(|(name, _)| name == "login_hint");
        let mut users = self
            .emulator
            .world()
            .tenants
            .iter()
            .flat_map(|tenant| &tenant.users);
        let user = match &hint {
            Some((_, hint)) => users.find(|user| user.username == **hint),
            None => users.next(),
        };
        let user = user.ok_or("the world has no such user")?;
        let visitor = {
            let mut visitors = lock(&self.visitors);
            match visitors.get(&user.username) {
                Some(visitor) => visitor.clone(),
                None => {
                    let sign_in = SignIn {
                        username: user.username.clone(),
                        password: user.password.clone(),
                        behavior: Behavior::Complete,
                    };
                    let visitor = Visitor::with_client(self.emulator.http_client(), sign_in)?;
                    let visitor = Arc::new(visitor);
                    visitors.insert(user.username.clone(), visitor.clone());
                    visitor
                }
            }
        };
        visitor.visit(url).await?;
        // A thousand users with a browser each are more than a machine holds.
        if lock(&self.visitors).len() > 50 {
            lock(&self.visitors).clear();
        }
        Ok(())
    }

    async fn obey(&self, line: &str) -> Result<Value> {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["delay", milliseconds] => {
                let delay = Duration::from_millis(milliseconds.parse()?);
                self.emulator
                    .faults()
                    .next(1, Target::Token, Fault::Delay(delay));
                Ok(Value::Null)
            }
            ["forget"] => {
                lock(&self.opened).clear();
                *lock(&self.forgotten) = self.emulator.ledger().entries().len();
                Ok(Value::Null)
            }
            ["story"] => Ok(self.story()),
            ["redeem", count] => self.redeem(count.parse()?).await,
            _ => Err(format!("no such order: {line}").into()),
        }
    }

    fn story(&self) -> Value {
        let forgotten = *lock(&self.forgotten);
        let entries = self.emulator.ledger().entries().split_off(forgotten);
        let last = |fits: &dyn Fn(&Entry) -> bool| {
            let entry = entries.iter().rev().find(|entry| fits(entry))?;
            nanoseconds(entry.time)
        };
        let page = |entry: &Entry| matches!(entry.target, Target::Authorize | Target::SignIn);
        json!({
            "browser_started": lock(&self.opened).last(),
            "redirect_sent": last(&page),
            "tokens_answered": last(&|entry| entry.target == Target::Token),
            "token_requests": entries.iter().filter(|entry| entry.target == Target::Token).count(),
        })
    }

    async fn redeem(&self, count: usize) -> Result<Value> {
        let world = self.emulator.world();
        let tenant = world.tenants.first().ok_or("the world has no tenant")?;
        let application = tenant.applications.first().ok_or("it has no application")?;
        let url = format!(
            "https://login.microsoftonline.com/{}/oauth2/v2.0/token",
            tenant.id
        );
        let secrets = self.emulator.ledger().secrets();
        let newest = secrets
            .iter()
            .rev()
            .find(|secret| secret.kind == SecretKind::RefreshToken);
        let mut refresh_token = newest.ok_or("nobody has signed in")?.value.clone();
        let authority = self.emulator.certificate_authority_pem().as_bytes();
        let mut took = Vec::new();
        for _ in 0..count {
            let client = reqwest::Client::builder()
                .proxy(reqwest::Proxy::all(self.emulator.proxy_url())?)
                .tls_certs_only([reqwest::Certificate::from_pem(authority)?])
                .build()?;
            let form = [
                ("client_id", application.client_id.as_str()),
                ("client_info", "1"),
                ("grant_type", "refresh_token"),
                ("refresh_token", &refresh_token),
                (
                    "scope",
                    "https://vault.azure.net/.default openid profile offline_access",
                ),
            ];
            let since = Instant::now();
            let response = client.post(&url).form(&form).send().await?;
            let answer: Value = serde_json::from_slice(&response.bytes().await?)?;
            took.push(u64::try_from(since.elapsed().as_nanos())?);
            let next = answer["refresh_token"]
                .as_str()
                .ok_or("no tokens were given")?;
            refresh_token = next.to_owned();
        }
        Ok(json!(took))
    }
}

/// What a desktop trusts, and the emulator: a client must read as much as it would on a real machine.
fn write_bundle(file: &Path, emulator: &str) -> Result<()> {
    let system = std::fs::read_to_string("/etc/ssl/certs/ca-certificates.crt").unwrap_or_default();
    std::fs::write(file, system + emulator)?;
    Ok(())
}

fn nanoseconds(time: SystemTime) -> Option<u64> {
    u64::try_from(time.duration_since(UNIX_EPOCH).ok()?.as_nanos()).ok()
}

fn say(answer: &Value) -> Result<()> {
    let mut output = std::io::stdout().lock();
    writeln!(output, "{answer}")?;
    Ok(output.flush()?)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
