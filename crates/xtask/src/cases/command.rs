//! The command as its own client.

use super::{ADA_AT_CHROMIUM, SIGNED_IN, TWO_SIGNED_IN};
use crate::case::{Case, Program};
use crate::requirements::Need;

pub(super) const CASES: &[Case] = &[
    Case {
        name: "azbroker token prints a token and nothing else",
        emulate: SIGNED_IN,
        program: Program::Shell("bus/token.sh"),
        says: &[
            "text: 1 line, 3 parts, audience https://vault.azure.net\n",
            "json: audience https://vault.azure.net\n",
            "json fields: expires_on token \n",
            "json: lasts\n",
        ],
        ..Case::PLAIN
    },
    Case {
        name: "azbroker says in one line why, in another what to do, and with its exit code whose turn it is",
        needs: &[Need::Bus],
        emulate: &["--user", "ada@contoso.example"],
        program: Program::Shell("bus/exit_codes.sh"),
        says: &[
            "no account: exit 3, 1 error, 1 hint, 0 bytes of output\n",
            "no scope: exit 2, 1 error, ",
            "not a scope: exit 2, 1 error, ",
            "no such option: exit 2, 1 error, ",
            "no such command: exit 2, 1 error, ",
            "no bus: exit 3, 1 error, 1 hint, 0 bytes of output\n",
            "no broker: exit 3, 1 error, 1 hint, 0 bytes of output\n",
            "no broker, token: exit 3, 1 error, 1 hint, 0 bytes of output\n",
        ],
        ..Case::PLAIN
    },
    Case {
        name: "azbroker login says that the person at Chromium declined",
        needs: &[Need::Chromium],
        chromium: Some("decline"),
        environment: ADA_AT_CHROMIUM,
        arguments: &["login"],
        exit: 3,
        complains: &["error: "],
        ..Case::PLAIN
    },
    Case {
        name: "azbroker accounts names the account and where its tokens rest",
        emulate: SIGNED_IN,
        arguments: &["accounts"],
        says: &["ada@contoso.example", "kept in: Secret Service\n"],
        ..Case::PLAIN
    },
    Case {
        name: "azbroker accounts names both accounts of two, and the default",
        emulate: TWO_SIGNED_IN,
        arguments: &["accounts"],
        says: &[
            "ada@contoso.example    tenant 72f9a1c4-6d0b-4e53-9c1e-0d5a4b7c2e10  login.microsoftonline.com\n",
            "carol@contoso.example  tenant 72f9a1c4-6d0b-4e53-9c1e-0d5a4b7c2e10  login.microsoftonline.com  (default)\n",
        ],
        ..Case::PLAIN
    },
    Case {
        name: "azbroker emulate passes the exit code of its command through",
        program: Program::Command("sh"),
        arguments: &["-c", "exit 42"],
        exit: 42,
        ..Case::PLAIN
    },
    Case {
        name: "azbroker emulate says which command it cannot start",
        program: Program::Command("no-such-command-anywhere"),
        exit: 127,
        complains: &["no-such-command-anywhere"],
        ..Case::PLAIN
    },
];
