//! One window of a private browser, watched until the redirect comes.

use crate::{
    AuthorizationCode, BrowserStart, Error, PrivateBrowser, PromptError, RedirectUri, Refusal,
    Result,
    browser_start::Tie,
    devtools_pipe::{DevtoolsPipe, Event},
    redirect_parameters::RedirectParameters,
};
use azure_core::http::Url;
use command_fds::{CommandFdExt, FdMapping};
use serde_json::{Value, json};
use std::{
    collections::HashSet, io, os::unix::process::CommandExt, process::Stdio, time::Duration,
};
use tempfile::TempDir;
use tokio::{
    net::unix::pipe,
    process::{Child, Command},
    sync::oneshot,
    task::JoinHandle,
};
use tracing::Instrument;

/// What came of a sign-in: the code, or Entra ID's refusal.
pub(crate) type Outcome = std::result::Result<AuthorizationCode, Refusal>;

/// A window that has done its part and goes away.
#[derive(Debug)]
pub(crate) struct Closing(JoinHandle<()>);

impl Closing {
    /// Waits until the window is closed and its profile removed.
    pub(crate) async fn done(self) {
        let _ = self.0.await;
    }
}

impl PrivateBrowser {
    /// Shows a sign-in page until it redirects to [`RedirectUri::NativeClient`] with this state.
    ///
    /// Dropping the future closes the window.
    pub(crate) async fn sign_in(&self, url: &Url, state: &str) -> Result<(Outcome, Closing)> {
        let (sender, receiver) = oneshot::channel();
        let (browser, url, state) = (self.clone(), url.clone(), state.to_owned());
        // In a task of its own, which closes the window in good order whatever becomes of who waits.
        let window = async move { browser.show(&url, &state, sender).await };
        let window = tokio::spawn(window.in_current_span());
        match receiver.await {
            Ok(outcome) => Ok((outcome?, Closing(window))),
            Err(_) => Err(failed(self, "it ended without a word")),
        }
    }

    async fn show(&self, url: &Url, state: &str, mut answer: oneshot::Sender<Result<Outcome>>) {
        let mut window = match Window::open(self) {
            Ok(window) => window,
            Err(error) => {
                let reason = format!("{} does not start: {error}", self.program().display());
                let _ = answer.send(Err(Error::NoPrompt(PromptError::new(reason))));
                return;
            }
        };
        let outcome = tokio::select! {
            outcome = window.watch(self, url, state) => Some(outcome),
            () = answer.closed() => None,
        };
        if let Some(outcome) = outcome {
            let _ = answer.send(outcome);
        }
        window.close().await;
    }
}

/// The browser's process with its profile.
#[derive(Debug)]
struct Window {
    browser: Child,
    /// The unit of systemd that the browser is in, if it is not our own child.
    unit: Option<String>,
    pipe: DevtoolsPipe,
    /// The pages, by the session through which each is watched.
    pages: HashSet<String>,
    // Last: what is in it must be closed before it is removed.
    profile: Option<TempDir>,
}

impl Window {
    fn open(browser: &PrivateBrowser) -> io::Result<Self> {
        let profile = tempfile::Builder::new()
            .prefix("azbroker-window-")
            .tempdir()?;
        let (commands, hears) = pipe::pipe()?;
        let (says, messages) = pipe::pipe()?;
        let mut program = std::process::Command::new(browser.program());
        let mut folder = std::ffi::OsString::from("--user-data-dir=");
        folder.push(profile.path().join("profile"));
        program
            .args(browser.arguments())
            .arg(folder)
            // It puts more than its profile into the folder for temporary files, and leaves it there when it is killed.
            .env("TMPDIR", profile.path());
        let (hears, says) = (hears.into_blocking_fd()?, says.into_blocking_fd()?);
        let (mut program, unit) = match browser.start() {
            BrowserStart::Directly => {
                let (parent_fd, child_fd) = (hears, 3);
                let hears = FdMapping {
                    parent_fd,
                    child_fd,
                };
                let (parent_fd, child_fd) = (says, 4);
                let says = FdMapping {
                    parent_fd,
                    child_fd,
                };
                program.stdin(Stdio::null()).stdout(Stdio::null());
                program
                    .fd_mappings(vec![hears, says])
                    .map_err(io::Error::other)?;
                (program, None)
            }
            BrowserStart::BySystemd => {
                // The folder's name is random, so the unit's is too.
                let folder = profile.path().file_name().unwrap_or_default();
                let unit = format!("{}.service", folder.display());
                let mut program = browser.start().command(program, Tie::Unit(&unit));
                program.stdin(hears).stdout(says);
                (program, Some(unit))
            }
        };
        // Ctrl-C in a terminal is not meant for it, and its helpers end with it.
        program.stderr(Stdio::null()).process_group(0);
        let mut program = Command::from(program);
        program.kill_on_drop(true);
        Ok(Self {
            browser: program.spawn()?,
            unit,
            pipe: DevtoolsPipe::new(commands, messages),
            pages: HashSet::new(),
            profile: Some(profile),
        })
    }

