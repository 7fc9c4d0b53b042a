//! Tests that a page of documentation names in its tables.

use std::{collections::BTreeSet, path::Path};

/// The rows of the tables of a page, without their heads.
pub fn rows(page: &str) -> impl Iterator<Item = &str> {
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
pub fn named(row: &str) -> impl Iterator<Item = &str> {
    row.split('`').skip(1).step_by(2)
}

/// A name of several words, or a file of tests.
pub fn looks_like_a_test(name: &str) -> bool {
    let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let sentence = name.matches('_').count() >= 3 && name.chars().all(word);
    let file = name.ends_with(".rs") && name.contains("test");
    sentence || file
}

/// The tests of the repository: functions, files of tests, and cases of the interoperability suite.
#[derive(Debug)]
pub struct Tests {
    functions: BTreeSet<String>,
    files: BTreeSet<String>,
    cases: String,
}

impl Tests {
    /// Reads them all.
    pub fn find() -> Self {
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

    /// Whether there is such a test, file of tests, or case.
    pub fn have(&self, name: &str) -> bool {
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

/// The folder of the repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}
