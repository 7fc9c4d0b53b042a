//! The edges between our packages are those of `ARCHITECTURE.md`, and no others.

use cargo_metadata::{DependencyKind, MetadataCommand};
use std::{collections::BTreeSet, path::Path};

const EDGES: [(&str, &[&str]); 9] = [
    ("azbroker_protocol", &[]),
    ("azbroker_entra", &[]),
    ("azbroker_emulator", &[]),
    ("xtask", &[]),
    ("azbroker_service", &["azbroker_entra", "azbroker_protocol"]),
    (
        "azure_identity_broker",
        &["azbroker_entra", "azbroker_protocol"],
    ),
    (
        "azbroker",
        &[
            "azbroker_emulator",
            "azbroker_service",
            "azure_identity_broker",
        ],
    ),
    ("azbroker_tests", &[]),
    (
        "azbroker_bench",
        &[
            "azbroker_emulator",
            "azbroker_entra",
            "azbroker_service",
            "azure_identity_broker",
        ],
    ),
];

#[test]
fn packages_depend_on_what_the_architecture_says_and_nothing_else() {
    let metadata = MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .no_deps()
        .exec()
        .unwrap();
    let ours: BTreeSet<_> = metadata
        .packages
        .iter()
        .map(|p| p.name.to_string())
        .collect();
    assert_eq!(
        ours,
        EDGES.iter().map(|(name, _)| (*name).to_owned()).collect()
    );
    for (name, expected) in EDGES {
        let package = metadata
            .packages
            .iter()
            .find(|p| p.name.as_str() == name)
            .unwrap();
        // What a test needs is not part of the program.
        let used: BTreeSet<_> = package
            .dependencies
            .iter()
            .filter(|d| d.kind != DependencyKind::Development && ours.contains(&d.name))
            .map(|d| d.name.as_str())
            .collect();
        assert_eq!(used, expected.iter().copied().collect(), "{name}");
    }
}

#[test]
fn the_contract_knows_no_bus_and_the_client_of_entra_id_neither() {
    for (name, forbidden) in [
        (
            "azbroker_protocol",
            &["zbus", "tokio", "azure_core", "hyper", "reqwest"][..],
        ),
        ("azbroker_entra", &["zbus", "oo7", "busd"][..]),
        (
            "azbroker_emulator",
            &["azure_core", "azure_identity", "zbus"][..],
        ),
    ] {
        let manifest = root().join("crates").join(name).join("Cargo.toml");
        let manifest = std::fs::read_to_string(manifest).unwrap();
        let dependencies = manifest.split("[dev-dependencies]").next().unwrap();
        for word in forbidden {
            let named = dependencies.lines().any(|line| line.starts_with(word));
            assert!(!named, "{name} must not know {word}");
        }
    }
}

#[test]
fn no_type_of_the_contract_can_hold_a_refresh_token() {
    for file in std::fs::read_dir(root().join("crates/azbroker_protocol/src")).unwrap() {
        let path = file.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let code = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        for line in code {
            let line = line.to_ascii_lowercase();
            assert!(
                !line.contains("refresh_token") && !line.contains("refreshtoken"),
                "{path:?}"
            );
        }
    }
}

#[test]
fn the_environment_is_read_where_the_architecture_allows_it() {
    for name in ["azbroker_protocol", "azbroker_entra", "azbroker_service"] {
        for path in sources(&root().join("crates").join(name).join("src")) {
            // A test that starts itself as another process tells it what to do there.
            if path.ends_with("tests.rs") {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            assert!(!text.contains("env::var"), "{path:?} reads the environment");
        }
    }
}

#[test]
fn only_the_command_sets_up_logging() {
    let metadata = MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .no_deps()
        .exec()
        .unwrap();
    let set_up = |package: &&cargo_metadata::Package| {
        package.dependencies.iter().any(|dependency| {
            dependency.name == "tracing-subscriber"
                && dependency.kind != DependencyKind::Development
        })
    };
    let packages: Vec<_> = metadata.packages.iter().filter(set_up).collect();
    let names: Vec<_> = packages.iter().map(|p| p.name.as_str()).collect();
    assert_eq!(names, ["azbroker"]);
}

#[test]
fn the_caller_is_nowhere_read_from_a_message() {
    // The one place that makes a caller takes it from the header, which the bus writes.
    let service = root().join("crates/azbroker_service/src");
    let mut made = 0;
    for path in sources(&service) {
        let text = std::fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        made += code.matches("header.sender()").count();
    }
    assert!(made > 0, "the caller is made from the header's sender");
    // And the contract's requests say nothing of who sends them.
    for name in ["requests.rs", "auth_parameters.rs", "account.rs"] {
        let path = root().join("crates/azbroker_protocol/src").join(name);
        let text = std::fs::read_to_string(&path).unwrap().to_ascii_lowercase();
        for word in [
            "pub pid",
            "pub uid",
            "pub process",
            "pub executable",
            "pub sender",
        ] {
            assert!(
                !text.contains(word),
                "{path:?} has a field for who asks: {word}"
            );
        }
    }
}

/// `Domain::<T>::IS_WRITTEN` is the trait's `false`, unless `T` is `Serialize` and the type's own `true` wins.
mod written {
    use std::marker::PhantomData;

    pub struct Domain<T>(PhantomData<T>);

    pub trait Otherwise {
        const IS_WRITTEN: bool = false;
    }

    impl<T> Otherwise for Domain<T> {}

    impl<T: serde::Serialize> Domain<T> {
        pub const IS_WRITTEN: bool = true;
    }
}

#[test]
fn domain_types_are_not_serialisable_and_wire_types_are() {
    use written::{Domain, Otherwise as _};
    macro_rules! is_written {
        ($($type:ty),* $(,)?) => { [$((stringify!($type), Domain::<$type>::IS_WRITTEN)),*] };
    }
    for (name, is_written) in is_written![
        azbroker_entra::Account,
        azbroker_entra::AuthorizationCode,
        azbroker_entra::Authority,
        azbroker_entra::Claims,
        azbroker_entra::ClientId,
        azbroker_entra::CodeVerifier,
        azbroker_entra::Grant,
        azbroker_entra::HomeAccountId,
        azbroker_entra::IdToken,
        azbroker_entra::RefreshToken,
        azbroker_entra::Refusal,
        azbroker_entra::Scopes,
        azbroker_entra::Tenant,
        azbroker_entra::TokenRequest,
        azbroker_entra::Tokens,
        azbroker_service::StoredGrant,
    ] {
        assert!(!is_written, "{name} can be written to a wire");
    }
    for (name, is_written) in is_written![
        azbroker_protocol::Account,
        azbroker_protocol::AccountsReply,
        azbroker_protocol::TokenRequest,
        azbroker_protocol::TokenResponse,
    ] {
        assert!(is_written, "{name} is of the wire");
    }
}

fn sources(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else {
            found.push(path);
        }
    }
    found
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}