    async fn watch(&mut self, browser: &PrivateBrowser, url: &Url, state: &str) -> Result<Outcome> {
        match self.watch_pages(browser, url, state).await {
            Ok(Some(outcome)) => Ok(outcome),
            Ok(None) => Err(Error::WindowClosed),
            // The pipe broke: how the browser ended says why.
            Err(_) => match tokio::time::timeout(ENDS_WITHIN, self.browser.wait()).await {
                Ok(Ok(status)) if status.success() => Err(Error::WindowClosed),
                Ok(Ok(status)) => Err(failed(browser, &format!("it ended with {status}"))),
                _ => Err(failed(browser, "it answers no more")),
            },
        }
    }

    /// Watches until the redirect has come, or `None` when the last page is closed.
    async fn watch_pages(
        &mut self,
        browser: &PrivateBrowser,
        url: &Url,
        state: &str,
    ) -> io::Result<Option<Outcome>> {
        let attach = json!({
            "autoAttach": true,
            "waitForDebuggerOnStart": true,
            "flatten": true,
            "filter": [{ "type": "page" }, { "exclude": true }],
        });
        self.pipe.send(None, "Target.setAutoAttach", attach).await?;
        loop {
            let event = if self.pages.is_empty() {
                tokio::time::timeout(STARTS_WITHIN, self.pipe.event()).await??
            } else {
                self.pipe.event().await?
            };
            let Some(event) = event else {
                return Err(io::ErrorKind::UnexpectedEof.into());
            };
            match event.method.as_str() {
                "Target.attachedToTarget" => {
                    let is_first = self.pages.is_empty();
                    let Some(session) = event.params["sessionId"].as_str() else {
                        continue;
                    };
                    self.pages.insert(session.to_owned());
                    self.watch_page(session).await?;
                    if is_first {
                        let url = json!({ "url": url.as_str() });
                        self.pipe.send(Some(session), "Page.navigate", url).await?;
                        tracing::debug!(program = %browser.program().display(), "the sign-in window is open");
                    }
                }
                "Target.detachedFromTarget" => {
                    let session = event.params["sessionId"].as_str().unwrap_or_default();
                    if self.pages.remove(session) && self.pages.is_empty() {
                        return Ok(None);
                    }
                }
                "Fetch.requestPaused" => {
                    if let Some(outcome) = redirect_in(&event.params, state) {
                        return Ok(Some(outcome));
                    }
                    self.go_on(&event).await?;
                }
                _ => {}
            }
        }
    }

    /// Has a page stop before it loads what may be the redirect, and lets it run.
    async fn watch_page(&mut self, session: &str) -> io::Result<()> {
        let pattern = format!("{}*", RedirectUri::NATIVE_CLIENT);
        let patterns =
            json!({ "patterns": [{ "urlPattern": pattern, "resourceType": "Document" }] });
        self.pipe
            .send(Some(session), "Fetch.enable", patterns)
            .await?;
        self.pipe
            .send(Some(session), "Runtime.runIfWaitingForDebugger", json!({}))
            .await
    }

    async fn go_on(&mut self, event: &Event) -> io::Result<()> {
        let request = json!({ "requestId": event.params["requestId"] });
        self.pipe
            .send(event.session.as_deref(), "Fetch.continueRequest", request)
            .await
    }

    /// Asks the browser to end, and ends it when it does not.
    async fn close(mut self) {
        let asked = self.pipe.send(None, "Browser.close", json!({})).await;
        if asked.is_err()
            || tokio::time::timeout(ENDS_WITHIN, self.browser.wait())
                .await
                .is_err()
        {
            if let Some(kill) = self.kill_of_unit() {
                run_within(kill, ENDS_WITHIN).await;
            }
            self.kill_group();
            let _ = tokio::time::timeout(ENDS_WITHIN, self.browser.wait()).await;
        }
    }

