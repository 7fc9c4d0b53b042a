//! Counts that no load of the machine changes: system calls, allocations, instructions.
//!
//! Each is the difference between a process that answered or made many calls and one that made few, so that
//! start and end do not count.

use crate::bench::stage::{BROKER, FLOOR, Running, Stage, output};
use std::fs;
use std::path::Path;
use std::process::Command;

/// What is counted, by the program that counts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Count {
    SystemCalls,
    /// Those that neither wait nor look in vain: how many others there are depends on who runs when.
    WorkingSystemCalls,
    Allocations,
    Instructions,
}

impl Count {
    pub(crate) const ALL: [Self; 3] = [Self::SystemCalls, Self::Allocations, Self::Instructions];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::SystemCalls => "system calls",
            Self::WorkingSystemCalls => "system calls that do not wait",
            Self::Allocations => "allocations",
            Self::Instructions => "instructions",
        }
    }

    fn below(self, report: &Path) -> Vec<String> {
        let file = report.display();
        let words: &[String] = match self {
            Self::SystemCalls | Self::WorkingSystemCalls => &[
                "strace".into(),
                "-f".into(),
                "-c".into(),
                format!("--output={file}"),
            ],
            Self::Allocations => &[
                "valgrind".into(),
                "--tool=dhat".into(),
                "--dhat-out-file=/dev/null".into(),
                format!("--log-file={file}"),
            ],
            Self::Instructions => &[
                "valgrind".into(),
                "--tool=callgrind".into(),
                "--callgrind-out-file=/dev/null".into(),
                format!("--log-file={file}"),
            ],
        };
        words.to_vec()
    }

    /// The sum, out of what the counting program wrote.
    fn read(self, report: &Path) -> Result<f64, String> {
        let text = fs::read_to_string(report).unwrap_or_default();
        let found = match self {
            Self::WorkingSystemCalls => {
                return working(&text)
                    .ok_or_else(|| format!("no {} counted: {}", self.name(), text.trim()));
            }
            // The last line but for its rule: time, seconds, microseconds a call, calls, errors, `total`.
            Self::SystemCalls => text
                .lines()
                .rev()
                .find(|line| line.trim_end().ends_with("total"))
                .and_then(|line| line.split_whitespace().nth(3)),
            // `==1== Total:     1,234 bytes in 56 blocks`
            Self::Allocations => text
                .lines()
                .find(|line| line.contains("Total:"))
                .and_then(|line| line.split_whitespace().rev().nth(1)),
            // `==1== Collected : 1234`
            Self::Instructions => text
                .lines()
                .find(|line| line.contains("Collected :"))
                .and_then(|line| line.split_whitespace().last()),
        };
        let digits: String = found
            .unwrap_or_default()
            .chars()
            .filter(char::is_ascii_digit)
            .collect();
        digits
            .parse()
            .map_err(|_| format!("no {} counted: {}", self.name(), text.trim()))
    }
}

/// The sum of a table of `strace` without calls that wait, and without reading what has not come.
fn working(table: &str) -> Option<f64> {
    let mut sum = None;
    for line in table.lines() {
        // Time, seconds, microseconds a call, calls, errors where there were any, and the name.
        let columns: Vec<_> = line.split_whitespace().collect();
        let (calls, errors, name) = match columns.as_slice() {
            [_, _, _, calls, name] => (*calls, "0", *name),
            [_, _, _, calls, errors, name] => (*calls, *errors, *name),
            _ => continue,
        };
        let (Ok(calls), Ok(errors)) = (calls.parse::<f64>(), errors.parse::<f64>()) else {
            continue;
        };
        let working = match name {
            "total" | "epoll_wait" | "epoll_pwait" | "futex" => 0.0,
            "recvmsg" => calls - errors,
            _ => calls,
        };
        sum = Some(sum.unwrap_or(0.0) + working);
    }
    sum
}

/// Who answers the calls that are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    Broker,
    /// Its service without a cloud, which starts quickly below whatever counts.
    Harness,
    Canned,
}

/// What a silent call costs whoever answers it.
pub(crate) fn of_service(stage: &Stage<'_>, count: Count, who: Service) -> Result<f64, String> {
    let run = |calls: usize| {
        let report = stage.file("count");
        let below = count.below(&report);
        let (service, name) = match who {
            Service::Broker => (stage.broker(&below)?, BROKER),
            Service::Harness => (stage.harness(&below)?, BROKER),
            Service::Canned => {
                let line = [below, stage.canned_line(FLOOR, "answer.json")].concat();
                (stage.service(FLOOR, &line)?.0, FLOOR)
            }
        };
        if who == Service::Broker {
            stage.sign_in()?;
        }
        let request = stage.request("silent.json");
        // The first calls make what later ones find.
        stage.call(&["calls", name, &request, &(WARM + calls).to_string()])?;
        end(service, count)?;
        count.read(&report)
    };
    Ok((run(CALLS)? - run(0)?) / CALLS as f64)
}

/// What a silent call costs the client that makes it; `line` begins with its program, the number of calls
/// is put in the place of `{n}`.
pub(crate) fn of_client(stage: &Stage<'_>, count: Count, line: &[&str]) -> Result<f64, String> {
    let run = |calls: usize| {
        let report = stage.file("count");
        let below = count.below(&report);
        let [program, arguments @ ..] = below.as_slice() else {
            return Err("nothing counts".to_owned());
        };
        let mut command = stage.around(Command::new(program));
        command.args(arguments);
        let number = (WARM + calls).to_string();
        command.args(line.iter().map(|word| word.replace("{n}", &number)));
        output(command, &stage.folder)?;
        count.read(&report)
    };
    Ok((run(CALLS)? - run(0)?) / CALLS as f64)
}

/// `strace` passes the signal on to nobody, so the service below it is asked; it is its child.
fn end(service: Running, count: Count) -> Result<(), String> {
    if !matches!(count, Count::SystemCalls | Count::WorkingSystemCalls) {
        service.end();
        return Ok(());
    }
    let id = service.id();
    let file = format!("/proc/{id}/task/{id}/children");
    let children = fs::read_to_string(&file).map_err(|error| format!("{file}: {error}"))?;
    let child = children
        .split_whitespace()
        .next()
        .ok_or("strace has no child")?;
    let _ = Command::new("kill").args(["-s", "TERM", child]).status();
    service.wait();
    Ok(())
}

const WARM: usize = 20;
const CALLS: usize = 200;

#[cfg(test)]
mod tests {
    use super::working;

    #[test]
    fn waiting_and_looking_in_vain_are_no_work_and_a_failed_search_is() {
        let table = "\
% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ------------------
 67.18    0.005755        1918         3           futex
 15.04    0.001288           2       461         1 epoll_wait
  6.95    0.000595           0       688       228 recvmsg
  6.09    0.000522           2       229           sendmsg
  0.40    0.000034          17        20        20 statx
------ ----------- ----------- --------- --------- ------------------
100.00    0.008566           5      1401       249 total
";
        assert_eq!(working(table), Some(709.0));
        assert_eq!(working("strace: attach: not permitted"), None);
    }
}
