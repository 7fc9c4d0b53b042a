//! A program that uses our library: how long `get_token` takes, and what it costs.
//!
//! ```text
//! bench-library COUNT TASKS
//! ```
//!
//! One credential, COUNT calls in each of TASKS tasks, one after the other in each. Whether its cache can
//! answer depends on how long the broker's token is good for. Prints JSON: nanoseconds of each call, and of
//! the process's CPU for all.

use azure_core::credentials::TokenCredential;
use azure_identity_broker::{
    BrokerOptions, InteractiveBrowserCredential, InteractiveBrowserCredentialOptions, WithoutBroker,
};
use serde_json::json;
use std::{error::Error, time::Instant};
use tokio::runtime::Builder;

#[path = "../cpu.rs"]
mod cpu;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<usize> = std::env::args()
        .skip(1)
        .map(|text| text.parse())
        .collect::<Result<_, _>>()?;
    let [count, tasks] = arguments.as_slice() else {
        return Err("usage: bench-library COUNT TASKS".into());
    };
    // One task needs one thread: how several wake each other differs from run to run.
    let mut runtime = match tasks {
        1 => Builder::new_current_thread(),
        _ => Builder::new_multi_thread(),
    };
    runtime
        .enable_all()
        .build()?
        .block_on(measure(*count, *tasks))
}

async fn measure(count: usize, tasks: usize) -> Result<(), Box<dyn Error>> {
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
    // The first call connects.
    credential.get_token(&[SCOPE], None).await?;
    let (cpu_before, since) = (cpu::spent()?, Instant::now());
    let mut running = Vec::new();
    for _ in 0..tasks {
        let credential = credential.clone();
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

const SCOPE: &str = "https://vault.azure.net/.default";
