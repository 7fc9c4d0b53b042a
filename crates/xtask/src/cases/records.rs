//! Authentication records from one language to another.

use super::{node, python};
use crate::case::Case;

/// What a Rust program saves; a test of the library holds it against what it writes.
const RUST: &str = include_str!("../../../../tests/interop/records/rust.json");

pub(super) const CASES: &[Case] = &[
    Case {
        name: "a Python program goes on with the record of a Rust program, and writes the one that Rust reads",
        emulate: &["--user", "ada@contoso.example"],
        environment: &[("RUST_RECORD", RUST)],
        says: &[
            include_str!("../../../../tests/interop/records/python.json"),
            "the same: True",
            "a token: True",
        ],
        ..python("authentication_record.py")
    },
    Case {
        name: "a JavaScript program goes on with the record of a Rust program, and writes the one that Rust reads",
        emulate: &["--user", "ada@contoso.example"],
        environment: &[("RUST_RECORD", RUST)],
        says: &[
            include_str!("../../../../tests/interop/records/javascript.json"),
            "the same: true",
            "a token: true",
        ],
        ..node("authentication_record.mjs")
    },
];
