//! `cargo xtask order`: which functions a broker and a caller run, so that the linker lays them side by side.
//!
//! The kernel maps a program's text in pieces of 64 KiB. What starts, signs in and answers is a twentieth of the text;
//! scattered over it, it has nearly all of it mapped.

use crate::bench::programs::Programs;
use crate::bench::stage::{BROKER, Stage, output};
use crate::process::{is_command, output_of};
use crate::report::Line;
use crate::workspace::Workspace;
use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};

/// Where `crates/azbroker/build.rs` reads it.
const FILE: &str = "crates/azbroker/order.ld";

pub(crate) fn run() -> ExitCode {
    match Workspace::find().and_then(|workspace| write(&workspace)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn write(workspace: &Workspace) -> Result<(), String> {
    if !is_command("valgrind") {
        return Err(
            "valgrind is not on this machine; install it, for it sees each function".into(),
        );
    }
    let programs = Programs::released_with_symbols(workspace)?;
    let sizes = sizes(&programs.path("azbroker"))?;
    let line = Line::begin("running them below callgrind");
    let mut always = of_broker(&programs, false)?;
    always.append(&mut of_caller(&programs)?);
    let signed_in = of_broker(&programs, true)?;
    line.end(&format!("{} functions", always.union(&signed_in).count()));
    if always.len() < 500 {
        return Err("callgrind names too few functions: are there symbols?".to_owned());
    }
    let file = workspace.root.join(FILE);
    let script = script(&sizes, &always, &signed_in);
    fs::write(&file, script).map_err(|error| format!("{}: {error}", file.display()))?;
    println!("{FILE}; build anew and measure with `cargo xtask bench memory`");
    Ok(())
}

/// A broker that starts, and one that has a user sign in and then answers silently.
fn of_broker(programs: &Programs, signs_in: bool) -> Result<BTreeSet<String>, String> {
    let stage = Stage::set(programs, 1)?;
    let report = stage.file("functions");
    let broker = stage.broker(&below(&report))?;
    if signs_in {
        stage.sign_in()?;
        let request = stage.request("silent.json");
        stage.call(&["calls", BROKER, &request, "100"])?;
    }
    broker.end();
    read(&report)
}

/// A process that prints a token.
fn of_caller(programs: &Programs) -> Result<BTreeSet<String>, String> {
    let stage = Stage::set(programs, 1)?;
    let _broker = stage.broker(&[])?;
    stage.sign_in()?;
    let report = stage.file("functions");
    let line = below(&report);
    let mut command = Command::new(&line[0]);
    command.args(&line[1..]).arg(programs.path("azbroker"));
    command.args(["token", "--scope", "https://vault.azure.net/.default"]);
    output(stage.around(command), &stage.folder)?;
    read(&report)
}

fn below(report: &Path) -> Vec<String> {
    let words = ["valgrind", "--quiet", "--tool=callgrind", "--demangle=no"];
    let file = format!("--callgrind-out-file={}", report.display());
    words
        .iter()
        .map(|&word| word.to_owned())
        .chain([file])
        .collect()
}

fn read(report: &Path) -> Result<BTreeSet<String>, String> {
    let text =
        fs::read_to_string(report).map_err(|error| format!("{}: {error}", report.display()))?;
    Ok(used(&text))
}

/// The functions of the command that ran, out of what callgrind wrote: their names as in the object file.
fn used(report: &str) -> BTreeSet<String> {
    let mut objects = HashMap::new();
    let mut functions = HashMap::new();
    let mut is_ours = false;
    let mut used = BTreeSet::new();
    for line in report.lines() {
        if let Some(name) = line.strip_prefix("ob=") {
            is_ours = resolve(&mut objects, name).ends_with("/azbroker");
        } else if let Some(name) = line.strip_prefix("fn=") {
            let function = resolve(&mut functions, name);
            // After the name stand the callers of a function that calls itself.
            let function = function.split('\'').next().unwrap_or_default();
            if is_ours && is_name(function) {
                used.insert(function.to_owned());
            }
        } else if let Some(name) = line.strip_prefix("cfn=") {
            resolve(&mut functions, name);
        } else if let Some(name) = line.strip_prefix("cob=") {
            resolve(&mut objects, name);
        }
    }
    used
}

/// Not so for code without symbols, of which callgrind writes the address.
fn is_name(function: &str) -> bool {
    let starts = function.starts_with(|first: char| first == '_' || first.is_ascii_alphabetic());
    starts
        && function
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_.$".contains(&byte))
}

/// `(7) name` where a name is first used, `(7)` from then on.
fn resolve<'a>(names: &mut HashMap<&'a str, &'a str>, text: &'a str) -> &'a str {
    let (number, name) = text.split_once(' ').unwrap_or((text, ""));
    match name.is_empty() {
        true => names.get(number).copied().unwrap_or_default(),
        false => {
            names.insert(number, name);
            name
        }
    }
}

