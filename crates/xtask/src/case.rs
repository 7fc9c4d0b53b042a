//! One case of the interoperability suite: a program, what surrounds it, and what is expected of it.

use crate::process::{self, Ended};
use crate::requirements::{self, Need};
use crate::workspace::Workspace;
use std::ffi::OsString;
use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Case {
    /// A sentence.
    pub(crate) name: &'static str,
    pub(crate) needs: &'static [Need],
    /// What `azbroker emulate` is told before the program's own command line.
    pub(crate) emulate: &'static [&'static str],
    pub(crate) program: Program,
    pub(crate) arguments: &'static [&'static str],
    /// How a person at a real Chromium signs in, where nobody else does: `SIGN_IN_HOW` of `chromium_sign_in.mjs`.
    pub(crate) chromium: Option<&'static str>,
    /// What the pictures of the broker's own pages are called, where they are kept: `AZBROKER_PICTURES`.
    pub(crate) pictures: Option<&'static str>,
    pub(crate) environment: &'static [(&'static str, &'static str)],
    /// What `azbroker emulate` sets and the program must not see.
    pub(crate) without: &'static [&'static str],
    /// The words before the program: another command that runs it.
    pub(crate) through: &'static [&'static str],
    pub(crate) exit: i32,
    /// Parts of standard output, in any order.
    pub(crate) says: &'static [&'static str],
    /// What must stand neither on standard output nor on standard error.
    pub(crate) never_says: &'static [&'static str],
    /// Parts of standard error.
    pub(crate) complains: &'static [&'static str],
    /// Parts of what the person at Chromium noted down.
    pub(crate) person_notes: &'static [&'static str],
    /// Whether it is the program's job to print an access token. Everybody else's output is searched for one.
    pub(crate) prints_token: bool,
    pub(crate) limit: Duration,
}

