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
    path: Option<OsString>,
    has_display: bool,
    is_wsl: bool,
}

impl Desktop {
    /// Reads the variables that matter through `variable`.
    pub fn from_variables(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let is_set = |name| variable(name).is_some_and(|value| !value.is_empty());
        Self {
            browser: variable("BROWSER")
                .and_then(|value| value.into_string().ok())
                .filter(|value| !value.trim().is_empty()),
            path: variable("PATH"),
            // Other systems have a desktop without saying so.
            has_display: is_set("DISPLAY")
                || is_set("WAYLAND_DISPLAY")
                || !cfg!(target_os = "linux"),
            is_wsl: is_set("WSL_DISTRO_NAME") || is_set("WSL_INTEROP"),
        }
    }

    /// The same desktop with another browser named.
    pub fn with_browser(self, browser: Option<String>) -> Self {
        Self {
            browser: browser.filter(|value| !value.trim().is_empty()),
            ..self
        }
    }

    /// What `BROWSER` names.
    pub(crate) fn browser(&self) -> Option<&str> {
        self.browser.as_deref()
    }

    /// Whether a window can be shown here.
    pub(crate) fn has_display(&self) -> bool {
        self.has_display
    }

    /// The program through which Windows, around this WSL, opens its own browser.
    pub(crate) fn windows_shell(&self) -> Option<PathBuf> {
        if !self.is_wsl {
            return None;
        }
        // Windows' part of the search path may be turned off.
        let usual = PathBuf::from("/mnt/c/Windows/System32/WindowsPowerShell/v1.0/powershell.exe");
        self.find("powershell.exe")
            .or_else(|| usual.is_file().then_some(usual))
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
