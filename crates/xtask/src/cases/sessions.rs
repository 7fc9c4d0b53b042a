//! Sessions as desktops have them.

use super::SIGNED_IN;
use crate::case::{Case, Program};
use crate::requirements::Need;

pub(super) const CASES: &[Case] = &[
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
        name: "a sign-out while the GNOME Keyring is locked holds, and is repeated when it is unlocked",
        needs: &[Need::Keyring],
        emulate: &["--user", "ada@contoso.example"],
        program: Program::Shell("bus/keyring.sh"),
        arguments: &["locks"],
        says: &[
            "the account may still be in the store: the keyring is locked\n\
             hint: unlock the keyring, then sign out again\n\
             sign-out while it is locked: exit 3\n",
            "locked: kept in: Secret Service; who was signed out may still be in the store (the keyring is locked)|\n",
            "token then: exit 3, 0 dots\n",
            "sign-out after it was unlocked: exit 0\n",
            "no account is signed in; `azbroker login` signs one in\nkept in: Secret Service\n\
             accounts of the second broker: exit 0\n",
            "renewal after another broker's sign-out: exit 3, 0 dots\n",
            "kept in: Secret Service\naccounts after it: exit 0\n",
        ],
        never_says: &["panicked at"],
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
            ", 1 account\n",
            "store           Secret Service\n",
            "secret service  there and unlocked\n",
            "secret service  the keyring is locked, so accounts rest elsewhere\n",
            "doctor with a locked keyring: exit 3\n",
            "removed the file\nended 'azbroker'\n",
            "ping when uninstalled: exit 1\n",
        ],
        ..Case::PLAIN
    },
    Case {
        name: "an installed broker is started by systemd --user in its unit, with what the unit forbids",
        needs: &[Need::Bus, Need::UserManager],
        emulate: &["--user", "ada@contoso.example"],
        program: Program::Shell("bus/user_manager.sh"),
        says: &[
            "wrote HOME/.local/share/dbus-1/services/com.microsoft.identity.broker1.service\n",
            "wrote HOME/.config/systemd/user/azbroker.service\n",
            "ping: ()\nActiveState=active\nSubState=running\n",
            "Umask:\t0077\nNoNewPrivs:\t1\nSeccomp:\t2\ncore dumps: 0 0\nin azbroker.service\n",
            "sign-in: exit 0\n",
            "removed HOME/.local/share/dbus-1/services/com.microsoft.identity.broker1.service\n",
            "removed HOME/.config/systemd/user/azbroker.service\nended 'azbroker'\n",
            "ping when uninstalled: exit 1\nLoadState=not-found\n",
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
];

/// A session bus that finds the broker's file below the home, also for root.
const INSTALLED_ON_A_BUS: &str = "export XDG_DATA_HOME=\"$HOME/.local/share\"; \
                                  DBUS_SESSION_BUS_ADDRESS=unix:path=/nonexistent azbroker install && \
                                  exec dbus-run-session -- \"$@\"";
