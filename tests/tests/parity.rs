//! `docs/parity.md` has every option of the other languages' credentials, and each row names a test that is there.

use azbroker_tests::named_tests::{Tests, looks_like_a_test, named, root, rows};

/// Public options and methods of `@azure/identity` 4.13.1: `dist/commonjs/**/*.d.ts` of the two credentials, their
/// broker options, and the options of a request.
const JAVASCRIPT: &[&str] = &[
    "additionallyAllowedTenants",
    "authenticate",
    "authenticationRecord",
    "authorityHost",
    "browserCustomizationOptions",
    "claims",
    "clientId",
    "deserializeAuthenticationRecord",
    "disableAutomaticAuthentication",
    "disableInstanceDiscovery",
    "enableCae",
    "enabled",
    "getToken",
    "legacyEnableMsaPassthrough",
    "loggingOptions",
    "loginHint",
    "loginStyle",
    "message",
    "parentWindowHandle",
    "proofOfPossessionOptions",
    "redirectUri",
    "serializeAuthenticationRecord",
    "tenantId",
    "tokenCachePersistenceOptions",
    "useDefaultBrokerAccount",
    "userCode",
    "userPromptCallback",
    "verificationUri",
];

/// The same of `azure-identity` 1.27.0 and `azure-identity-broker` 1.3.0, as their documentation strings name them.
const PYTHON: &[&str] = &[
    "additionally_allowed_tenants",
    "authenticate",
    "authentication_record",
    "authority",
    "cache_persistence_options",
    "claims",
    "client_id",
    "deserialize",
    "disable_automatic_authentication",
    "disable_instance_discovery",
    "enable_cae",
    "enable_msa_passthrough",
    "enable_support_logging",
    "expires_on",
    "get_token",
    "login_hint",
    "parent_window_handle",
    "pop",
    "prompt_callback",
    "redirect_uri",
    "serialize",
    "tenant_id",
    "timeout",
    "use_default_broker_account",
    "user_code",
    "verification_uri",
];

fn page() -> String {
    std::fs::read_to_string(root().join("docs/parity.md")).unwrap()
}

/// The rows that set three languages side by side; the tables of the moves from another one have two columns.
fn compared(page: &str) -> Vec<Vec<&str>> {
    rows(page)
        .map(|row| row.trim_matches('|').split('|').map(str::trim).collect())
        .filter(|cells: &Vec<_>| cells.len() == 4)
        .collect()
}

#[test]
fn nothing_of_the_other_languages_is_passed_over() {
    let page = page();
    let said: Vec<_> = named(&page).collect();
    let missing: Vec<_> = JAVASCRIPT
        .iter()
        .chain(PYTHON)
        .filter(|name| !said.contains(name))
        .collect();
    assert!(
        missing.is_empty(),
        "docs/parity.md says nothing of {missing:?}"
    );
}

#[test]
fn every_row_names_tests_that_exist() {
    let page = page();
    let tests = Tests::find();
    let rows = compared(&page);
    assert!(rows.len() >= 30, "{} rows", rows.len());
    for cells in rows {
        let mut shown_by = named(cells[3]).peekable();
        assert!(shown_by.peek().is_some(), "{} has no test", cells[2]);
        for test in shown_by {
            assert!(looks_like_a_test(test) || test.contains(' '), "{test}");
            assert!(tests.have(test), "no such test: {test}");
        }
    }
}

#[test]
fn what_is_ours_is_in_the_library() {
    let mut source = String::new();
    for entry in std::fs::read_dir(root().join("crates/azure_identity_broker/src")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            source.push_str(&std::fs::read_to_string(path).unwrap());
        }
    }
    let page = page();
    for cells in compared(&page) {
        for name in named(cells[2]) {
            let found = [
                format!("pub {name}:"),
                format!("pub fn {name}("),
                format!("pub async fn {name}("),
                format!("async fn {name}("),
                format!("{name}: impl Fn"),
            ];
            let found = found.iter().any(|form| source.contains(form));
            assert!(found, "the library has no public {name}");
        }
    }
}
