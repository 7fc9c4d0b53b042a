//! Approval: Microsoft's library for Python asks silently, then by itself interactively.
//! The person answers at the terminal of the broker, or by the notifications of a desktop.

use super::THE_SECRET;
use crate::case::{Case, Program};
use crate::requirements::Need;
use std::time::Duration;

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
    Case {
        name: "a person allows and denies programs by dunst's notifications, and closing one denies once",
        needs: &[Need::Bus, Need::Keyring, Need::Python, Need::Desktop],
        emulate: &["--user", "ada@contoso.example"],
        program: Program::Shell("bus/notification.sh"),
        says: &[
            "before: 0 displayed\n",
            "closed:\nnobody allowed 'python",
            "allowed:\nMySecret = the-answer",
            "\n#Allow for a day (May python",
            "\n#Always allow (May python",
            "again:\nMySecret = the-answer",
            "denied:\nnobody allowed 'authentication_record'\nexit 1, and 0 displayed\n",
            // One for each that was answered or closed, and none for the program that was allowed already.
            "questions: 3\n",
            "May authentication_record have a token?\n",
            "/examples/authentication_record, process ",
            "\\nFor: https://vault.azure.net\\nAccount: ada@contoso.example\\n",
            "  for a day\n",
            "  always\n",
        ],
        never_says: &["panicked at", "the person could not"],
        limit: Duration::from_secs(90),
        ..Case::PLAIN
    },
];
