//! A person at a real browser.

use super::{ADA_AT_CHROMIUM, CHROMIUM_AND_NODE, CONTOSO, SAMPLE, THE_SECRET, python};
use crate::case::Case;
use crate::requirements::Need;

pub(super) const CASES: &[Case] = &[
    Case {
        name: "a person signs in at Chromium with the mouse",
        chromium: Some("mouse"),
        says: &[THE_SECRET],
        ..CHROMIUM_AND_NODE
    },
    Case {
        name: "a person signs in at Chromium with the keyboard alone",
        chromium: Some("keyboard"),
        says: &[THE_SECRET],
        person_notes: &["reached with ", "hosts: ", "field: "],
        ..CHROMIUM_AND_NODE
    },
    Case {
        name: "a person signs in at Chromium in dark mode",
        chromium: Some("dark"),
        arguments: &["--client-id", SAMPLE, "--tenant", CONTOSO],
        says: &[THE_SECRET],
        person_notes: &["| consent | "],
        ..CHROMIUM_AND_NODE
    },
    Case {
        name: "a person signs in at Chromium in a narrow window",
        chromium: Some("phone"),
        arguments: &["--client-id", SAMPLE, "--tenant", CONTOSO],
        says: &[THE_SECRET],
        person_notes: &["| consent | "],
        ..CHROMIUM_AND_NODE
    },
    Case {
        name: "a person at Chromium is told of a wrong password and tries again",
        chromium: Some("wrong-password"),
        says: &[THE_SECRET],
        person_notes: &["alert: "],
        ..CHROMIUM_AND_NODE
    },
    Case {
        name: "a person at Chromium consents to an application",
        chromium: Some("mouse"),
        arguments: &["--client-id", SAMPLE, "--tenant", CONTOSO],
        says: &[THE_SECRET],
        person_notes: &["| consent | "],
        ..CHROMIUM_AND_NODE
    },
    Case {
        name: "a JavaScript program is told that the person at Chromium declined",
        chromium: Some("decline"),
        arguments: &["--client-id", SAMPLE, "--tenant", CONTOSO],
        exit: 1,
        says: &["AuthenticationRequiredError"],
        ..CHROMIUM_AND_NODE
    },
    Case {
        name: "a person signs in at Chromium for a JavaScript program without a broker",
        chromium: Some("mouse"),
        environment: ADA_WITHOUT_BROKER,
        arguments: &["--no-broker"],
        says: &[THE_SECRET],
        person_notes: &[CLOUD_AND_LOOPBACK],
        ..CHROMIUM_AND_NODE
    },
    Case {
        name: "a person signs in at Chromium for a Python program without a broker",
        needs: &[Need::Python, Need::Chromium],
        chromium: Some("mouse"),
        environment: ADA_WITHOUT_BROKER,
        arguments: &["--no-broker"],
        says: &[THE_SECRET],
        person_notes: &[CLOUD_AND_LOOPBACK],
        ..python("options.py")
    },
];

const ADA_WITHOUT_BROKER: &[(&str, &str)] = &[
    ADA_AT_CHROMIUM[0],
    ADA_AT_CHROMIUM[1],
    ("SIGN_IN_LAST_PAGE", "theirs"),
];

/// The pages load nothing from anywhere else.
const CLOUD_AND_LOOPBACK: &str = "hosts: localhost, login.microsoftonline.com\n";
