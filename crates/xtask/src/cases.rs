//! The cases, as data. What they rely on in the default world: Ada is officer of the vault `demo`, Carol reads it, Bob
//! may nothing; everybody consented to the Azure CLI, nobody to the sample application.

mod contract;
mod records;
mod rust;

use crate::case::{Case, Program};
use crate::requirements::Need;
use std::time::Duration;

/// Every case, in the order in which they run.
pub(crate) fn all() -> impl Iterator<Item = &'static Case> {
    CASES
        .iter()
        .chain(contract::CASES)
        .chain(records::CASES)
        .chain(rust::CASES)
}

const CASES: &[Case] = &[
    // JavaScript, through the broker.
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
    // Python, through the broker.
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
    // Microsoft's runtime itself.
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
    // A person at a real browser.
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
    // The broker's own page, at a real browser.
    Case {
        name: "a person at Chromium chooses the account on the broker's page with the keyboard alone",
        emulate: TWO_SIGNED_IN,
        chromium: Some("keyboard"),
        arguments: &["--no-default-account"],
        says: &[THE_SECRET],
        person_notes: &[
            "page: Choose an account · azbroker | account | 0 faults\n",
            "reached with ",
            "end: ✓ Done ",
            "has its token of ada@contoso.example",
            "hosts: localhost\n",
        ],
        ..CHROMIUM_AND_NODE
    },
    Case {
        name: "a person at Chromium uses another account than the one on the broker's page, with the keyboard alone",
        emulate: &["--signed-in", "bob@contoso.example"],
        chromium: Some("keyboard"),
        arguments: &["--no-default-account"],
        says: &[THE_SECRET],
        person_notes: &[
            "page: Choose an account · azbroker | account | 0 faults\n",
            "field: Username\n",
            "end: ✓ You are signed in ",
        ],
        ..CHROMIUM_AND_NODE
    },
    Case {
        name: "a person at Chromium denies on the broker's page with the keyboard alone",
        emulate: SIGNED_IN,
        chromium: Some("keyboard decline"),
        arguments: &["--no-default-account"],
        exit: 1,
        says: &["AuthenticationRequiredError"],
        person_notes: &[
            "reached with ",
            "end: – Denied ",
            " was given nothing. You can close this window.",
        ],
        ..CHROMIUM_AND_NODE
    },
    Case {
        name: "a person at Chromium allows a program, always and with the keyboard alone",
        chromium: Some("keyboard always"),
        pictures: Some("allow-light"),
        person_notes: &[
            "page: Allow access to Azure Key Vault? · azbroker | account | 0 faults\n",
            "remembered: Always, until I take it back\n",
            "end: ✓ Done ",
        ],
        ..ASKED_ABOUT
    },
    Case {
        name: "a person at Chromium allows a program in dark mode",
        chromium: Some("dark"),
        pictures: Some("allow-dark"),
        person_notes: &["page: Allow access to Azure Key Vault? · azbroker | account | 0 faults\n"],
        ..ASKED_ABOUT
    },
    Case {
        name: "a person at Chromium allows a program in a narrow window",
        chromium: Some("phone"),
        pictures: Some("allow-narrow"),
        person_notes: &["page: Allow access to Azure Key Vault? · azbroker | account | 0 faults\n"],
        ..ASKED_ABOUT
    },
    Case {
        name: "a person at Chromium allows a program in a narrow window in dark mode",
        chromium: Some("phone dark"),
        pictures: Some("allow-narrow-dark"),
        person_notes: &["page: Allow access to Azure Key Vault? · azbroker | account | 0 faults\n"],
        ..ASKED_ABOUT
    },
    Case {
        name: "a person at Chromium allows a program at 200 % zoom",
        chromium: Some("zoom"),
        person_notes: &["page: Allow access to Azure Key Vault? · azbroker | account | 0 faults\n"],
        ..ASKED_ABOUT
    },
    // Approval: Microsoft's library for Python asks silently, then by itself interactively.
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
    // The command as its own client.
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
        exit: 1,
        complains: &["no-such-command-anywhere"],
        ..Case::PLAIN
    },
    // The bus, with tools and libraries that are not ours.
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
    // Sign-ins whose redirect comes back another way.
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
    // Sessions as desktops have them.
    Case {
        name: "accounts survive a restart of the broker in an unlocked GNOME Keyring",
        program: Program::Shell("bus/keyring.sh"),
        needs: &[Need::Keyring],
        emulate: &["--user", "ada@contoso.example"],
        arguments: &["unlocked"],
        says: &[
            "sign-in: exit 0\n",
            "accounts after the sign-in: exit 0\n",
            "ada@contoso.example",
            "kept in: Secret Service\n",
            "token of the first broker: exit 0, 2 dots\n",
            "token without a network: exit 4, 0 dots\n",
            "token of the second broker: exit 0, 2 dots\n",
            "broker stopped with 0\n",
            "sign-out: exit 0\n",
            "token after the sign-out: exit 3, 0 dots\n",
            "the other program's secret: untouched\n",
        ],
        ..Case::PLAIN
    },
    Case {
        name: "a locked GNOME Keyring does not keep anybody from signing in",
        needs: &[Need::Keyring],
        emulate: &["--user", "ada@contoso.example"],
        program: Program::Shell("bus/keyring.sh"),
        arguments: &["locked"],
        says: &[
            "sign-in: exit 0\n",
            "token of the first broker: exit 0, 2 dots\n",
            "kept in: memory, until the broker ends (",
        ],
        ..Case::PLAIN
    },
    Case {
        name: "a GNOME Keyring that is killed costs nobody a token, and keeps everything when it is back",
        needs: &[Need::Keyring],
        emulate: &["--user", "ada@contoso.example"],
        program: Program::Shell("bus/keyring.sh"),
        arguments: &["dies"],
        says: &[
            "before: kept in: Secret Service|\n",
            "after the keyring was killed: kept in: Secret Service; the last change is in memory only (",
            "token meanwhile: exit 0, 2 dots\n",
            "after it was unlocked again: kept in: Secret Service|\n",
            "token of the second broker: exit 0, 2 dots\n",
        ],
        never_says: &["panicked at"],
        ..Case::PLAIN
    },
    Case {
        name: "accounts in an encrypted file move to the GNOME Keyring when it is unlocked",
        needs: &[Need::Keyring],
        emulate: &["--user", "ada@contoso.example"],
        program: Program::Shell("bus/keyring.sh"),
        arguments: &["unlocks"],
        says: &[
            "locked: kept in: encrypted file ",
            "| not in secret-service: the ",
            "unlocked: kept in: Secret Service|\n",
            "the file has gone\n",
            "token of the second broker: exit 0, 2 dots\n",
        ],
        never_says: &["panicked at", "the file is still there"],
        ..Case::PLAIN
    },
    Case {
        name: "without a secret service accounts rest in memory, and azbroker accounts says so",
        needs: &[Need::Bus],
        emulate: &["--user", "ada@contoso.example"],
        program: Program::Shell("bus/keyring.sh"),
        arguments: &["none"],
        says: &[
            "sign-in: exit 0\n",
            "kept in: memory, until the broker ends (",
            "token of the first broker: exit 0, 2 dots\n",
            "token of the second broker: exit 3, 0 dots\n",
        ],
        never_says: &["panicked at", "kept in: Secret Service"],
        ..Case::PLAIN
    },
    Case {
        name: "an installed broker is started by the bus, ends when idle and is back with its accounts",
        needs: &[Need::Keyring],
        emulate: &["--user", "ada@contoso.example"],
        program: Program::Shell("bus/living.sh"),
        says: &[
            "wrote the file\nthe session bus starts the broker when a program asks for it\nping: ()\n",
            "sign-in: exit 0\n",
            "token of the first broker: exit 0, 2 dots\n",
            "idle: the first broker has ended\ntoken of the second broker: exit 0, 2 dots\n",
            "1 account; accounts rest in: Secret Service\n",
            "secret service  there and unlocked\n",
            "secret service  the keyring is locked, so accounts rest elsewhere\n",
            "doctor with a locked keyring: exit 3\n",
            "removed the file\nended 'azbroker'\n",
            "ping when uninstalled: exit 1\n",
        ],
        ..Case::PLAIN
    },
    Case {
        name: "the MSAL runtime has the bus start the broker when it is loaded, well within its 5 s",
        needs: &[Need::Python],
        emulate: SIGNED_IN,
        program: Program::Python("activation.py"),
        through: &["sh", "-c", INSTALLED_ON_A_BUS, "sh"],
        says: &[
            "the broker answered: True\n",
            "loaded within 2 s: True\n",
            "the bus has a broker: (true,)\n",
        ],
        ..Case::PLAIN
    },
    // Machines without a session bus.
    Case {
        name: "a JavaScript program reads the secret below azbroker run where there is no session bus",
        emulate: ADA_SIGNS_IN,
        through: RUN_WITHOUT_A_BUS,
        says: &[THE_SECRET],
        complains: &["accounts rest in memory until it ends"],
        ..node("key_vault_secret.mjs")
    },
    Case {
        name: "a Python program reads the secret below azbroker run where there is no session bus",
        emulate: ADA_SIGNS_IN,
        through: RUN_WITHOUT_A_BUS,
        says: &[THE_SECRET],
        ..python("key_vault_secret.py")
    },
];

