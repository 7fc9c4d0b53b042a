//! Programs in JavaScript, through the broker and without one.

use super::{CONTOSO, SAMPLE, SIGNED_IN, SINGLE_TENANT, THE_SECRET, TWO_SIGNED_IN, node};
use crate::case::Case;

pub(super) const CASES: &[Case] = &[
    Case {
        name: "the JavaScript program of the how-to page reads the secret silently",
        emulate: SIGNED_IN,
        says: &[THE_SECRET],
        ..node("key_vault_secret.mjs")
    },
    Case {
        name: "the JavaScript program of the how-to page signs in when the broker has no account",
        emulate: &["--user", "ada@contoso.example"],
        says: &[THE_SECRET],
        ..node("key_vault_secret.mjs")
    },
    Case {
        name: "a JavaScript program fails, and does not hang, when no browser can be opened",
        exit: 1,
        says: &["AuthenticationRequiredError"],
        ..node("options.mjs")
    },
    Case {
        name: "a JavaScript credential answers the same scope from its cache and another scope anew",
        emulate: SIGNED_IN,
        says: &[
            "audiences: https://vault.azure.net, https://vault.azure.net, https://management.azure.com\n",
            "user: ada@contoso.example",
            "the same scope gives the same token: true",
            "another scope gives another token: true",
            "valid for more than 5 minutes: true",
            "valid for less than 2 hours: true",
        ],
        ..node("two_tokens.mjs")
    },
    Case {
        name: "a JavaScript program with the default account off and a login hint signs in the user of the hint",
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
        ..node("options.mjs")
    },
    Case {
        name: "a JavaScript program with its own client ID and tenant reads the secret",
        emulate: &[
            "--signed-in",
            "ada@contoso.example",
            "--user",
            "ada@contoso.example",
        ],
        arguments: &["--client-id", SAMPLE, "--tenant", CONTOSO],
        says: &[THE_SECRET],
        ..node("options.mjs")
    },
    Case {
        name: "a JavaScript program learns that its user has no role in the vault",
        emulate: &["--signed-in", "bob@contoso.example"],
        exit: 1,
        says: &["RestError | 403 | Forbidden"],
        ..node("options.mjs")
    },
    Case {
        name: "a JavaScript program learns that the secret is missing",
        emulate: SIGNED_IN,
        arguments: &["--secret", "NotThere"],
        exit: 1,
        says: &["RestError | 404 | SecretNotFound", "NotThere"],
        ..node("options.mjs")
    },
    Case {
        name: "a JavaScript program with a wrong vault URL fails, and the host is named",
        emulate: SIGNED_IN,
        arguments: &["--vault", "https://demoo.vault.azure.net"],
        exit: 1,
        complains: &["demoo.vault.azure.net"],
        ..node("options.mjs")
    },
    // JavaScript, without a broker: response mode `query`.
    Case {
        name: "a JavaScript program without a broker signs in through the browser",
        emulate: &["--user", "ada@contoso.example"],
        arguments: &["--no-broker"],
        says: &[THE_SECRET],
        ..node("options.mjs")
    },
    Case {
        name: "a JavaScript program without a broker and with its own client ID asks for consent",
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
        ..node("options.mjs")
    },
    // With one tenant `azbroker emulate` lets the libraries keep to the credential's; without that, and without a
    // tenant of its own, a credential refuses the tenant that the vault names.
    Case {
        name: "a JavaScript program without a tenant is refused the vault's, unless the environment allows it",
        emulate: SIGNED_IN,
        without: &[SINGLE_TENANT],
        exit: 1,
        says: &["AdditionallyAllowedTenants", CONTOSO],
        ..node("options.mjs")
    },
    Case {
        name: "a JavaScript program that names the tenant needs nothing of the environment",
        emulate: SIGNED_IN,
        without: &[SINGLE_TENANT],
        arguments: &["--tenant", CONTOSO],
        says: &[THE_SECRET],
        ..node("options.mjs")
    },
    Case {
        name: "a JavaScript program gets the token of the last of two accounts, the default",
        emulate: TWO_SIGNED_IN,
        says: &["user: carol@contoso.example"],
        ..node("two_tokens.mjs")
    },
];
