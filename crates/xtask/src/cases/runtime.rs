//! Microsoft's runtime itself.

use super::{ADA_AT_CHROMIUM, CONTOSO, SIGNED_IN, TWO_SIGNED_IN, python};
use crate::case::Case;
use crate::requirements::Need;

pub(super) const CASES: &[Case] = &[
    Case {
        name: "the MSAL runtime discovers the account of the broker",
        emulate: SIGNED_IN,
        arguments: &["discover"],
        says: &[
            "1 accounts",
            "account ada@contoso.example | Ada Lovelace |",
            ADA_HOME,
            CONTOSO,
        ],
        ..python("runtime.py")
    },
    Case {
        name: "the MSAL runtime discovers no account where there is none",
        arguments: &["discover"],
        says: &["0 accounts"],
        ..python("runtime.py")
    },
    Case {
        name: "the MSAL runtime discovers both accounts of two",
        emulate: TWO_SIGNED_IN,
        arguments: &["discover"],
        says: &[
            "2 accounts",
            "account ada@contoso.example | Ada Lovelace |",
            "account carol@contoso.example | ",
        ],
        ..python("runtime.py")
    },
    Case {
        // It names no account then; the default is the broker's to choose.
        name: "the MSAL runtime silently gets the token of the last of two accounts, the default",
        emulate: TWO_SIGNED_IN,
        arguments: &["silently"],
        says: &["token of carol@contoso.example (", "| lasts | bearer True"],
        ..python("runtime.py")
    },
    Case {
        name: "the MSAL runtime signs in silently",
        emulate: SIGNED_IN,
        arguments: &["silently"],
        says: &[
            ADAS_TOKEN,
            ADA_HOME,
            "scopes https://vault.azure.net/.default https://vault.azure.net/user_impersonation openid profile |",
            "| lasts | bearer True",
        ],
        ..python("runtime.py")
    },
    Case {
        name: "the MSAL runtime is told that interaction is required when there is no account",
        arguments: &["silently"],
        says: &["InteractionRequired | code "],
        ..python("runtime.py")
    },
    Case {
        name: "the MSAL runtime signs in interactively",
        emulate: &["--user", "ada@contoso.example"],
        arguments: &["interactively"],
        says: &[ADAS_TOKEN, ADA_HOME, "| lasts | bearer True"],
        ..python("runtime.py")
    },
    Case {
        name: "the MSAL runtime goes from silent to interactive by itself",
        emulate: &["--user", "ada@contoso.example"],
        arguments: &["sign-in", "--hint", "ada@contoso.example"],
        says: &[ADAS_TOKEN],
        ..python("runtime.py")
    },
    Case {
        name: "the MSAL runtime gets a token for an account it discovered",
        emulate: SIGNED_IN,
        arguments: &["discover-then-token"],
        says: &["1 accounts", ADAS_TOKEN],
        ..python("runtime.py")
    },
    Case {
        name: "the MSAL runtime asks twenty times at once and gets twenty tokens",
        emulate: SIGNED_IN,
        arguments: &["parallel"],
        says: &[ADAS_TOKEN],
        never_says: &[
            "panicked at",
            "Unexpected",
            "InteractionRequired",
            "ApiContractViolation",
        ],
        ..python("runtime.py")
    },
    Case {
        name: "the MSAL runtime gets an error, not silence, when the broker is killed",
        needs: &[Need::Python, Need::Bus],
        emulate: SIGNED_IN,
        arguments: &["broker-killed"],
        says: &[ADAS_TOKEN, " | code ", "answered within 5 s: True"],
        // Every fault of the bus is `Unexpected` to the runtime.
        never_says: &["panicked at"],
        ..python("runtime.py")
    },
    Case {
        name: "the MSAL runtime is told that an authority outside the known clouds is not trusted",
        emulate: SIGNED_IN,
        arguments: &[
            "silently",
            "--authority",
            "https://login.example.com/organizations",
        ],
        says: &["AuthorityUntrusted | code "],
        ..python("runtime.py")
    },
    Case {
        name: "the MSAL runtime gets an error, not silence, for a scope of an unknown resource",
        emulate: SIGNED_IN,
        arguments: &[
            "silently",
            "--scope",
            "https://nowhere.contoso.example/.default",
        ],
        says: &[" | code ", "AADSTS500011"],
        ..python("runtime.py")
    },
    Case {
        name: "the MSAL runtime is told that the user canceled",
        needs: &[Need::Python, Need::Chromium],
        chromium: Some("decline"),
        environment: ADA_AT_CHROMIUM,
        arguments: &["interactively"],
        says: &["UserCanceled | code "],
        ..python("runtime.py")
    },
];

const ADA_HOME: &str = "ada00000-0000-4000-8000-000000000001.72f9a1c4-6d0b-4e53-9c1e-0d5a4b7c2e10";

const ADAS_TOKEN: &str = "token of ada@contoso.example (Ada Lovelace)";
