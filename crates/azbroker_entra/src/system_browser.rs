use crate::{
    BrowserStart, Desktop, Opener, Prompt, PromptError, browser_start::Tie, desktop::VARIABLE,
};
use async_trait::async_trait;
use azure_core::http::Url;
use std::{path::Path, process::Stdio, time::Duration};
use tokio::process::Command;

/// The user's own browser.
///
/// A program named by `BROWSER` is used and no other; without it, whatever the desktop (or Windows, under
/// WSL) opens web pages with.
#[derive(Clone, Debug)]
pub struct SystemBrowser {
    /// The value of the environment variable `BROWSER`, or what was named in its place.
    named: Option<String>,
    /// Where it is named.
    place: &'static str,
    /// Where nothing is known of it, whatever can be tried is.
    desktop: Option<Desktop>,
}

impl SystemBrowser {
    /// A browser chosen by the value of the environment variable `BROWSER`, where it has one.
    pub fn new(browser: Option<String>) -> Self {
        Self {
            named: browser.filter(|value| !value.trim().is_empty()),
            place: VARIABLE,
            desktop: None,
        }
    }

    /// A browser of this desktop. Where there is none, [`check`](Prompt::check) says so without trying.
    pub fn on(desktop: Desktop) -> Self {
        Self {
            named: desktop.browser().map(str::to_owned),
            place: desktop.browser_place(),
            desktop: Some(desktop),
        }
    }

    fn commands(&self, url: &Url) -> Vec<Command> {
        if let Some(named) = &self.named {
            return named
                .split(':')
                .filter_map(|command| named_command(command, url))
                .collect();
        }
        let windows = match self.desktop.as_ref().and_then(Desktop::opener) {
            Some(Opener::PowerShell(shell)) => Some(windows_command(&shell, url)),
            Some(Opener::Wslview(wslview)) => {
                let mut command = Command::new(wslview);
                command.arg(url.as_str());
                Some(command)
            }
            _ => None,
        };
        let usual = open::commands(url.as_str()).into_iter().map(Command::from);
        windows.into_iter().chain(usual).collect()
    }
}

#[async_trait]
impl Prompt for SystemBrowser {
    async fn open(&self, url: &Url) -> Result<(), PromptError> {
        let start = match &self.desktop {
            Some(desktop) => desktop.browser_start(),
            None => BrowserStart::default(),
        };
        for command in self.commands(url) {
            let mut command = Command::from(start.command(command.into_std(), Tie::Loose));
            command
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null());
            // Its own process group: Ctrl-C in a terminal is not meant for the browser.
            #[cfg(unix)]
            command.process_group(0);
            let Ok(mut browser) = command.spawn() else {
                continue;
            };
            match tokio::time::timeout(FAILS_WITHIN, browser.wait()).await {
                Ok(Ok(status)) if status.success() => return Ok(()),
                // It could not show the page; a later failure is a browser that was closed.
                Ok(_) => {}
                Err(_) => {
                    let _ = browser.wait().await;
                    return Ok(());
                }
            }
        }
        Err(PromptError::new(match &self.named {
            Some(named) => format!("{} names '{named}', which did not show it", self.place),
            None => "there is no browser on this machine: name one in BROWSER".to_owned(),
        }))
    }

    fn check(&self) -> Result<(), PromptError> {
        let nothing_known = self.desktop.is_none();
        if nothing_known || self.desktop.as_ref().and_then(Desktop::opener).is_some() {
            return Ok(());
        }
        Err(PromptError::new(
            "there is no browser here: no display is there, and BROWSER names no program",
        ))
    }
}

/// A program that ends with an error this soon has shown no page.
const FAILS_WITHIN: Duration = Duration::from_secs(5);

/// Has Windows open the address in its own browser.
///
/// The address travels in a variable of its own, so that no shell reads its `&`.
fn windows_command(shell: &Path, url: &Url) -> Command {
    let mut command = Command::new(shell);
    command
        .args(["-NoProfile", "-NonInteractive", "-Command"])
        .arg("Start-Process -FilePath $env:AZBROKER_SIGN_IN_PAGE")
        .env("AZBROKER_SIGN_IN_PAGE", url.as_str())
        .env("WSLENV", "AZBROKER_SIGN_IN_PAGE");
    command
}

