use super::finding::Finding;
use crate::{
    config_file::ConfigFile,
    desktop::desktop,
    installation::{ActivationFile, Installation, MICROSOFTS_FOLDER, microsofts_program},
    regular_file::is_program,
};
use azbroker_service::{Configuration, Desktop, Opener};
use std::{env, path::PathBuf};

/// What is on the machine itself.
pub(super) fn examine(configuration: Option<&ConfigFile>, tell: &mut impl FnMut(Finding)) {
    tell(browser(configuration));
    tell(other_brokers());
    tell(Finding::fine(
        "device",
        "not registered with Entra ID, and this broker does not claim it is: policies that want a managed \
         device refuse",
    ));
}

/// The browser that `serve` would open here: by the same settings, and the same decision.
fn browser(configuration: Option<&ConfigFile>) -> Finding {
    match configuration {
        Some(file) => browser_of(&desktop(), file.browser.as_deref(), find_program),
        None => Finding::not_tried("browser"),
    }
}

fn browser_of(
    desktop: &Desktop,
    in_file: Option<&str>,
    find: impl Fn(&str) -> Option<PathBuf>,
) -> Finding {
    let hop = "browser";
    let (desktop, place) = match in_file {
        Some(named) => (
            desktop
                .clone()
                .with_browser(Some(named.to_owned()), Configuration::BROWSER_IN_FILE),
            Configuration::BROWSER_IN_FILE,
        ),
        None => (desktop.clone(), "BROWSER"),
    };
    let finds = |name: &&str| find(name).is_some();
    match desktop.opener() {
        Some(Opener::Named(named)) => {
            let programs = named
                .split(':')
                .filter_map(|command| command.split_ascii_whitespace().next());
            match programs.into_iter().find(|program| finds(program)) {
                Some(program) => Finding::fine(hop, format!("{place} names {program}")),
                None => Finding::broken(
                    hop,
                    format!("{place} names '{named}', which is not on this machine"),
                    format!("name a browser that is, or unset {place}"),
                ),
            }
        }
        Some(Opener::PowerShell(shell) | Opener::Wslview(shell)) => {
            Finding::fine(hop, format!("Windows' own, by way of {}", shell.display()))
        }
        Some(_) => {
            const OPENERS: [&str; 5] = ["xdg-open", "gio", "gnome-open", "kde-open", "wslview"];
            match OPENERS.into_iter().find(finds) {
                Some(opener) => {
                    Finding::fine(hop, format!("the desktop's own, by way of {opener}"))
                }
                None => Finding::broken(
                    hop,
                    "there is a display, but nothing here opens web pages",
                    "install xdg-utils, or name a browser in BROWSER",
                ),
            }
        }
        None if desktop.is_wsl() => Finding::broken(
            hop,
            "Windows' programs are not in PATH",
            "set appendWindowsPath=true in /etc/wsl.conf, install wslu, or name a browser in BROWSER",
        ),
        None => Finding::notice(
            hop,
            "this session has no display",
            "sign in with `azbroker login`, which shows an address for a browser anywhere and takes what that one \
             ends on; or name a browser in BROWSER",
        ),
    }
}

/// Looks where a shell would.
fn find_program(name: &str) -> Option<PathBuf> {
    if name.contains('/') {
        return Some(PathBuf::from(name)).filter(|path| is_program(path));
    }
    let folders = env::var_os("PATH")?;
    env::split_paths(&folders)
        .map(|folder| folder.join(name))
        .find(|path| is_program(path))
}

fn other_brokers() -> Finding {
    let hop = "other brokers";
    // What lies where `install` would write is the bus's to start, and told at its hop.
    let own = Installation::of_user().map(|installation| installation.activation_file);
    let own = own.as_ref().ok();
    let file = ActivationFile::all()
        .into_iter()
        .find(|file| !file.is_ours && Some(&file.path) != own)
        .map(|file| file.path);
    let left = file.or_else(microsofts_program).or_else(|| {
        LEFTOVERS
            .into_iter()
            .map(PathBuf::from)
            .find(|path| path.exists())
    });
    match left {
        Some(path) => Finding::notice(
            hop,
            format!("of another broker there is {}", path.display()),
            "remove its package (Microsoft's is microsoft-identity-broker), or use that broker",
        ),
        None => Finding::fine(hop, "none is installed"),
    }
}

/// Where Microsoft's package puts itself.
const LEFTOVERS: [&str; 2] = [
    MICROSOFTS_FOLDER,
    "/usr/share/dbus-1/system-services/com.microsoft.identity.devicebroker1.service",
];

#[cfg(test)]
mod tests {
    use super::{super::finding::Outcome, *};
    use std::fs;

    /// As the bus starts a program below WSL, with these programs on the search path.
    fn below_wsl(programs: &[&str]) -> Outcome {
        let folder = tempfile::tempdir().unwrap();
        for program in programs {
            fs::write(folder.path().join(program), "").unwrap();
        }
        let desktop =
            Desktop::from_variables(|name| (name == "PATH").then(|| folder.path().into()))
                .with_kernel("5.15.167.4-microsoft-standard-WSL2");
        browser_of(&desktop, None, |_| None).outcome
    }

    #[test]
    fn without_a_browser_the_way_to_sign_in_is_named() {
        let desktop = Desktop::from_variables(|_| None).with_kernel("6.18.0");
        let outcome = browser_of(&desktop, None, |_| None).outcome;
        assert!(
            matches!(&outcome, Outcome::Notice { cure, .. } if cure.starts_with("sign in with `azbroker login`, ")),
            "{outcome:?}"
        );
    }

    #[test]
    fn below_wsl_the_browser_is_what_the_broker_would_open() {
        let outcome = below_wsl(&["wslview"]);
        assert!(
            matches!(&outcome, Outcome::Fine { found } if found.ends_with("/wslview")),
            "{outcome:?}"
        );
        // The broker hands no page to Explorer, so it is none that doctor counts.
        let outcome = below_wsl(&["explorer.exe"]);
        assert!(
            matches!(&outcome, Outcome::Broken { found, .. } if found == "Windows' programs are not in PATH"),
            "{outcome:?}"
        );
    }
}
