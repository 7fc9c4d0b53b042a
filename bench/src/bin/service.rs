//! The floor of a broker: a plain zbus service that answers a token request with the bytes it was given.
//!
//! ```text
//! bench-service NAME FILE
//! ```
//!
//! It serves the contract's object under NAME on the session bus, prints `ready`, and answers every
//! `acquireTokenSilently` with the text in FILE.

use std::error::Error;
use zbus::connection::Builder;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(name), Some(file)) = (arguments.next(), arguments.next()) else {
        return Err("usage: bench-service NAME FILE".into());
    };
    let answer = std::fs::read_to_string(file)?;
    let connection = Builder::session()?
        .serve_at("/com/microsoft/identity/broker1", Canned { answer })?
        .name(name)?
        .build()
        .await?;
    println!("ready");
    // Until the bus goes away, or somebody ends it.
    let mut messages = zbus::MessageStream::from(&connection);
    while futures_util::StreamExt::next(&mut messages).await.is_some() {}
    Ok(())
}

struct Canned {
    answer: String,
}

#[zbus::interface(name = "com.microsoft.identity.Broker1")]
impl Canned {
    #[zbus(name = "acquireTokenSilently")]
    async fn acquire_token_silently(
        &self,
        _protocol_version: &str,
        _correlation_id: &str,
        _request: &str,
    ) -> String {
        self.answer.clone()
    }
}
