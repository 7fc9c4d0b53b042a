//! The table of the contract: every row that the real runtime can be made to show, in one program for each library.

use super::{node, python};
use crate::case::Case;
use crate::requirements::Need;
use std::time::Duration;

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "the MSAL runtime finds every row of the contract's tables as expected",
        emulate: &[
            "--signed-in",
            "ada@contoso.example",
            "--signed-in",
            "carol@contoso.example",
            "--user",
            "ada@contoso.example",
        ],
        says: &["78 rows, 0 wrong\n"],
        ..TABLE_OF_PYTHON
    },
    Case {
        name: "MSAL for JavaScript finds every row of the contract's tables as expected",
        emulate: &[
            "--signed-in",
            "ada@contoso.example",
            "--user",
            "ada@contoso.example",
        ],
        says: &["29 rows, 0 wrong\n"],
        never_says: WRONG,
        ..node("contract_table.mjs")
    },
    Case {
        name: "the MSAL runtime does what it can where there is no secret service",
        needs: &[Need::Python, Need::Bus],
        emulate: &["--user", "ada@contoso.example"],
        says: &["4 rows, 0 wrong\n"],
        never_says: WRONG,
        ..python("no_secret_service.py")
    },
];

const TABLE_OF_PYTHON: Case = Case {
    never_says: WRONG,
    limit: Duration::from_secs(120),
    ..python("contract_table.py")
};

/// `Unexpected` is what some rows expect.
const WRONG: &[&str] = &["panicked at", "WRONG"];