/// One alternative of `BROWSER`: words, with `%s` for the address, or the address at the end.
fn named_command(command: &str, url: &Url) -> Option<Command> {
    let mut words = command.split_ascii_whitespace();
    let mut browser = Command::new(words.next()?);
    let mut placed = false;
    for word in words {
        placed |= word.contains("%s");
        browser.arg(word.replace("%s", url.as_str()));
    }
    if !placed {
        browser.arg(url.as_str());
    }
    Some(browser)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url() -> Url {
        Url::parse("https://login.microsoftonline.com/a?b=c&d=e%20f").unwrap()
    }

    #[test]
    fn browser_names_alternatives_with_arguments() {
        let browser = SystemBrowser::new(Some("firefox -P %s --x:chromium:".to_owned()));
        let commands: Vec<_> = browser
            .commands(&url())
            .iter()
            .map(|command| format!("{:?}", command.as_std()))
            .collect();
        let url = url();
        assert_eq!(
            commands,
            [
                format!(r#""firefox" "-P" "{url}" "--x""#),
                format!(r#""chromium" "{url}""#)
            ]
        );
    }

    #[tokio::test]
    async fn the_first_alternative_that_works_is_used() {
        let browser = SystemBrowser::new(Some("/nonexistent:false:true".to_owned()));
        browser.open(&url()).await.unwrap();
    }

    #[tokio::test]
    async fn a_browser_that_fails_is_named() {
        let browser = SystemBrowser::new(Some("false".to_owned()));
        assert_eq!(
            browser.open(&url()).await.unwrap_err().to_string(),
            "BROWSER names 'false', which did not show it"
        );
    }

    #[tokio::test]
    async fn a_browser_of_the_settings_is_told_from_that_of_the_variable() {
        let desktop = Desktop::from_variables(|name| (name == "BROWSER").then(|| "true".into()));
        let desktop = desktop.with_browser(Some("false".to_owned()), "browser in config.toml");
        assert_eq!(
            SystemBrowser::on(desktop)
                .open(&url())
                .await
                .unwrap_err()
                .to_string(),
            "browser in config.toml names 'false', which did not show it"
        );
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn below_wsl_windows_opens_the_whole_address() {
        // As the bus starts a broker: without WSL's variables.
        let folder = tempfile::tempdir().unwrap();
        let (shell, seen) = (
            folder.path().join("powershell.exe"),
            folder.path().join("seen"),
        );
        // Only what `WSLENV` names reaches Windows.
        let line = format!(
            "echo \"$* [$(eval echo \\\"\\$$WSLENV\\\")]\" > '{}'",
            seen.display()
        );
        // By another process: what is started meanwhile has our files open for a moment, and a program that is open for
        // writing does not start.
        let write = "printf '#!/bin/sh\\n%s\\n' \"$1\" >\"$0\" && chmod 700 \"$0\"";
        let mut writer = std::process::Command::new("sh");
        let written = writer.args(["-c", write]).arg(&shell).arg(line).status();
        assert!(written.unwrap().success());
        let variable = |name: &str| match name {
            "PATH" => Some(folder.path().into()),
            _ => None,
        };
        let desktop = Desktop::from_variables(variable);
        let browser = SystemBrowser::on(desktop.with_kernel("5.15.167.4-microsoft-standard-WSL2"));
        browser.check().unwrap();
        browser.open(&url()).await.unwrap();
        assert_eq!(
            std::fs::read_to_string(seen).unwrap(),
            format!(
                "-NoProfile -NonInteractive -Command Start-Process -FilePath $env:AZBROKER_SIGN_IN_PAGE [{}]\n",
                url()
            )
        );
    }

    #[test]
    fn where_there_is_no_browser_nothing_is_tried() {
        let check = |variables: &[(&str, &str)]| {
            let variable = |name: &str| {
                let found = variables.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| (*value).into())
            };
            let browser = SystemBrowser::on(Desktop::from_variables(variable));
            browser.check().map_err(|error| error.to_string())
        };
        assert_eq!(
            check(&[
                ("SSH_CONNECTION", "192.0.2.1 1 192.0.2.2 22"),
                ("PATH", "/bin")
            ])
            .unwrap_err(),
            "there is no browser here: no display is there, and BROWSER names no program"
        );
        for there in [
            ("BROWSER", "firefox"),
            ("DISPLAY", ":10"),
            ("WAYLAND_DISPLAY", "wayland-0"),
        ] {
            check(&[there]).unwrap();
        }
    }
}
