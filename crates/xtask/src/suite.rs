//! The parts of `cargo xtask test`, from the quickest to the longest.

use crate::report::{Line, Report};
use crate::requirements::Need;
use crate::workspace::Workspace;
use crate::{
    counts, interop,
    process::{self, Ended, SILENCE},
    requirements,
};
use std::path::PathBuf;
use std::process::{Command, ExitCode};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Format,
    Dependencies,
    Clippy,
    Rust,
    DocTests,
    Docs,
    Counts,
    Interop,
}

impl Part {
    pub(crate) const ALL: &[Self] = &[
        Self::Format,
        Self::Dependencies,
        Self::Clippy,
        Self::Rust,
        Self::DocTests,
        Self::Docs,
        Self::Counts,
        Self::Interop,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Format => "format",
            Self::Dependencies => "dependencies",
            Self::Clippy => "clippy",
            Self::Rust => "rust",
            Self::DocTests => "doctests",
            Self::Docs => "docs",
            Self::Counts => "counts",
            Self::Interop => "interop",
        }
    }
}

pub(crate) fn run(parts: &[Part], filter: &str) -> ExitCode {
    let workspace = match Workspace::find() {
        Ok(workspace) => workspace,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    let mut suite = Suite {
        workspace,
        report: Report::default(),
    };
    for part in parts {
        suite.run(*part, filter);
    }
    suite.report.close()
}

struct Suite {
    workspace: Workspace,
    report: Report,
}

impl Suite {
    fn run(&mut self, part: Part, filter: &str) {
        let workspace = &self.workspace;
        match part {
            Part::Format => {
                let command = workspace.cargo(["fmt", "--all", "--check", "--", "--color=never"]);
                self.check("format", command);
            }
            Part::Dependencies => self.dependencies(),
            Part::Clippy => {
                let command = workspace.cargo([
                    "clippy",
                    "--workspace",
                    "--all-targets",
                    "--locked",
                    "--",
                    "-D",
                    "warnings",
                ]);
                self.check("clippy", command);
            }
            Part::Rust => {
                // What is missing still is named by the tests that want it.
                requirements::provide(workspace, &[Need::Surroundings]);
                // For the proofs; where they are missing the tests say what to install.
                let needs = [requirements::Need::Bus, requirements::Need::Keyring];
                requirements::provide(&self.workspace, &needs);
                let command = workspace.cargo([
                    "test",
                    "--workspace",
                    "--all-targets",
                    "--locked",
                    "--no-fail-fast",
                ]);
                self.tests("Rust tests", command);
            }
            Part::DocTests => {
                let command =
                    workspace.cargo(["test", "--workspace", "--doc", "--locked", "--no-fail-fast"]);
                self.tests("documentation examples", command);
            }
            Part::Docs => {
                let mut command = workspace.cargo(["doc", "--workspace", "--no-deps", "--locked"]);
                command.env("RUSTDOCFLAGS", "-D warnings");
                self.check("documentation", command);
            }
            Part::Counts => counts::run(&self.workspace, &mut self.report),
            Part::Interop => interop::run(&self.workspace, &mut self.report, filter),
        }
    }

    /// Something that is right or wrong. Counted when it is wrong: the numbers at the end are tests.
    fn check(&mut self, name: &str, mut command: Command) -> bool {
        let output = self.output_file(name);
        let line = Line::begin(name);
        match process::run(&mut command, &output) {
            Ok(ended) if ended.is_success() => {
                self.report.ok(line);
                return true;
            }
            Ok(_) => self.report.fail_with_file(1, line, &output),
            Err(error) => self.report.fail(1, line, &format!("{command:?}: {error}")),
        }
        false
    }

    /// A run of cargo's test runner, whose own numbers are taken over.
    fn tests(&mut self, name: &str, mut command: Command) {
        let output = self.output_file(name);
        let line = Line::begin(name);
        let mut running = String::new();
        let ended = process::run_unless_silent(SILENCE, &mut command, &output, |processes| {
            for one in processes {
                running.push_str(&format!("\n  {}", one.describe()));
            }
        });
        let ended = match ended {
            Ok(ended) => ended,
            Err(error) => return self.report.fail(1, line, &format!("{command:?}: {error}")),
        };
        let text =
            String::from_utf8_lossy(&std::fs::read(&output).unwrap_or_default()).into_owned();
        let counted = Counted::read(&text);
        self.report.pass(counted.passed);
        for ignored in counted.ignored {
            self.report.skip(&ignored, "marked as ignored in the code");
        }
        match ended {
            Ended::With(status) if status.success() => {
                line.end(&format!("ok, {} passed", counted.passed));
            }
            // What does not even build, or ends its process, has no line of numbers.
            Ended::With(_) => self.report.fail(counted.failed.max(1), line, &text),
            Ended::OutOfTime => {
                let stuck = format!(
                    "{text}\nnothing ended for {} minutes. What had not: {}\nwhat ran:{running}",
                    SILENCE.as_secs() / 60,
                    counted.unended.join(", "),
                );
                self.report.fail(counted.failed + 1, line, &stuck);
            }
        }
    }

    fn dependencies(&mut self) {
        match requirements::cargo_deny(&self.workspace) {
            Ok(program) => {
                // `cargo-deny` reads every package of the lock file, and on a clean machine only those are fetched that
                // this program is built of.
                let fetch = self.workspace.cargo(["fetch", "--locked"]);
                if !self.check("fetching packages", fetch) {
                    return;
                }
                let mut command = Command::new(program);
                command.current_dir(&self.workspace.root);
                command.args([
                    "--offline",
                    "--log-level",
                    "error",
                    "check",
                    "bans",
                    "licenses",
                    "sources",
                ]);
                self.check("dependencies", command);
            }
            Err(reason) => self.report.skip("dependencies", &reason),
        }
    }

    fn output_file(&self, name: &str) -> PathBuf {
        let folder = self.workspace.target.join("xtask");
        // If this fails, opening the file in it does too, and says so.
        let _ = std::fs::create_dir_all(&folder);
        folder.join(format!("{}.log", name.replace(' ', "-")))
    }
}

/// The numbers in the output of `cargo test`.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counted {
    passed: usize,
    failed: usize,
    ignored: Vec<String>,
    /// The tests that were said to take long, and not to have ended.
    unended: Vec<String>,
}

