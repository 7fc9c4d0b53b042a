//! Programs in Python, through the broker and without one.

use super::{CONTOSO, SAMPLE, SIGNED_IN, SINGLE_TENANT, THE_SECRET, python};
use crate::case::Case;

pub(super) const CASES: &[Case] = &[
    Case {
        name: "the Python program of the how-to page reads the secret silently",
        emulate: SIGNED_IN,
        says: &[THE_SECRET],
        ..python("key_vault_secret.py")
    },
    Case {
        name: "the Python program of the how-to page signs in when the broker has no account",
        emulate: &["--user", "ada@contoso.example"],
        says: &[THE_SECRET],
        ..python("key_vault_secret.py")
    },
    Case {
        name: "a Python credential answers the same scope from its cache and another scope anew",
        emulate: SIGNED_IN,
        says: &[
            "audiences: https://vault.azure.net, https://vault.azure.net, https://management.azure.com\n",
            "the same scope gives the same token: True",
            "another scope gives another token: True",
            "valid for more than 5 minutes: True",
            "valid for less than 2 hours: True",
        ],
        ..python("two_tokens.py")
    },
    Case {
        name: "a Python program with the default account off signs in",
        emulate: &[
            "--signed-in",
            "bob@contoso.example",
            "--user",
            "carol@contoso.example",
        ],
        arguments: &[
            "--no-default-account",
            "--login-hint",
            "carol@contoso.example",
        ],
        says: &[THE_SECRET],
        ..python("options.py")
    },
    Case {
        name: "a Python program with its own client ID and tenant reads the secret",
        emulate: &[
            "--signed-in",
            "ada@contoso.example",
            "--user",
            "ada@contoso.example",
        ],
        arguments: &["--client-id", SAMPLE, "--tenant", CONTOSO],
        says: &[THE_SECRET],
        ..python("options.py")
    },
    Case {
        name: "a Python program learns that its user has no role in the vault",
        emulate: &["--signed-in", "bob@contoso.example"],
        exit: 1,
        says: &["HttpResponseError | 403", "Forbidden"],
        ..python("options.py")
    },
    Case {
        name: "a Python program learns that the secret is missing",
        emulate: SIGNED_IN,
        arguments: &["--secret", "NotThere"],
        exit: 1,
        says: &["ResourceNotFoundError | 404", "SecretNotFound", "NotThere"],
        ..python("options.py")
    },
    Case {
        name: "a Python program with a wrong vault URL fails, and the host is named",
        emulate: SIGNED_IN,
        arguments: &["--vault", "https://demoo.vault.azure.net"],
        exit: 1,
        complains: &["demoo.vault.azure.net"],
        ..python("options.py")
    },
    Case {
        name: "a Python program without a tenant is refused the vault's, unless the environment allows it",
        emulate: SIGNED_IN,
        without: &[SINGLE_TENANT],
        exit: 1,
        says: &["additionally_allowed_tenants", CONTOSO],
        ..python("options.py")
    },
    Case {
        name: "a Python program that names the tenant needs nothing of the environment",
        emulate: SIGNED_IN,
        without: &[SINGLE_TENANT],
        arguments: &["--tenant", CONTOSO],
        says: &[THE_SECRET],
        ..python("options.py")
    },
    // Python, without a broker: response mode `form_post`.
    Case {
        name: "a Python program without a broker signs in through the browser",
        emulate: &["--user", "ada@contoso.example"],
        arguments: &["--no-broker"],
        says: &[THE_SECRET],
        ..python("options.py")
    },
    Case {
        name: "a Python program without a broker and with its own client ID asks for consent",
        emulate: &["--user", "carol@contoso.example"],
        arguments: &[
            "--no-broker",
            "--client-id",
            SAMPLE,
            "--tenant",
            CONTOSO,
            "--login-hint",
            "carol@contoso.example",
        ],
        says: &[THE_SECRET],
        ..python("options.py")
    },
];
