//! Whatever parses bytes from outside, as functions that take any bytes and panic when something is wrong.
//!
//! They use the public face of the packages alone. `cargo fuzz run TARGET` searches for bytes that break
//! them; `tests/tests/fuzz_targets.rs` runs the same functions as ordinary tests.

mod account_page;
mod encrypted_file;
mod entra_values;
mod messages;
mod own_calls;
mod pasted;
mod redirect;
mod service;
mod service_calls;
mod token_endpoint;

pub use account_page::account_page;
pub use encrypted_file::encrypted_file;
pub use entra_values::entra_values;
pub use messages::messages;
pub use own_calls::own_calls;
pub use pasted::pasted;
pub use redirect::{redirect, redirect_at_a_port};
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

/// As D-Bus strings are: no message can be made of another one.
fn text_of(bytes: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(bytes).ok();
    text.filter(|text| !text.contains('\0'))
}

fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut result = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(at) = rest.windows(from.len()).position(|part| part == from) {
        result.extend_from_slice(&rest[..at]);
        result.extend_from_slice(to);
        rest = &rest[at + from.len()..];
    }
    result.extend_from_slice(rest);
    result
}