impl Counted {
    fn read(output: &str) -> Self {
        let mut counted = Self::default();
        for line in output.lines() {
            if let Some(numbers) = line.strip_prefix("test result: ") {
                counted.passed += number_before(numbers, " passed");
                counted.failed += number_before(numbers, " failed");
            } else if let Some((name, _)) = line
                .strip_prefix("test ")
                .and_then(|rest| rest.split_once(" ... ignored"))
            {
                counted.ignored.push(name.to_owned());
            } else if let Some(name) = line
                .strip_prefix("test ")
                .and_then(|rest| rest.strip_suffix(" has been running for over 60 seconds"))
            {
                counted.unended.push(name.to_owned());
            } else if let Some((name, _)) = line
                .strip_prefix("test ")
                .and_then(|rest| rest.split_once(" ... "))
            {
                counted.unended.retain(|unended| unended != name);
            }
        }
        counted
    }
}

fn number_before(text: &str, word: &str) -> usize {
    let end = text.find(word).unwrap_or(0);
    let digits = text[..end].rsplit(' ').next().unwrap_or_default();
    digits.parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::Counted;

    #[test]
    fn the_numbers_of_all_test_programs_are_added() {
        let output = "\
running 3 tests
test first ... ok
test needs_a_person ... ignored, by hand
test third ... FAILED

test result: FAILED. 1 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s
test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s
";
        let expected = Counted {
            passed: 13,
            failed: 1,
            ignored: vec!["needs_a_person".to_owned()],
            unended: vec![],
        };
        assert_eq!(Counted::read(output), expected);
    }

    #[test]
    fn a_test_that_takes_long_is_named_until_it_ends() {
        let output = "\
running 2 tests
test slow has been running for over 60 seconds
test stuck has been running for over 60 seconds
test slow ... ok
";
        assert_eq!(Counted::read(output).unended, ["stuck"]);
    }

    #[test]
    fn output_without_a_test_counts_as_none() {
        assert_eq!(
            Counted::read("error: could not compile `azbroker`"),
            Counted::default()
        );
    }
}
