use crate::{BrowserStart, Desktop};
use std::path::{Path, PathBuf};

/// A browser that can be driven: Chromium, Chrome or Edge, with a window and a profile of its own.
///
/// Reach for it where the redirect has to be read off the window: see
/// [`RedirectUri::NativeClient`](crate::RedirectUri::NativeClient).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrivateBrowser {
    program: PathBuf,
    start: BrowserStart,
}

impl PrivateBrowser {
    /// Finds one on the search path, where a window can be shown; the one that `BROWSER` names before others.
    pub fn find(desktop: &Desktop) -> Option<Self> {
        if !desktop.has_display() {
            return None;
        }
        let named = desktop
            .browser()
            .and_then(|browser| browser.split(':').next()?.split_ascii_whitespace().next())
            .and_then(|word| Path::new(word).file_name()?.to_str())
            .filter(|name| PROGRAMS.contains(name));
        named
            .into_iter()
            .chain(PROGRAMS)
            .filter_map(|name| desktop.find(name))
            .find(|program| !is_snap(program))
            .map(|program| Self {
                program,
                start: desktop.browser_start(),
            })
    }

    /// The program's file.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// Who starts it.
    pub(crate) fn start(&self) -> BrowserStart {
        self.start
    }

    /// What it is started with, but for its profile's folder.
    pub(crate) fn arguments(&self) -> Vec<&'static str> {
        let is_edge = self
            .program
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with("microsoft-edge"));
        let mut arguments = vec![
            "--remote-debugging-pipe",
            // Cookies and cache stay in memory: a folder that outlives a killed broker has none in it.
            if is_edge {
                "--inprivate"
            } else {
                "--incognito"
            },
            "--no-first-run",
            "--no-default-browser-check",
            "--disable-extensions",
            "--disable-sync",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-breakpad",
            // Its own store for passwords would ask to be unlocked, for a profile that keeps none.
            "--password-store=basic",
            "--window-size=520,720",
            // The sign-in's address comes over the pipe: a command line is everybody's to read.
            "--app=data:text/html,<title>Sign%20in</title>",
        ];
        if is_root() {
            // Chromium's sandbox refuses to run as root; there is no less privileged user to ask for.
            arguments.push("--no-sandbox");
        }
        arguments
    }
}

/// By how many people have them.
const PROGRAMS: [&str; 6] = [
    "google-chrome",
    "google-chrome-stable",
    "chromium",
    "chromium-browser",
    "microsoft-edge",
    "microsoft-edge-stable",
];

/// A snap has a view of its own of the folder for temporary files, so a profile made there is not the one used.
fn is_snap(program: &Path) -> bool {
    let real = program.canonicalize();
    let real = real.as_deref().unwrap_or(program);
    // What a distribution puts into its own folder may hand over to the snap.
    let hands_over = std::fs::metadata(real).is_ok_and(|file| file.len() < LONGEST_SCRIPT)
        && std::fs::read_to_string(real).is_ok_and(|script| script.contains("/snap/bin/"));
    real.starts_with("/snap") || real.ends_with("usr/bin/snap") || hands_over
}

const LONGEST_SCRIPT: u64 = 64 * 1024;

#[cfg(unix)]
fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[cfg(not(unix))]
fn is_root() -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsString;

    fn desktop(folder: &Path, variables: &[(&str, &str)]) -> Desktop {
        Desktop::from_variables(|name| match name {
            "PATH" => Some(folder.as_os_str().to_owned()),
            _ => variables
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| OsString::from(value)),
        })
    }

    #[test]
    fn a_browser_is_found_only_where_a_window_can_be_shown_and_never_in_a_snap() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let found = |variables: &[(&str, &str)]| PrivateBrowser::find(&desktop(path, variables));
        let with_display = [("DISPLAY", ":0")];
        assert_eq!(found(&with_display), None);
        std::fs::write(
            path.join("chromium-browser"),
            "#!/bin/sh\nexec /snap/bin/chromium",
        )
        .unwrap();
        assert_eq!(found(&with_display), None);
        for name in ["chromium", "microsoft-edge"] {
            std::fs::write(path.join(name), "").unwrap();
        }
        assert_eq!(found(&[]), None);
        let program = |variables: &[(&str, &str)]| found(variables).unwrap().program;
        assert_eq!(program(&with_display), path.join("chromium"));
        let edge = [
            ("WAYLAND_DISPLAY", "w"),
            ("BROWSER", "/opt/microsoft-edge %s:firefox"),
        ];
        assert_eq!(program(&edge), path.join("microsoft-edge"));
    }
}
