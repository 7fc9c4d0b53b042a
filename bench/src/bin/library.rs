//! A program that uses our library: how long `get_token` takes, and what it costs.
//!
//! ```text
//! bench-library COUNT TASKS [apart]
//! ```
//!
//! One credential, COUNT calls in each of TASKS tasks, one after the other in each; or, apart, a credential for
//! each task, so that the tasks have nothing of ours in common. Whether a cache can answer depends on how long
//! the broker's token is good for. Prints JSON: nanoseconds of each call, of all by the wall clock, and of the
//! process's CPU.

use azure_core::credentials::TokenCredential;
use azure_identity_broker::{
    BrokerOptions, InteractiveBrowserCredential, InteractiveBrowserCredentialOptions, WithoutBroker,
};
use serde_json::json;
use std::{error::Error, sync::Arc, time::Instant};
use tokio::runtime::Builder;

#[path = "../cpu.rs"]
mod cpu;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (count, tasks, credentials) = match arguments.as_slice() {
        [count, tasks] => (count.parse()?, tasks.parse()?, 1),
        [count, tasks, apart] if apart == "apart" => {
            let tasks = tasks.parse()?;
            (count.parse()?, tasks, tasks)
        }
        _ => return Err("usage: bench-library COUNT TASKS [apart]".into()),
    };
    // One task needs one thread: how several wake each other differs from run to run.
    let mut runtime = match tasks {
        1 => Builder::new_current_thread(),
        _ => Builder::new_multi_thread(),
    };
    runtime
        .enable_all()
        .build()?
        .block_on(measure(count, tasks, credentials))
}

async fn measure(count: usize, tasks: usize, credentials: usize) -> Result<(), Box<dyn Error>> {
    let mut ready = Vec::new();
    for _ in 0..credentials {
        ready.push(connected().await?);
    }
    let (cpu_before, since) = (cpu::spent()?, Instant::now());
    let mut running = Vec::new();
    for number in 0..tasks {
        let credential = ready[number % ready.len()].clone();
        running.push(tokio::spawn(async move {
            let mut took = Vec::with_capacity(count);
            for _ in 0..count {
                let since = Instant::now();
                credential.get_token(&[SCOPE], None).await?;
                took.push(since.elapsed().as_nanos());
            }
            Ok::<_, azure_core::Error>(took)
        }));
    }
    let mut took = Vec::new();
    for task in running {
        took.extend(task.await??);
    }
    let wall = since.elapsed().as_nanos();
    let took: Vec<u64> = took
        .into_iter()
        .map(u64::try_from)
        .collect::<Result<_, _>>()?;
    let cpu = cpu::spent()? - cpu_before;
    println!(
        "{}",
        json!({ "took": took, "cpu": cpu, "wall": u64::try_from(wall)? })
    );
    Ok(())
}

/// A credential of the broker that has got its first token.
async fn connected() -> Result<Arc<InteractiveBrowserCredential>, Box<dyn Error>> {
    let options = InteractiveBrowserCredentialOptions {
        disable_automatic_authentication: true,
        broker: BrokerOptions {
            use_default_account: true,
            without_broker: WithoutBroker::Fail,
            ..Default::default()
        },
        ..Default::default()
    };
    let credential = InteractiveBrowserCredential::new(Some(options))?;
    credential.get_token(&[SCOPE], None).await?;
    Ok(credential)
}

const SCOPE: &str = "https://vault.azure.net/.default";
