use crate::{Prompt, PromptError};
use async_trait::async_trait;
use azure_core::http::Url;
use std::{process::Stdio, time::Duration};
use tokio::process::Command;

/// The user's own browser.
///
/// A program named by `BROWSER` is used and no other; without it, whatever the desktop (or Windows, under
/// WSL) opens web pages with.
#[derive(Clone, Debug)]
pub struct SystemBrowser {
    /// The value of the environment variable `BROWSER`.
    named: Option<String>,
}

impl SystemBrowser {
    /// A browser chosen by the value of the environment variable `BROWSER`, where it has one.
    pub fn new(browser: Option<String>) -> Self {
        Self {
            named: browser.filter(|value| !value.trim().is_empty()),
        }
    }

    fn commands(&self, url: &Url) -> Vec<Command> {
        match &self.named {
            Some(named) => named
                .split(':')
                .filter_map(|command| named_command(command, url))
                .collect(),
            None => open::commands(url.as_str())
                .into_iter()
                .map(Command::from)
                .collect(),
        }
    }
}

#[async_trait]
impl Prompt for SystemBrowser {
    async fn open(&self, url: &Url) -> Result<(), PromptError> {
        for mut command in self.commands(url) {
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
            Some(named) => format!(
                "BROWSER names '{named}', which did not show it: name a browser that runs here"
            ),
            None => "there is no browser on this machine: name one in BROWSER".to_owned(),
        }))
    }
}

/// A program that ends with an error this soon has shown no page.
const FAILS_WITHIN: Duration = Duration::from_secs(5);

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
            "BROWSER names 'false', which did not show it: name a browser that runs here"
        );
    }
}