const ADA_SIGNS_IN: &[&str] = &["--user", "ada@contoso.example"];

const RUN_WITHOUT_A_BUS: &[&str] = &[
    "env",
    "DBUS_SESSION_BUS_ADDRESS=unix:path=/nonexistent",
    "azbroker",
    "run",
    "--",
];

/// A session bus that finds the broker's file below the home, also for root.
const INSTALLED_ON_A_BUS: &str = "export XDG_DATA_HOME=\"$HOME/.local/share\"; \
                                  DBUS_SESSION_BUS_ADDRESS=unix:path=/nonexistent azbroker install && \
                                  exec dbus-run-session -- \"$@\"";

const fn node(program: &'static str) -> Case {
    Case {
        needs: &[Need::Node],
        program: Program::Node(program),
        ..Case::PLAIN
    }
}

const fn python(program: &'static str) -> Case {
    Case {
        needs: &[Need::Python],
        program: Program::Python(program),
        ..Case::PLAIN
    }
}

/// A JavaScript program and, as the person who signs in for it, Ada at Chromium.
const CHROMIUM_AND_NODE: Case = Case {
    needs: &[Need::Node, Need::Chromium],
    environment: ADA_AT_CHROMIUM,
    limit: Duration::from_secs(90),
    ..node("options.mjs")
};

