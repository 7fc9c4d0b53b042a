//! The cases, as data. What they rely on in the default world: Ada is officer of the vault `demo`, Carol reads it, Bob
//! may nothing; everybody consented to the Azure CLI, nobody to the sample application.

mod approval;
mod bus;
mod command;
mod contract;
mod javascript;
mod no_bus;
mod page;
mod person;
mod python;
mod records;
mod redirects;
mod runtime;
mod rust;
mod sessions;

use crate::case::{Case, Program};
use crate::requirements::Need;
use std::time::Duration;

/// Every case, in the order in which they run.
pub(crate) fn all() -> impl Iterator<Item = &'static Case> {
    CASES.iter().copied().flatten()
}

const CASES: &[&[Case]] = &[
    javascript::CASES,
    python::CASES,
    runtime::CASES,
    person::CASES,
    page::CASES,
    approval::CASES,
    command::CASES,
    bus::CASES,
    redirects::CASES,
    sessions::CASES,
    no_bus::CASES,
    contract::CASES,
    records::CASES,
    rust::CASES,
];

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

const ADA_SIGNS_IN: &[&str] = &["--user", "ada@contoso.example"];
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

const CONTOSO: &str = "72f9a1c4-6d0b-4e53-9c1e-0d5a4b7c2e10";
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
