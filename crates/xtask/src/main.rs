//! What developers and CI run: `cargo xtask test` and `cargo xtask bench`.

mod bench;
mod case;
mod cases;
mod counts;
mod descendants;
mod interop;
mod order;
mod process;
mod prove;
mod report;
mod requirements;
mod suite;
mod workspace;

use std::process::ExitCode;

const HELP: &str = "\
What developers and CI run.

  cargo xtask test                     everything; the last line is `N passed, N failed, N skipped`
  cargo xtask test PART                one part of it:
      format         rustfmt has nothing to change
      clippy         no warning in any target
      rust           the tests of all packages
      doctests       the examples in the documentation
      docs           the documentation builds without a warning
      dependencies   licences, bans and sources (deny.toml)
      counts         what a silent token costs in system calls, allocations and instructions
      interop        real programs and real clients against the built command
  cargo xtask test interop FILTER      the cases whose name contains FILTER
  cargo xtask bench                    measures everything on release builds and writes docs/performance.md
  cargo xtask bench --quick            the same with fewer rounds and calls
  cargo xtask bench ROW …              these rows alone; the page goes below target/bench
  cargo xtask order                    has a release lay side by side what it runs: writes crates/azbroker/order.ld
  cargo xtask interop-cases            the names of the cases
  cargo xtask prove                    the broker under attack, faults and load, all of it, with the figures
  cargo xtask help                     this text

The interoperability suite installs what it pins (npm and PyPI packages) below target/interop, and, as root on
Debian, the system packages it needs. Elsewhere a case that cannot run is skipped and says what to install.
With CI=true a skipped case is a failure. What needs rights over the machine that it does not give is said and not
counted. With AZBROKER_PICTURES=docs/pictures the pictures of the broker's own pages are kept there.
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["test"] => suite::run(suite::Part::ALL, ""),
        ["test", part] => run_part(part, ""),
        ["test", "interop", filter] => run_part("interop", filter),
        ["bench", arguments @ ..] => bench::run(arguments),
        ["order"] => order::run(),
        ["prove"] => prove::run(),
        ["interop-cases"] => {
            for case in cases::all() {
                println!("{}", case.name);
            }
            ExitCode::SUCCESS
        }
        ["help" | "--help" | "-h"] => {
            print!("{HELP}");
            ExitCode::SUCCESS
        }
        _ => wrong_usage(),
    }
}

fn run_part(name: &str, filter: &str) -> ExitCode {
    match suite::Part::ALL.iter().find(|part| part.name() == name) {
        Some(part) => suite::run(std::slice::from_ref(part), filter),
        None => wrong_usage(),
    }
}

fn wrong_usage() -> ExitCode {
    eprint!("{HELP}");
    ExitCode::from(2)
}
