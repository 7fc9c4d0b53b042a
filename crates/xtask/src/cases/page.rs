//! The broker's own page, at a real browser.

use super::{CHROMIUM_AND_NODE, SIGNED_IN, THE_SECRET, TWO_SIGNED_IN};
use crate::case::{Case, Program};
use crate::requirements::Need;

pub(super) const CASES: &[Case] = &[
    Case {
        name: "a person at Chromium chooses the account on the broker's page with the keyboard alone",
        emulate: TWO_SIGNED_IN,
        chromium: Some("keyboard"),
        pictures: Some("choose-light"),
        program: IN_ITS_FOLDER,
        arguments: &["options.mjs", "--no-default-account"],
        says: &[THE_SECRET],
        person_notes: &[
            "page: Choose an account · azbroker | account | 0 faults\n",
            "reached with ",
            "end: ✓ Done ",
            "has its token of ada@contoso.example",
            "hosts: localhost\n",
        ],
        ..CHROMIUM_AND_NODE
    },
    Case {
        name: "a person at Chromium uses another account than the one on the broker's page, in a narrow window in dark mode, with the keyboard alone",
        emulate: &["--signed-in", "bob@contoso.example"],
        chromium: Some("keyboard phone dark"),
        pictures: Some("choose-narrow-dark"),
        program: IN_ITS_FOLDER,
        arguments: &["options.mjs", "--no-default-account"],
        says: &[THE_SECRET],
        person_notes: &[
            "page: Choose an account · azbroker | account | 0 faults\n",
            "field: Username\n",
            "end: ✓ You are signed in ",
        ],
        ..CHROMIUM_AND_NODE
    },
    Case {
        name: "a person at Chromium denies on the broker's page with the keyboard alone",
        emulate: SIGNED_IN,
        chromium: Some("keyboard decline"),
        arguments: &["--no-default-account"],
        exit: 1,
        says: &["AuthenticationRequiredError"],
        person_notes: &[
            "reached with ",
            "end: – Denied ",
            " was given nothing. You can close this window.",
        ],
        ..CHROMIUM_AND_NODE
    },
    Case {
        name: "a person at Chromium allows a program, always and with the keyboard alone",
        chromium: Some("keyboard always"),
        pictures: Some("allow-light"),
        person_notes: &[
            "page: Allow access to Azure Key Vault? · azbroker | account | 0 faults\n",
            "remembered: Always, until I take it back\n",
            "end: ✓ Done ",
        ],
        ..ASKED_ABOUT
    },
    Case {
        name: "a person at Chromium allows a program in dark mode",
        chromium: Some("dark"),
        pictures: Some("allow-dark"),
        person_notes: &["page: Allow access to Azure Key Vault? · azbroker | account | 0 faults\n"],
        ..ASKED_ABOUT
    },
    Case {
        name: "a person at Chromium allows a program in a narrow window",
        chromium: Some("phone"),
        pictures: Some("allow-narrow"),
        person_notes: &["page: Allow access to Azure Key Vault? · azbroker | account | 0 faults\n"],
        ..ASKED_ABOUT
    },
    Case {
        name: "a person at Chromium allows a program in a narrow window in dark mode",
        chromium: Some("phone dark"),
        pictures: Some("allow-narrow-dark"),
        person_notes: &["page: Allow access to Azure Key Vault? · azbroker | account | 0 faults\n"],
        ..ASKED_ABOUT
    },
    Case {
        name: "a person at Chromium allows a program at 200 % zoom",
        chromium: Some("zoom"),
        person_notes: &["page: Allow access to Azure Key Vault? · azbroker | account | 0 faults\n"],
        ..ASKED_ABOUT
    },
];

const IN_ITS_FOLDER: Program = Program::Shell("node/in_its_folder.sh");

/// A JavaScript program that the broker asks Ada about, at Chromium.
const ASKED_ABOUT: Case = Case {
    needs: &[Need::Node, Need::Bus, Need::Chromium],
    emulate: TWO_SIGNED_IN,
    program: Program::Shell("bus/asking.sh"),
    arguments: &["options.mjs", "--no-default-account"],
    says: &[THE_SECRET],
    ..CHROMIUM_AND_NODE
};
