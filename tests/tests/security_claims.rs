//! Every claim of `SECURITY.md` names its test, and the test is there.

use std::{collections::BTreeSet, path::Path};

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
        ("| Logs | `crates/azbroker/src/main.rs` |", false),
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

/// The rows of the tables, without their heads.
fn rows(page: &str) -> impl Iterator<Item = &str> {
    let lines: Vec<_> = page.lines().collect();
    let is_head = move |at: usize| {
        lines
            .get(at + 1)
            .is_some_and(|next| next.starts_with("| ---"))
    };
    page.lines().enumerate().filter_map(move |(at, line)| {
        let is_row = line.starts_with('|') && !line.starts_with("| ---") && !is_head(at);
        is_row.then_some(line)
    })
}

/// What stands between backticks.
fn named(row: &str) -> impl Iterator<Item = &str> {
    row.split('`').skip(1).step_by(2)
}

/// A name of several words, or a file of tests.
fn looks_like_a_test(name: &str) -> bool {
    let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let sentence = name.matches('_').count() >= 3 && name.chars().all(word);
    let file = name.ends_with(".rs") && name.contains("test");
    sentence || file
}

/// The tests of the repository: functions, files of tests, and cases of the interoperability suite.
struct Tests {
    functions: BTreeSet<String>,
    files: BTreeSet<String>,
    cases: String,
}

impl Tests {
    fn find() -> Self {
        let mut found = Self {
            functions: BTreeSet::new(),
            files: BTreeSet::new(),
            cases: String::new(),
        };
        for folder in ["crates", "tests"] {
            found.search(&root().join(folder));
        }
        found
    }

    fn have(&self, name: &str) -> bool {
        let file = |path: &String| path == name || path.ends_with(&format!("/{name}"));
        self.functions.contains(name)
            || (name.ends_with(".rs") && self.files.iter().any(file))
            || (name.contains(' ') && self.cases.contains(&format!("\"{name}\"")))
    }

    fn search(&mut self, folder: &Path) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                self.search(&path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                self.read(&path);
            }
        }
    }

    fn read(&mut self, path: &Path) {
        let text = std::fs::read_to_string(path).unwrap();
        let relative = path.strip_prefix(root()).unwrap().to_str().unwrap();
        if relative.contains("xtask/src/cases") {
            self.cases.push_str(&text);
        }
        // Tests of our own harness are trials with their name as a text.
        let trials = text.split("trial(").skip(1);
        let trials = trials.filter_map(|rest| rest.split('"').nth(1));
        self.functions.extend(trials.map(str::to_owned));
        let before = self.functions.len();
        let mut is_test = false;
        for line in text.lines().map(str::trim) {
            if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
                is_test = true;
            } else if let Some((_, rest)) = line.split_once("fn ") {
                if is_test && let Some((name, _)) = rest.split_once('(') {
                    self.functions.insert(name.to_owned());
                }
                is_test = false;
            }
        }
        if self.functions.len() > before {
            self.files.insert(relative.to_owned());
        }
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}
