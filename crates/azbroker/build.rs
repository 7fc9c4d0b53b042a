//! Has the linker lay side by side what a broker and a caller run; `cargo xtask order` writes down what that is.
//!
//! It takes a third off the memory of a broker. A linker that knows no such scripts links as it would without.
#![allow(clippy::print_stdout, reason = "cargo reads it")]

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

const SCRIPT: &str = "order.ld";

/// Set for `cargo xtask order`, which needs the functions' names, in the profile that is released, for the compiler's
/// hashes depend on that; and in one section of text, for valgrind knows no other.
const UNORDERED: &str = "AZBROKER_UNORDERED";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={SCRIPT}");
    println!("cargo::rerun-if-env-changed={UNORDERED}");
    let is_optimised = env::var("OPT_LEVEL").is_ok_and(|level| level != "0");
    let is_linux = env::var("CARGO_CFG_TARGET_OS").is_ok_and(|system| system == "linux");
    if !is_optimised || !is_linux {
        return;
    }
    if env::var_os(UNORDERED).is_some() {
        // After the profile's `--strip-all`, and so in its place.
        println!("cargo::rustc-link-arg-bin=azbroker=-Wl,--strip-debug");
        return;
    }
    let folder = env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it");
    let argument = format!("-Wl,-T,{}", Path::new(&folder).join(SCRIPT).display());
    if links(&argument) {
        println!("cargo::rustc-link-arg-bin=azbroker={argument}");
    }
}

/// Whether a small program can be linked with it, by the compiler and the linker that link the command.
fn links(argument: &str) -> bool {
    let folder = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    let (source, program) = (folder.join("probe.rs"), folder.join("probe"));
    if fs::write(&source, "fn main() {}").is_err() {
        return false;
    }
    let mut rustc = Command::new(env::var_os("RUSTC").expect("cargo sets it"));
    rustc
        .arg(&source)
        .arg("-o")
        .arg(&program)
        .args(["--target", &env::var("TARGET").expect("cargo sets it")]);
    if let Some(linker) = env::var_os("RUSTC_LINKER") {
        rustc.arg("-C").arg(format!("linker={}", linker.display()));
    }
    let flags = env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    rustc.args(flags.split('\x1f').filter(|flag| !flag.is_empty()));
    rustc.arg("-C").arg(format!("link-arg={argument}"));
    let ended = rustc
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    ended.is_ok_and(|status| status.success())
}
