//! What the run says: a line when something starts, its result behind it, all output of what fails, and
//! at the very end one line of numbers.

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

#[derive(Debug, Default)]
pub(crate) struct Report {
    passed: usize,
    failed: usize,
    skipped: usize,
    /// Said again at the end, where it is seen.
    failures: Vec<String>,
    skips: Vec<String>,
    not_here: Vec<String>,
}

/// A line that has begun and waits for its result.
#[derive(Debug)]
pub(crate) struct Line {
    name: String,
    since: Instant,
}

impl Line {
    pub(crate) fn begin(name: &str) -> Self {
        print!("{name} … ");
        // Shown while it runs; nothing is lost if that fails.
        let _ = std::io::stdout().flush();
        Self {
            name: name.to_owned(),
            since: Instant::now(),
        }
    }

    pub(crate) fn end(self, result: &str) -> Duration {
        let took = self.since.elapsed();
        println!("{result} ({:.1} s)", took.as_secs_f64());
        took
    }
}

impl Report {
    /// A test, or a number of them, that did what it should.
    pub(crate) fn pass(&mut self, number: usize) {
        self.passed += number;
    }

    pub(crate) fn ok(&mut self, line: Line) {
        line.end("ok");
    }

    /// Failed tests whose names are in the output already shown.
    pub(crate) fn fail(&mut self, number: usize, line: Line, details: &str) {
        self.failed += number;
        self.failures.push(line.name.trim_start().to_owned());
        line.end("FAILED");
        println!("{}", details.trim_end());
    }

    pub(crate) fn fail_with_file(&mut self, number: usize, line: Line, output: &Path) {
        let text = std::fs::read(output).unwrap_or_default();
        self.fail(number, line, &String::from_utf8_lossy(&text));
    }

    /// A test that cannot run here, and why.
    pub(crate) fn skip(&mut self, name: &str, reason: &str) {
        self.skipped += 1;
        self.skips.push(format!("{name}: {reason}"));
    }

    /// A test that no package makes run here, and why: it wants rights over the machine that few give. It is said, and
    /// is no skipped one.
    pub(crate) fn not_here(&mut self, name: &str, reason: &str) {
        self.not_here.push(format!("{name}: {reason}"));
    }

    /// Prints the end of the run; nothing may be printed after it.
    pub(crate) fn close(self) -> ExitCode {
        println!();
        for reason in &self.not_here {
            println!("not here: {reason}");
        }
        for skip in &self.skips {
            println!("skipped: {skip}");
        }
        for failure in &self.failures {
            println!("failed: {failure}");
        }
        let must_not_skip = std::env::var("CI").is_ok_and(|ci| ci == "true");
        if must_not_skip && self.skipped > 0 {
            println!("failed: CI=true, and there nothing may be skipped");
        }
        println!(
            "{} passed, {} failed, {} skipped",
            self.passed, self.failed, self.skipped
        );
        if self.failed > 0 || (must_not_skip && self.skipped > 0) {
            return ExitCode::FAILURE;
        }
        ExitCode::SUCCESS
    }
}
