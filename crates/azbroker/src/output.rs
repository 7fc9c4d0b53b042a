//! What the command writes. Standard output may be a pipe that closes or a disk that is full.

use crate::failure::{Exit, Failure};
use std::{
    fmt::Display,
    io::{self, Write},
};

/// Writes a line of what was asked for to standard output.
pub(crate) fn line(text: impl Display) -> Result<(), Failure> {
    let mut output = io::stdout().lock();
    writeln!(output, "{text}")
        .and_then(|()| output.flush())
        .map_err(|error| not_written(&error))
}

/// Writes bytes that end in a line break of their own.
pub(crate) fn raw(bytes: &[u8]) -> Result<(), Failure> {
    let mut output = io::stdout().lock();
    output
        .write_all(bytes)
        .and_then(|()| output.flush())
        .map_err(|error| not_written(&error))
}

/// Tells the person something, on standard error. Nobody may be there to read it.
pub(crate) fn tell(text: impl Display) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

fn not_written(error: &io::Error) -> Failure {
    if error.kind() == io::ErrorKind::BrokenPipe {
        // The reader has what it wanted.
        return Failure::quiet();
    }
    Failure::new(
        Exit::Failed,
        format!("standard output cannot be written: {error}"),
    )
}
