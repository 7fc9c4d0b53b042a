//! Stands in for a browser: says when it was started and hands the address over to the cloud's user.
//!
//! ```text
//! BENCH_PAGES=SOCKET bench-browser URL
//! ```

use std::{
    error::Error,
    io::Write,
    os::unix::net::UnixStream,
    time::{SystemTime, UNIX_EPOCH},
};

#[allow(
    clippy::disallowed_methods,
    reason = "when it was started is all it has to say"
)]
fn main() -> Result<(), Box<dyn Error>> {
    let started = SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos();
    let socket = std::env::var("BENCH_PAGES")?;
    let url = std::env::args().nth(1).ok_or("no address to open")?;
    let mut stream = UnixStream::connect(socket)?;
    write!(stream, "{started} {url}")?;
    Ok(())
}
