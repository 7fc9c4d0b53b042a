//! The bus, with tools and libraries that are not ours.

use super::{SIGNED_IN, python};
use crate::case::{Case, Program};
use crate::requirements::Need;

pub(super) const CASES: &[Case] = &[
    Case {
        name: "the tools of the bus can call the broker, and a second broker does not push it aside",
        needs: &[Need::Bus],
        emulate: SIGNED_IN,
        program: Program::Shell("bus/plain_calls.sh"),
        says: &[
            "Ping: ()",
            "ada@contoso.example",
            "linuxBrokerVersion",
            "refused with 3",
        ],
        ..Case::PLAIN
    },
    Case {
        name: "the broker answers malformed, huge and hostile requests with JSON, and goes on",
        emulate: SIGNED_IN,
        says: &[
            "\naccounts, after all that: accounts: ada@contoso.example\n",
            "\ntoken: token, type 0\n",
            "\nversion: fields: linuxBrokerVersion\n",
            "\ntoken, foreign authority: error, status 11, complete\n",
            "\ntoken, http authority: error, status 11, complete\n",
            "\ntoken, half JSON: error, status 6, complete\n",
            "\ntoken, 1 MB of one letter: error, status 6, complete\n",
            "\ntoken, nested without end: error, status 6, complete\n",
        ],
        never_says: &["D-BUS ERROR", "INCOMPLETE", "panicked at"],
        ..python("bus_calls.py")
    },
];
