//! Whatever parses bytes from outside, as functions that take any bytes and panic when something is wrong.
//!
//! They use the public face of the packages alone. `cargo fuzz run TARGET` searches for bytes that break
//! them; `tests/tests/fuzz_targets.rs` runs the same functions as ordinary tests.

mod entra_values;
mod messages;
mod redirect;
mod service_calls;
mod token_endpoint;

pub use entra_values::entra_values;
pub use messages::messages;
pub use redirect::redirect;
pub use service_calls::service_calls;
pub use token_endpoint::token_endpoint;

/// Runs to its end what one input starts, and nothing longer than this.
fn at_most_seconds<T>(seconds: u64, work: impl Future<Output = T>) -> impl Future<Output = T> {
    let limit = std::time::Duration::from_secs(seconds);
    async move {
        match tokio::time::timeout(limit, work).await {
            Ok(done) => done,
            Err(_) => panic!("it hangs: not done after {seconds} s"),
        }
    }
}

fn runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().expect("a runtime can be made")
}
