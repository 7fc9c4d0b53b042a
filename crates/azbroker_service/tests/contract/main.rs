//! The broker at one end of a socket pair, a plain D-Bus client at the other, and the emulated cloud behind.

mod errors;
mod hostile;
mod setup;
mod tokens;
