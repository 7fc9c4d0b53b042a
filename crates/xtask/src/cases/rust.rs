//! Programs in Rust: each example of the library, and another service than the emulator's.

use super::{ADA_SIGNS_IN, SIGNED_IN, THE_SECRET, python};
use crate::case::{Case, Program};
use crate::requirements::Need;

pub(super) const CASES: &[Case] = &[
    Case {
        name: "a Rust program reads a secret with the library's example",
        says: &[THE_SECRET],
        ..example("key_vault_secret")
    },
    Case {
        name: "a Rust program gets the token of the broker's default account",
        says: &["a token until 2"],
        ..example("broker")
    },
    Case {
        name: "a Rust program with a broker that has no account is told whose turn it is",
        emulate: &[],
        says: &["; sign in"],
        ..example("broker")
    },
    Case {
        name: "a Rust program takes whatever the developer is signed in with, and says what it was",
        says: &["BrokerCredential gave a token until 2"],
        ..example("developer")
    },
    Case {
        name: "a Rust program finds the account of its first run again with the record",
        emulate: ADA_SIGNS_IN,
        through: &["sh", "-c", "\"$@\" && echo once more && \"$@\"", "sh"],
        arguments: &["record.json"],
        says: &[
            "signed in as ada@contoso.example\na token until 2",
            "\nonce more\na token until 2",
        ],
        ..example("authentication_record")
    },
    Case {
        name: "a Rust program proves to the vault that its token is its own",
        says: &["the vault answers with 200\n"],
        ..example("proof_of_possession")
    },
    Case {
        name: "a Rust program's proof is good once, for what it was signed for, as it was signed",
        says: &[
            "as it was signed: 200 the secret\n",
            "once more: 401 AKV10140: The proof of possession is not accepted: it was used before.\n",
            "another path: 401 AKV10140: The proof of possession is not accepted: it is for another path.\n",
            "another host: 401 AKV10140: The proof of possession is not accepted: it is for another host.\n",
            "another method: 401 AKV10140: The proof of possession is not accepted: it is for another method.\n",
            "a nonce: 200 the secret\n",
            "the nonce of another proof: 401 AKV10140: The proof of possession is not accepted: it was used before.\n",
            "a path put in: 401 AKV10140: The proof of possession is not accepted: its signature is wrong.\n",
            "a method put in: 401 AKV10140: The proof of possession is not accepted: its signature is wrong.\n",
            "a nonce put in: 401 AKV10140: The proof of possession is not accepted: its signature is wrong.\n",
            "a key put in: 401 AKV10140: The proof of possession is not accepted: its header names another key.\n",
            "a key put in everywhere: 401 AKV10140: The proof of possession is not accepted: its signature is wrong.\n",
            "the token without its proof: 401 AKV10140: The proof of possession is not accepted: \
             the token is bound to a key, and came without proof.\n",
        ],
        ..example("refused_proofs")
    },
    Case {
        name: "a Rust program takes the account of Visual Studio Code",
        environment: &[("RECORD", RECORD_OF_THE_EDITOR)],
        through: &["sh", "-c", SIGNED_IN_AT_THE_EDITOR, "sh"],
        says: &["a token until 2"],
        ..example("visual_studio_code")
    },
    Case {
        name: "a Rust program is told that nobody has signed in with Visual Studio Code",
        exit: 1,
        complains: &["nobody has signed in to Azure with Visual Studio Code"],
        ..example("visual_studio_code")
    },
    Case {
        name: "a Rust program waits until its device code is entered",
        arguments: &["device_code"],
        says: &["the person ended at: Signed in\n", "a token until 2"],
        ..python("device_code_of.py")
    },
    // Azurite checks who issued a token, for what resource and until when.
    Case {
        name: "a Rust program writes a blob to Azurite and reads it back",
        says: &[
            THE_BLOB,
            "a token for storage: 200\n",
            "a token for a vault: 403\nInvalid token audience\n",
        ],
        ..AZURITE
    },
    Case {
        name: "a Rust program signs in to write a blob to Azurite",
        emulate: ADA_SIGNS_IN,
        says: &[THE_BLOB],
        ..AZURITE
    },
];

const fn example(name: &'static str) -> Case {
    Case {
        emulate: SIGNED_IN,
        program: Program::Example(name),
        ..Case::PLAIN
    }
}

const AZURITE: Case = Case {
    needs: &[Need::Azurite],
    emulate: SIGNED_IN,
    program: Program::Shell("bus/azurite.sh"),
    ..Case::PLAIN
};

const THE_BLOB: &str = "g.txt = The engine weaves algebraical patterns.\n";
const SIGNED_IN_AT_THE_EDITOR: &str = "folder=\"$HOME/.azure/ms-azuretools.vscode-azureresourcegroups\"; \
                                       mkdir -p \"$folder\" && printf %s \"$RECORD\" >\"$folder/authRecord.json\" && \
                                       exec \"$@\"";
/// As the editor's extension writes it.
const RECORD_OF_THE_EDITOR: &str = r#"{"authority":"login.microsoftonline.com","homeAccountId":"ada00000-0000-4000-8000-000000000001.72f9a1c4-6d0b-4e53-9c1e-0d5a4b7c2e10","tenantId":"72f9a1c4-6d0b-4e53-9c1e-0d5a4b7c2e10","username":"ada@contoso.example","clientId":"aebc6443-996d-45c2-90f0-388ff96faa56","version":"1.0"}"#;

#[cfg(test)]
mod tests {
    use super::CASES;
    use crate::case::Program;

    #[test]
    fn every_example_of_the_library_is_run() {
        let folder = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../azure_identity_broker/examples"
        );
        let files: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        assert!(files.len() >= 7, "{files:?}");
        for file in files {
            let name = file.file_stem().unwrap().to_str().unwrap();
            let runs = CASES.iter().any(|case| match case.program {
                Program::Example(example) => example == name,
                Program::Python("device_code_of.py") => case.arguments == [name],
                _ => false,
            });
            assert!(runs, "no case runs the example {name}");
        }
    }
}