    /// What ends the browser's unit, if it is in one and runs.
    fn kill_of_unit(&self) -> Option<std::process::Command> {
        let (unit, _) = (self.unit.as_ref()?, self.browser.id()?);
        let mut command = std::process::Command::new("systemctl");
        command
            .args(["--user", "--quiet", "--signal=KILL", "kill", unit])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        Some(command)
    }

    fn kill_group(&self) {
        let group = self
            .browser
            .id()
            .and_then(|id| rustix::process::Pid::from_raw(id.cast_signed()));
        if let Some(group) = group {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }
}

/// Runs what should end soon, and waits no longer than this.
async fn run_within(command: std::process::Command, patience: Duration) {
    let mut command = Command::from(command);
    let ended = command.kill_on_drop(true).status();
    let _ = tokio::time::timeout(patience, ended).await;
}

impl Drop for Window {
    fn drop(&mut self) {
        // A service manager that hangs is not waited for here.
        if let Some(mut kill) = self.kill_of_unit() {
            let _ = kill.spawn();
        }
        self.kill_group();
        let Some(profile) = self.profile.take() else {
            return;
        };
        // Helpers of the browser may write their last for a moment.
        let folder = profile.keep();
        for _ in 0..MOST_REMOVALS {
            match std::fs::remove_dir_all(&folder) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => std::thread::yield_now(),
                _ => return,
            }
        }
        tracing::warn!("the folder {} cannot be removed", folder.display());
    }
}

/// Browsers start in less, even on slow machines.
const STARTS_WITHIN: Duration = Duration::from_secs(30);
const ENDS_WITHIN: Duration = Duration::from_secs(3);
const MOST_REMOVALS: usize = 1_000;

/// Takes what a request for the redirect URI carries, where it is the page itself that goes there with our state.
fn redirect_in(request: &Value, state: &str) -> Option<Outcome> {
    let url = request["request"]["url"].as_str()?;
    let (page, query) = url.split_once('?')?;
    let query = query.split('#').next()?;
    if page != RedirectUri::NATIVE_CLIENT
        || request["request"]["method"] != "GET"
        || request["resourceType"] != "Document"
    {
        return None;
    }
    RedirectParameters::parse(query)?.outcome_of(state)
}

fn failed(browser: &PrivateBrowser, how: &str) -> Error {
    Error::WindowFailed {
        program: browser.program().display().to_string(),
        how: how.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(url: &str) -> Value {
        json!({ "request": { "url": url, "method": "GET" }, "resourceType": "Document" })
    }

    #[tokio::test]
    async fn a_service_manager_that_hangs_is_not_waited_for() {
        let mut hangs = std::process::Command::new("sleep");
        hangs.arg("1000");
        run_within(hangs, Duration::from_millis(20)).await;
    }

    #[test]
    fn the_redirect_is_taken_from_its_exact_address_with_the_state_alone() {
        let uri = RedirectUri::NATIVE_CLIENT;
        let taken = |url: String| redirect_in(&request(&url), "our-state");
        let code = taken(format!(
            "{uri}?code=the-code&state=our-state&session_state=x"
        ));
        assert_eq!(code.unwrap().unwrap().expose(), "the-code");
        let refusal = taken(format!("{uri}?error=access_denied&state=our-state#x"));
        assert_eq!(refusal.unwrap().unwrap_err().error(), "access_denied");
        for other in [
            format!("{uri}?code=stolen&state=another"),
            format!("{uri}?code=stolen"),
            format!("{uri}?code=a&code=b&state=our-state"),
            format!("{uri}#code=stolen&state=our-state"),
            format!("{uri}/?code=stolen&state=our-state"),
            format!("{uri}er?code=stolen&state=our-state"),
            "http://login.microsoftonline.com/common/oauth2/nativeclient?code=a&state=our-state"
                .into(),
            "https://evil.example/common/oauth2/nativeclient?code=a&state=our-state".into(),
        ] {
            assert!(taken(other.clone()).is_none(), "{other}");
        }
        let mut posted = request(&format!("{uri}?code=stolen&state=our-state"));
        posted["request"]["method"] = "POST".into();
        assert!(redirect_in(&posted, "our-state").is_none());
        let mut picture = request(&format!("{uri}?code=stolen&state=our-state"));
        picture["resourceType"] = "Image".into();
        assert!(redirect_in(&picture, "our-state").is_none());
    }
}
