//! Machines without a session bus.

use super::{ADA_SIGNS_IN, THE_SECRET, node, python};
use crate::case::Case;

pub(super) const CASES: &[Case] = &[
    Case {
        name: "a JavaScript program reads the secret below azbroker run where there is no session bus",
        emulate: ADA_SIGNS_IN,
        through: RUN_WITHOUT_A_BUS,
        says: &[THE_SECRET],
        complains: &["accounts rest in memory until it ends"],
        ..node("key_vault_secret.mjs")
    },
    Case {
        name: "a Python program reads the secret below azbroker run where there is no session bus",
        emulate: ADA_SIGNS_IN,
        through: RUN_WITHOUT_A_BUS,
        says: &[THE_SECRET],
        ..python("key_vault_secret.py")
    },
];

const RUN_WITHOUT_A_BUS: &[&str] = &[
    "env",
    "DBUS_SESSION_BUS_ADDRESS=unix:path=/nonexistent",
    "azbroker",
    "run",
    "--",
];
