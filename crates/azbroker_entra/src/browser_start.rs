use std::{ffi::OsString, process::Command};

/// Who starts the browser.
///
/// What starts a program hands down what it is itself forbidden, which a service that is hardened must not do to a
/// browser.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BrowserStart {
    /// This process.
    #[default]
    Directly,
    /// The user's systemd, in a unit of its own that has nothing of this process's.
    BySystemd,
}

/// What becomes of a program that is started.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Tie<'a> {
    /// It goes on when the one that it was handed to has ended, as the browser below `xdg-open` does.
    Loose,
    /// It has this unit, and the pipe of our command's standard input and output at its descriptors 3 and 4.
    Unit(&'a str),
}

impl BrowserStart {
    /// The command that has this one run: it ends when that ends, and as that does.
    ///
    /// Standard input, output and error, the folder and the process group are still to be set.
    pub(crate) fn command(self, command: Command, tie: Tie<'_>) -> Command {
        match self {
            Self::Directly => command,
            Self::BySystemd => by_systemd(&command, tie),
        }
    }
}

fn by_systemd(command: &Command, tie: Tie<'_>) -> Command {
    let mut run = Command::new("systemd-run");
    run.args(["--user", "--quiet", "--collect", "--wait"])
        // In its place the journal would have the command line, and with it the address of the page.
        .arg("--description=Sign-in page of azbroker");
    match tie {
        Tie::Loose => run.arg("--property=KillMode=process"),
        Tie::Unit(unit) => run.arg("--pipe").arg(format!("--unit={unit}")),
    };
    for (name, value) in command.get_envs() {
        let Some(value) = value else { continue };
        let mut variable = OsString::from("--setenv=");
        variable.push(name);
        variable.push("=");
        variable.push(value);
        run.arg(variable);
    }
    run.arg("--");
    if let Tie::Unit(_) = tie {
        run.args(["/bin/sh", "-c", PIPE_AT_3_AND_4, "sh"]);
    }
    run.arg(literal(command.get_program()))
        .args(command.get_args().map(literal));
    run
}

/// systemd puts the first three descriptors alone into a unit.
const PIPE_AT_3_AND_4: &str = "exec \"$$@\" 3<&0 4>&1 </dev/null >/dev/null";

/// A word in which systemd finds no variable to replace.
fn literal(word: &std::ffi::OsStr) -> OsString {
    match word.to_str() {
        Some(text) => text.replace('$', "$$").into(),
        // No address and no program of ours; it is taken as it is.
        None => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(command: &Command) -> Vec<String> {
        std::iter::once(command.get_program())
            .chain(command.get_args())
            .map(|word| word.to_str().unwrap().to_owned())
            .collect()
    }

    fn browser() -> Command {
        let mut browser = Command::new("/usr/bin/firefox");
        browser.arg("https://a.example/?b=$c&d=%20").env("X", "y z");
        browser
    }

    #[test]
    fn systemd_starts_a_browser_without_its_address_in_the_journal() {
        let command = BrowserStart::BySystemd.command(browser(), Tie::Loose);
        let before = [
            "systemd-run",
            "--user",
            "--quiet",
            "--collect",
            "--wait",
            "--description=Sign-in page of azbroker",
            "--property=KillMode=process",
            "--setenv=X=y z",
            "--",
        ];
        let after = ["/usr/bin/firefox", "https://a.example/?b=$$c&d=%20"];
        assert_eq!(words(&command), [&before[..], &after].concat());
        let command = BrowserStart::Directly.command(browser(), Tie::Loose);
        assert_eq!(words(&command)[0], "/usr/bin/firefox");
    }
}