/// What runs below `azbroker emulate`.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Program {
    Node(&'static str),
    Python(&'static str),
    Shell(&'static str),
    /// An example of the workspace, in Rust.
    Example(&'static str),
    /// The command itself, as its own client.
    Azbroker,
    /// Any other, found on the search path.
    Command(&'static str),
}

impl Case {
    /// What most cases have in common.
    pub(crate) const PLAIN: Self = Self {
        name: "",
        needs: &[],
        emulate: &[],
        program: Program::Azbroker,
        arguments: &[],
        chromium: None,
        pictures: None,
        environment: &[],
        without: &[],
        through: &[],
        exit: 0,
        says: &[],
        never_says: &["panicked at", "Unexpected |"],
        complains: &[],
        person_notes: &[],
        prints_token: false,
        limit: Duration::from_secs(60),
    };

    /// Runs it; an error is everything a developer wants to see.
    pub(crate) fn run(&self, workspace: &Workspace) -> Result<(), String> {
        let surroundings = Surroundings::lay_out(workspace, self)
            .map_err(|error| format!("cannot lay out: {error}"))?;
        let mut command = self.command(workspace, &surroundings);
        let ended = process::run_at_most(
            self.limit,
            &mut command,
            &surroundings.stdout,
            &surroundings.stderr,
        )
        .map_err(|error| format!("{command:?}: {error}"))?;
        let seen = Seen {
            ended,
            stdout: surroundings.read(&surroundings.stdout),
            stderr: surroundings.read(&surroundings.stderr),
            notes: surroundings.read(&surroundings.notes),
            left_behind: surroundings.left_behind(),
        };
        let faults = self.faults(&seen);
        if faults.is_empty() {
            return Ok(());
        }
        let mut text = faults.join("\n");
        for (title, part) in [
            ("output", &seen.stdout),
            ("errors", &seen.stderr),
            ("the person at Chromium", &seen.notes),
        ] {
            if !part.trim().is_empty() {
                text.push_str(&format!("\n--- {title}\n{}", part.trim_end()));
            }
        }
        Err(text)
    }

    fn command(&self, workspace: &Workspace, surroundings: &Surroundings) -> Command {
        // Ends with us: a run that was broken off leaves nothing behind.
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "TERM", "--"]);
        command
            .arg(workspace.built().join("azbroker"))
            .arg("emulate")
            .args(self.emulate);
        if !self.emulate.contains(&"--user") {
            // The browser is one of the suite's own and knows the proxy.
            command.arg("--real-urls");
        }
        command.arg("--");
        let sources = workspace.interop_sources();
        if self.chromium.is_some() {
            command.arg("sh").arg(sources.join("wait_for_person.sh"));
        }
        if !self.without.is_empty() {
            command.arg("env");
            for name in self.without {
                command.args(["-u", name]);
            }
        }
        command.args(self.through);
        match self.program {
            Program::Node(file) => command
                .arg("node")
                .arg(requirements::node_folder(workspace).join(file)),
            Program::Python(file) => command
                .arg(requirements::python(workspace))
                .arg(sources.join("python").join(file)),
            Program::Shell(file) => command.arg("sh").arg(sources.join(file)),
            Program::Example(name) => command.arg(workspace.built().join("examples").join(name)),
            Program::Azbroker => command.arg("azbroker"),
            Program::Command(name) => command.arg(name),
        };
        command.args(self.arguments);
        command
            .current_dir(&surroundings.home)
            .env_clear()
            .envs(surroundings.environment(workspace, self));
        command.envs(self.environment.iter().copied());
        command
    }

    fn faults(&self, seen: &Seen) -> Vec<String> {
        let mut faults = Vec::new();
        match seen.ended {
            Ended::OutOfTime => {
                faults.push(format!("did not end within {} s", self.limit.as_secs()))
            }
            Ended::With(status) if status.code() != Some(self.exit) => {
                faults.push(format!(
                    "ended with {status}, not with exit code {}",
                    self.exit
                ));
            }
            Ended::With(_) => {}
        }
        for (what, text, parts) in [
            ("the output", &seen.stdout, self.says),
            ("the errors", &seen.stderr, self.complains),
            ("what the person noted", &seen.notes, self.person_notes),
        ] {
            faults.extend(
                parts
                    .iter()
                    .filter(|part| !text.contains(**part))
                    .map(|part| format!("{what} lacks {part:?}")),
            );
        }
        for text in [&seen.stdout, &seen.stderr] {
            let unwanted = self.never_says.iter().filter(|part| text.contains(**part));
            faults.extend(unwanted.map(|part| format!("has what it must not have: {part:?}")));
        }
        for text in [&seen.stdout, &seen.stderr, &seen.notes] {
            if !self.prints_token && holds_token(text) {
                faults.push("a token stands in the output".to_owned());
            }
        }
        faults.extend(
            seen.left_behind
                .iter()
                .map(|name| format!("left behind on the disk: {name}")),
        );
        // A person who was let down, or found a page wanting.
        for line in seen
            .notes
            .lines()
            .filter(|line| NOTED_FAULTS.iter().any(|word| line.contains(word)))
        {
            faults.push(format!("at Chromium: {line}"));
        }
        faults
    }
}

/// What came of it.
struct Seen {
    ended: Ended,
    stdout: String,
    stderr: String,
    notes: String,
    left_behind: Vec<String>,
}

/// A home of its own, and an environment with nothing of the developer's in it: no real bus, no real proxy,
/// no signed-in account, no settings. Short paths, because sockets go into them. Gone when the case is over.
struct Surroundings {
    folder: PathBuf,
    home: PathBuf,
    runtime: PathBuf,
    temporary: PathBuf,
    stdout: PathBuf,
    stderr: PathBuf,
    notes: PathBuf,
    pictures: PathBuf,
}

impl Surroundings {
    fn lay_out(workspace: &Workspace, case: &Case) -> std::io::Result<Self> {
        let slug: String = case
            .name
            .chars()
            .map(|each| {
                if each.is_ascii_alphanumeric() {
                    each
                } else {
                    '-'
                }
            })
            .collect();
        let folder = std::env::temp_dir().join(format!("azbroker-interop-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        forget_pictures(&workspace.interop().join("screenshots"), &slug);
        let surroundings = Self {
            home: folder.join("home"),
            runtime: folder.join("run"),
            temporary: folder.join("tmp"),
            stdout: folder.join("stdout"),
            stderr: folder.join("stderr"),
            notes: folder.join("notes"),
            pictures: workspace.interop().join("screenshots").join(slug),
            folder,
        };
        // Session buses and keyrings insist on a folder that is closed to others.
        for private in [
            &surroundings.folder,
            &surroundings.home,
            &surroundings.runtime,
            &surroundings.temporary,
        ] {
            DirBuilder::new().mode(0o700).create(private)?;
        }
        Ok(surroundings)
    }

    fn environment(&self, workspace: &Workspace, case: &Case) -> Vec<(&'static str, OsString)> {
        let inherited = std::env::var_os("PATH").unwrap_or_default();
        let mut path = vec![workspace.built()];
        if case.needs.contains(&Need::Azurite) {
            path.push(requirements::azurite_commands(workspace));
        }
        path.extend(std::env::split_paths(&inherited));
        let mut environment = vec![
            (
                "PATH",
                std::env::join_paths(path).unwrap_or(inherited.clone()),
            ),
            ("HOME", self.home.clone().into()),
            ("XDG_RUNTIME_DIR", self.runtime.clone().into()),
            ("TMPDIR", self.temporary.clone().into()),
            ("LANG", "C.UTF-8".into()),
            ("RUST_BACKTRACE", "1".into()),
            // Unless a case lets somebody in, a browser is something that fails.
            ("BROWSER", "/bin/false".into()),
        ];
        if let Some(how) = case.chromium {
            let browser = requirements::node_folder(workspace).join("chromium_sign_in.mjs");
            environment.extend([
                ("BROWSER", browser.into()),
                ("SIGN_IN_HOW", how.into()),
                ("SIGN_IN_LOG", self.notes.clone().into()),
                ("SIGN_IN_DONE", self.folder.join("done").into()),
                ("SIGN_IN_PICTURES", self.pictures.clone().into()),
            ]);
            if let (Some(folder), Some(name)) =
                (std::env::var_os("AZBROKER_PICTURES"), case.pictures)
            {
                let kept = workspace.root.join(folder).join(name);
                environment.push(("SIGN_IN_KEPT", kept.into()));
            }
        }
        environment
    }

    /// What is still in the folder for temporary files.
    fn left_behind(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.temporary)
            .into_iter()
            .flatten()
            .filter_map(Result::ok);
        entries
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect()
    }

    fn read(&self, file: &Path) -> String {
        String::from_utf8_lossy(&fs::read(file).unwrap_or_default()).into_owned()
    }
}

impl Drop for Surroundings {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Removes the pictures of an earlier run, which may have seen more pages.
fn forget_pictures(folder: &Path, slug: &str) {
    let entries = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(Result::ok);
    for entry in entries {
        if entry.file_name().to_string_lossy().starts_with(slug) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Whether a word of the text is a signed token: three parts, the first two of them JSON objects in base64url.
fn holds_token(text: &str) -> bool {
    let in_token = |each: char| each.is_ascii_alphanumeric() || "-_.".contains(each);
    text.split(|each| !in_token(each)).any(|word| {
        let parts: Vec<_> = word.split('.').collect();
        parts.len() == 3 && parts[..2].iter().all(|part| part.starts_with("eyJ"))
    })
}

const NOTED_FAULTS: &[&str] = &["FAILED", "FAULT", "WIDER", "console error"];

#[cfg(test)]
mod tests {
    use super::holds_token;

    #[test]
    fn a_token_is_found_wherever_it_stands() {
        assert!(holds_token(
            "error: {\"idToken\":\"eyJhbGciOiJub25lIn0.eyJvaWQiOiIxIn0.\"}"
        ));
        assert!(holds_token(
            "Authorization: Bearer eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJ4In0.c2ln-_"
        ));
    }

    #[test]
    fn client_info_and_file_names_are_no_tokens() {
        assert!(!holds_token("clientInfo eyJ1aWQiOiIxIn0"));
        assert!(!holds_token(
            "one.two.three libmsalruntime.so.1 eyJ1aWQiOiIxIn0.x.y"
        ));
    }
}
