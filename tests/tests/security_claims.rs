//! Every claim of `SECURITY.md` names its test, and the test is there.

use azbroker_tests::named_tests::{Tests, looks_like_a_test, named, root, rows};

#[test]
fn every_row_of_the_table_names_a_test_that_exists() {
    let page = std::fs::read_to_string(root().join("SECURITY.md")).unwrap();
    let rows: Vec<_> = rows(&page).collect();
    assert!(rows.len() >= 10, "{} rows", rows.len());
    let tests = Tests::find();
    let without: Vec<_> = rows
        .iter()
        .filter(|row| !named(row).any(|name| tests.have(name)))
        .map(|row| row.chars().take(100).collect::<String>())
        .collect();
    assert!(
        without.is_empty(),
        "these rows of SECURITY.md name no test that exists:\n{}",
        without.join("\n")
    );
}

#[test]
fn every_test_that_the_page_names_exists() {
    let page = std::fs::read_to_string(root().join("SECURITY.md")).unwrap();
    let tests = Tests::find();
    let unknown: Vec<_> = rows(&page)
        .flat_map(named)
        .filter(|name| looks_like_a_test(name) && !tests.have(name))
        .collect();
    assert!(unknown.is_empty(), "no such test: {unknown:?}");
}

#[test]
fn a_row_without_a_test_is_found() {
    let tests = Tests::find();
    for (row, has_one) in [
        ("| Logs | No token, ever |", false),
        ("| Logs | `a_test_that_nobody_wrote` |", false),
        ("| Logs | `crates/azbroker/src/output.rs` |", false),
        (
            "| Logs | `every_row_of_the_table_names_a_test_that_exists` |",
            true,
        ),
        ("| Logs | `tests/tests/security_claims.rs` |", true),
        ("| Logs | `security_claims.rs` |", true),
    ] {
        assert_eq!(named(row).any(|name| tests.have(name)), has_one, "{row}");
    }
}
