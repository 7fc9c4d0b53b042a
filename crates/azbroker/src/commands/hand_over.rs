use crate::failure::{Exit, Failure};
use std::{
    io::{self, Write},
    os::unix::net::UnixStream,
    path::Path,
    process::ExitCode,
};

/// Sends the address of a sign-in page to the process that waits for it.
pub(crate) fn run(socket: &Path, url: &str) -> Result<ExitCode, Failure> {
    let send = || -> io::Result<()> { UnixStream::connect(socket)?.write_all(url.as_bytes()) };
    send().map_err(|error| {
        Failure::new(
            Exit::Failed,
            format!(
                "nobody waits for sign-in pages at {}: {error}",
                socket.display()
            ),
        )
    })?;
    Ok(ExitCode::SUCCESS)
}
