//! Callers in a process of their own, since the broker counts by processes: this program again.

use crate::caller::{Caller, access_token, correlation_id, token_request};
use futures_util::future::join_all;
use std::{
    io::{BufRead, BufReader, Read, Write},
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    time::Duration,
};

const ADDRESS: &str = "PROOF_CALLERS_BUS";
const COUNT: &str = "PROOF_CALLERS_COUNT";

pub(crate) fn is_asked_for() -> bool {
    std::env::var_os(ADDRESS).is_some()
}

/// Connects, says so, asks for a token on each connection at once when told to, and says what came.
pub(crate) fn run() {
    let given = |name: &str| std::env::var(name).unwrap();
    let (address, count): (_, usize) = (given(ADDRESS), given(COUNT).parse().unwrap());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let callers = join_all((0..count).map(|_| Caller::connect(&address)));
    let callers: Vec<_> = runtime.block_on(callers).into_iter().collect();
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "connected").unwrap();
    stdout.flush().unwrap();
    std::io::stdin().read_exact(&mut [0]).unwrap();
    let request = token_request("");
    let answers = runtime.block_on(join_all(callers.iter().map(|caller| async {
        let caller = caller.as_ref().unwrap();
        caller
            .call("acquireTokenSilently", &correlation_id(), &request)
            .await
            .unwrap()
    })));
    for answer in &answers {
        let token = access_token(answer).unwrap_or_else(|| panic!("{answer}"));
        writeln!(stdout, "{token}").unwrap();
    }
}

/// Such a process, from outside.
pub(crate) struct CallerProcess {
    process: Child,
    says: Receiver<String>,
}

impl CallerProcess {
    /// Starts one and waits until it is connected.
    pub(crate) fn start(address: &str, count: usize) -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .env(ADDRESS, address)
            .env(COUNT, count.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(process.stdout.take().unwrap());
        let (send, says) = channel();
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                let _ = send.send(line);
            }
        });
        let started = Self { process, says };
        assert_eq!(started.next_line().as_deref(), Some("connected"));
        started
    }

    pub(crate) fn go(&mut self) {
        let stdin = self.process.stdin.as_mut().unwrap();
        stdin.write_all(b"\n").unwrap();
    }

    /// The tokens that it got, once it has ended.
    pub(crate) fn tokens(mut self) -> Vec<String> {
        let said = std::iter::from_fn(|| self.next_line()).collect();
        assert!(self.process.wait().unwrap().success());
        said
    }

    /// What it says next; `None` when it has ended.
    fn next_line(&self) -> Option<String> {
        // A caller gives its call up before this.
        match self.says.recv_timeout(Duration::from_secs(120)) {
            Ok(line) => Some(line),
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => panic!("the callers say nothing"),
        }
    }
}
