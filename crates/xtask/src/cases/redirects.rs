//! Sign-ins whose redirect comes back another way.

use super::python;
use crate::case::{Case, Program};
use crate::requirements::Need;
use std::time::Duration;

pub(super) const CASES: &[Case] = &[
    Case {
        name: "an application with the nativeclient redirect URI alone signs in through a private Chromium window",
        arguments: &["sign-in"],
        says: &[
            "page: Sign in - azbroker emulator\n",
            "signed in as ada@contoso.example in tenant 72f9a1c4-6d0b-4e53-9c1e-0d5a4b7c2e10, for application 5eed0000-0000-4000-8000-000000000002\n",
            "sign-in: exit 0\n",
            "in the command line: 0 addresses\n",
            "learned: nativeclient\n",
            "profiles left: 0\n",
        ],
        ..PRIVATE_WINDOW
    },
    Case {
        name: "a page that goes to nativeclient with a guessed state gives the private window nothing",
        arguments: &["hostile"],
        says: &[
            "after a wrong state: Signed in - azbroker emulator\n",
            "signed in as ada@contoso.example ",
            "sign-in: exit 0\n",
            "profiles left: 0\n",
        ],
        ..PRIVATE_WINDOW
    },
    Case {
        name: "closing the private window ends the sign-in",
        arguments: &["close"],
        says: &[
            "the sign-in window was closed",
            "hint: sign in again\n",
            "sign-in: exit 3\n",
            "no account is signed in",
            "profiles left: 0\n",
        ],
        ..PRIVATE_WINDOW
    },
    Case {
        name: "a private window that is killed is said to have failed",
        arguments: &["kill"],
        says: &[
            "chromium failed: it ended with signal: 9 (SIGKILL)",
            "sign-in: exit 1\n",
            "profiles left: 0\n",
        ],
        ..PRIVATE_WINDOW
    },
    Case {
        name: "without a browser on the machine the address is pasted",
        needs: &[Need::Bus, Need::Python],
        program: Program::Shell("bus/paste.sh"),
        says: &[
            "there is no browser here: no display is there, and BROWSER names no program",
            "hint: sign in with `azbroker login`\n",
            "program: exit 3\n",
            "BROWSER names no program, so you sign in by hand\n",
            "this is not where the sign-in ended; ",
            "signed in as ada@contoso.example ",
            "sign-in: exit 0\n",
            "error: nothing was pasted, so nobody is signed in\n",
            ", with a secret: 0.\n",
        ],
        ..Case::PLAIN
    },
    Case {
        name: "MSAL's device code flow waits until the code is entered",
        arguments: &["entered"],
        says: &[
            "expires in 900 s, asked every 1 s, at https://login.microsoft.com/device\n",
            "the person ended at: Signed in\n",
            "result: a token of ada@contoso.example\n",
            "polled more than once: True\n",
        ],
        ..python("device_code.py")
    },
    Case {
        name: "MSAL's device code flow ends when the code is not entered in time",
        arguments: &["expired"],
        says: &[
            "result: authorization_pending\n",
            "polled more than once: False\n",
        ],
        ..python("device_code.py")
    },
];

/// A session of its own, in which a real Chromium is on the search path.
const PRIVATE_WINDOW: Case = Case {
    needs: &[Need::Bus, Need::Node, Need::Chromium],
    chromium: Some("private"),
    program: Program::Shell("bus/private_window.sh"),
    limit: Duration::from_secs(90),
    ..Case::PLAIN
};