/// The bytes of each function, by the linker's name.
fn sizes(program: &Path) -> Result<HashMap<String, u64>, String> {
    let program = program.display().to_string();
    let text = output_of("nm", &["--print-size", &program]).ok_or("nm cannot be run")?;
    let symbol = |line: &str| {
        let [_, size, kind, name] = line.split_whitespace().collect::<Vec<_>>()[..] else {
            return None;
        };
        let is_text = kind.eq_ignore_ascii_case("t");
        is_text.then_some((name.to_owned(), u64::from_str_radix(size, 16).ok()?))
    };
    Ok(text.lines().filter_map(symbol).collect())
}

/// The name without the hash at its end, which is another for each type that a generic function is made for.
fn family(name: &str) -> &str {
    match name.rsplit_once("17h") {
        Some((family, hash)) if hash.len() >= 17 => family,
        _ => name,
    }
}

/// Of most functions the family is named, so that they are found whatever the compiler's hashes. Of generic functions
/// that are made for many types and run for few, these few are named.
fn script(
    sizes: &HashMap<String, u64>,
    always: &BTreeSet<String>,
    signed_in: &BTreeSet<String>,
) -> String {
    let mut whole: HashMap<&str, u64> = HashMap::new();
    for (name, size) in sizes {
        *whole.entry(family(name)).or_default() += size;
    }
    let mut run: HashMap<&str, u64> = HashMap::new();
    for name in always.union(signed_in) {
        *run.entry(family(name)).or_default() += sizes.get(name).unwrap_or(&0);
    }
    let pattern = |name: &String| {
        let family = family(name);
        let is_mostly_run = run[family] * 4 >= whole.get(family).unwrap_or(&0) * 3;
        match family.len() < name.len() && is_mostly_run {
            true => format!("{family}17h*"),
            false => name.clone(),
        }
    };
    let always: BTreeSet<_> = always.iter().map(pattern).collect();
    let signed_in: BTreeSet<_> = signed_in.iter().map(pattern).collect();
    let mut script = HEAD.to_owned();
    for pattern in always.iter().chain(signed_in.difference(&always)) {
        // What the compiler thinks unlikely is in `.text.unlikely.…`, and much of it runs once.
        let _ = writeln!(script, "    *(.text*.{pattern})");
    }
    script.push_str("  }\n}\nINSERT BEFORE .text;\n");
    script
}

const HEAD: &str = "\
/* Written by `cargo xtask order`: the functions that a broker and a caller run always, then those of a sign-in.
   A function that has gone, or has another name, is in its usual place. */
SECTIONS
{
  .text.hot :
  {
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_of_the_command_alone_are_read() {
        let report = "ob=(1) /usr/lib/libc.so.6\nfn=(1) malloc\n1 2\n\
             ob=(2) /target/release/azbroker\nfn=(2) _ZN4zbus3run17h0123456789abcdefE\n3 4\n\
             cob=(1)\ncfn=(3) _ZN5tokio4poll17h0123456789abcdefE'2\ncalls=1 5\n6 7\n\
             fn=(3)\n8 9\nfn=(4) 0x0000000000248e30\n1 1\nfn=(5) (below main)\n1 1\n\
             ob=(1)\nfn=(2)\n1 1\n";
        let expected = [
            "_ZN4zbus3run17h0123456789abcdefE",
            "_ZN5tokio4poll17h0123456789abcdefE",
        ];
        assert_eq!(used(report).iter().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_family_is_named_where_most_of_it_runs_and_one_of_it_where_not() {
        let few = "_ZN4poll17h00000000000000aaE";
        let other = "_ZN4poll17h00000000000000bbE";
        let most = "_ZN3run17h00000000000000ccE";
        let plain = "SHA256_Update";
        let sizes = [(few, 10), (other, 90), (most, 50), (plain, 5)];
        let sizes = sizes.map(|(name, size)| (name.to_owned(), size)).into();
        let set = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        let script = script(&sizes, &set(&[most]), &set(&[few, most, plain]));
        let lines: Vec<_> = script.lines().filter(|line| line.contains("*(")).collect();
        let expected = [
            "    *(.text*._ZN3run17h*)",
            "    *(.text*.SHA256_Update)",
            "    *(.text*._ZN4poll17h00000000000000aaE)",
        ];
        assert_eq!(lines, expected);
    }
}
