use crate::BrowserStart;
use std::{
    ffi::{OsStr, OsString},
    path::PathBuf,
};

/// What of a program's environment decides which browser can be shown.
///
/// It is read once, by whoever starts; nothing here reads the environment.
#[derive(Clone, Debug, Default)]
pub struct Desktop {
    browser: Option<String>,
    browser_place: &'static str,
    path: Option<OsString>,
    has_display: bool,
    is_wsl: bool,
    browser_start: BrowserStart,
}

impl Desktop {
    /// Reads the variables that matter through `variable`.
    pub fn from_variables(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let is_set = |name| variable(name).is_some_and(|value| !value.is_empty());
        Self {
            browser: variable(VARIABLE)
                .and_then(|value| value.into_string().ok())
                .filter(|value| !value.trim().is_empty()),
            browser_place: VARIABLE,
            path: variable("PATH"),
            // Other systems have a desktop without saying so.
            has_display: is_set("DISPLAY")
                || is_set("WAYLAND_DISPLAY")
                || !cfg!(target_os = "linux"),
            is_wsl: is_set("WSL_DISTRO_NAME") || is_set("WSL_INTEROP"),
            browser_start: BrowserStart::default(),
        }
    }

    /// The same desktop on this kernel, of which `release` is what `/proc/sys/kernel/osrelease` says.
    ///
    /// A program that the session bus or systemd starts below WSL has none of WSL's variables, but its kernel.
    pub fn with_kernel(self, release: &str) -> Self {
        let is_microsofts = release.to_ascii_lowercase().contains("microsoft");
        Self {
            is_wsl: self.is_wsl || is_microsofts,
            ..self
        }
    }

    /// The same desktop with another browser, which is named in `place`.
    pub fn with_browser(self, browser: Option<String>, place: &'static str) -> Self {
        Self {
            browser: browser.filter(|value| !value.trim().is_empty()),
            browser_place: place,
            ..self
        }
    }

    /// The same desktop, on which browsers are started in this way.
    pub fn with_browser_start(self, browser_start: BrowserStart) -> Self {
        Self {
            browser_start,
            ..self
        }
    }

    /// Who starts browsers.
    pub(crate) fn browser_start(&self) -> BrowserStart {
        self.browser_start
    }

    /// What `BROWSER` names, or what was named in its place.
    pub(crate) fn browser(&self) -> Option<&str> {
        self.browser.as_deref()
    }

    /// Where the browser is named.
    pub(crate) fn browser_place(&self) -> &'static str {
        self.browser_place
    }

    /// Whether a window can be shown here.
    pub(crate) fn has_display(&self) -> bool {
        self.has_display
    }

    /// What opens a web page here; `None` where nothing does.
    pub fn opener(&self) -> Option<Opener> {
        if let Some(named) = &self.browser {
            return Some(Opener::Named(named.clone()));
        }
        if let Some(windows) = self.windows() {
            return Some(windows);
        }
        self.has_display.then_some(Opener::Desktop)
    }

    /// Whether this is Linux below Windows.
    pub fn is_wsl(&self) -> bool {
        self.is_wsl
    }

    /// The program through which Windows, around this WSL, opens its own browser.
    fn windows(&self) -> Option<Opener> {
        if !self.is_wsl {
            return None;
        }
        // Windows' part of the search path may be turned off.
        let usual = PathBuf::from("/mnt/c/Windows/System32/WindowsPowerShell/v1.0/powershell.exe");
        self.find("powershell.exe")
            .or_else(|| usual.is_file().then_some(usual))
            .map(Opener::PowerShell)
            .or_else(|| self.find("wslview").map(Opener::Wslview))
    }

    /// Finds a program on the search path.
    pub(crate) fn find(&self, program: impl AsRef<OsStr>) -> Option<PathBuf> {
        let program = program.as_ref();
        std::env::split_paths(self.path.as_ref()?)
            .filter(|folder| folder.is_absolute())
            .map(|folder| folder.join(program))
            .find(|candidate| candidate.is_file())
    }
}

/// Where browsers are named that nothing else names.
pub(crate) const VARIABLE: &str = "BROWSER";

/// What opens a web page.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Opener {
    /// The browser that the user named.
    Named(String),
    /// Windows' own browser, around this WSL, by way of this PowerShell.
    PowerShell(PathBuf),
    /// Windows' own browser, by way of wslu's `wslview`.
    Wslview(PathBuf),
    /// Whatever this desktop opens web pages with.
    Desktop,
}

#[cfg(test)]
mod tests {
    use super::*;

    const OF_WSL: &str = "5.15.167.4-microsoft-standard-WSL2";

    #[test]
    fn wsl_is_known_by_its_kernel_where_its_variables_are_not_set() {
        let folder = tempfile::tempdir().unwrap();
        let here =
            || Desktop::from_variables(|name| (name == "PATH").then(|| folder.path().into()));
        assert_eq!(here().with_kernel(OF_WSL).opener(), None);
        let wslview = folder.path().join("wslview");
        std::fs::write(&wslview, "").unwrap();
        assert_eq!(
            here().with_kernel(OF_WSL).opener(),
            Some(Opener::Wslview(wslview))
        );
        let shell = folder.path().join("powershell.exe");
        std::fs::write(&shell, "").unwrap();
        assert_eq!(
            here().with_kernel(OF_WSL).opener(),
            Some(Opener::PowerShell(shell))
        );
        assert_eq!(here().with_kernel("6.1.0-28-amd64").opener(), None);
    }
}
