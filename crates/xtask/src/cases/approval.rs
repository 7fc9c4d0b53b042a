//! Approval: Microsoft's library for Python asks silently, then by itself interactively.

use super::THE_SECRET;
use crate::case::{Case, Program};
use crate::requirements::Need;

pub(super) const CASES: &[Case] = &[
    Case {
        name: "a Python program that is allowed at the broker's terminal reads the secret, and is asked about once",
        needs: &[Need::Bus, Need::Keyring, Need::Python],
        emulate: &["--user", "ada@contoso.example"],
        program: Program::Shell("bus/approvals.sh"),
        arguments: &["y"],
        says: &[
            THE_SECRET,
            "first time: exit 0\n",
            "second time: exit 0\n",
            "questions: 1\n",
            "status 2: 'python",
        ],
        ..Case::PLAIN
    },
    Case {
        name: "a Python program that is denied at the broker's terminal says so, and is not asked about again",
        needs: &[Need::Bus, Need::Keyring, Need::Python],
        emulate: &["--user", "ada@contoso.example"],
        program: Program::Shell("bus/approvals.sh"),
        arguments: &["n"],
        says: &[
            "first time: exit 1\n",
            "second time: exit 1\n",
            "questions: 1\n",
        ],
        complains: &["nobody allowed 'python", "a rule denies 'python"],
        ..Case::PLAIN
    },
];