/// A session of its own, in which a real Chromium is on the search path.
const PRIVATE_WINDOW: Case = Case {
    needs: &[Need::Bus, Need::Node, Need::Chromium],
    chromium: Some("private"),
    program: Program::Shell("bus/private_window.sh"),
    limit: Duration::from_secs(90),
    ..Case::PLAIN
};

/// A JavaScript program that the broker asks Ada about, at Chromium.
const ASKED_ABOUT: Case = Case {
    needs: &[Need::Node, Need::Bus, Need::Chromium],
    emulate: TWO_SIGNED_IN,
    program: Program::Shell("bus/asking.sh"),
    arguments: &["options.mjs", "--no-default-account"],
    says: &[THE_SECRET],
    ..CHROMIUM_AND_NODE
};

const SIGNED_IN: &[&str] = &["--signed-in", "ada@contoso.example"];
const TWO_SIGNED_IN: &[&str] = &[
    "--signed-in",
    "ada@contoso.example",
    "--signed-in",
    "carol@contoso.example",
];
const ADA_AT_CHROMIUM: &[(&str, &str)] = &[
    ("SIGN_IN_AS", "ada@contoso.example"),
    (
        "SIGN_IN_PASSWORD",
        "ada-Analytical-Engine-1843-note-G-7Qw4Zx",
    ),
];
const ADA_WITHOUT_BROKER: &[(&str, &str)] = &[
    ADA_AT_CHROMIUM[0],
    ADA_AT_CHROMIUM[1],
    ("SIGN_IN_LAST_PAGE", "theirs"),
];
/// The pages load nothing from anywhere else.
const CLOUD_AND_LOOPBACK: &str = "hosts: localhost, login.microsoftonline.com\n";

const CONTOSO: &str = "72f9a1c4-6d0b-4e53-9c1e-0d5a4b7c2e10";
const ADA_HOME: &str = "ada00000-0000-4000-8000-000000000001.72f9a1c4-6d0b-4e53-9c1e-0d5a4b7c2e10";
const ADAS_TOKEN: &str = "token of ada@contoso.example (Ada Lovelace)";
const SAMPLE: &str = "5eed0000-0000-4000-8000-000000000001";
const SINGLE_TENANT: &str = "AZURE_IDENTITY_DISABLE_MULTITENANTAUTH";
const THE_SECRET: &str = "MySecret = the-answer-from-the-emulated-vault-5Tg6Yh\n";

#[cfg(test)]
mod tests {
    use super::all;
    use std::collections::BTreeSet;

    #[test]
    fn every_case_has_a_name_of_its_own_and_expects_something() {
        let names: BTreeSet<_> = all().map(|case| case.name).collect();
        assert_eq!(names.len(), all().count());
        for case in all() {
            assert!(!case.name.is_empty());
            let silent =
                case.says.is_empty() && case.complains.is_empty() && case.person_notes.is_empty();
            assert!(
                !silent || case.exit != 0,
                "{} would pass whatever happens",
                case.name
            );
        }
    }
}
