use crate::{
    failure::{Exit, Failure},
    output::tell,
};
use async_trait::async_trait;
use azbroker_service::{ApprovalPrompt, Asked, Lasting, Question};
use std::io::{self, BufRead, IsTerminal};
use tokio::sync::{Mutex, mpsc};

/// Asks at the terminal that the broker runs at, one question at a time.
#[derive(Debug)]
pub(super) struct TerminalPrompt {
    typed: Mutex<mpsc::UnboundedReceiver<String>>,
}

impl TerminalPrompt {
    /// Whether there is a terminal to ask at.
    pub(super) fn check() -> Result<(), Failure> {
        if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
            return Err(Failure::new(
                Exit::WrongUsage,
                "--foreground asks at a terminal, and here is none",
            )
            .with_hint("leave it out; without it the desktop asks"));
        }
        Ok(())
    }

    /// Begins to read what is typed.
    pub(super) fn open() -> Result<Self, Failure> {
        Self::check()?;
        let (lines, typed) = mpsc::unbounded_channel();
        // Nothing waits for this thread: reading a terminal cannot be ended from outside.
        std::thread::spawn(move || {
            for line in io::stdin().lock().lines() {
                let Ok(line) = line else { return };
                if lines.send(line).is_err() {
                    return;
                }
            }
        });
        Ok(Self {
            typed: Mutex::new(typed),
        })
    }
}

#[async_trait]
impl ApprovalPrompt for TerminalPrompt {
    async fn ask(&self, question: &Question) -> Asked {
        let mut typed = self.typed.lock().await;
        // What was typed before the question is no answer to it.
        while typed.try_recv().is_ok() {}
        let asked = Withdrawn::show(question);
        let answer = loop {
            let Some(line) = typed.recv().await else {
                break Asked::Nobody;
            };
            match line.trim().to_lowercase().as_str() {
                "y" | "yes" => break Asked::Allowed(Lasting::Day),
                "once" => break Asked::Allowed(Lasting::Once),
                "always" => break Asked::Allowed(Lasting::Always),
                "n" | "no" => break Asked::Denied,
                typed => tell(format_args!("'{}' is no answer: {CHOICES}", shown(typed))),
            }
        };
        asked.answered();
        answer
    }
}

const CHOICES: &str =
    "type y to allow it for a day, once, always, or n to deny it; then press Enter";

/// As much of a line as fits, without what would move the terminal.
fn shown(typed: &str) -> String {
    let plain = typed.chars().filter(|c| !c.is_control());
    plain.take(40).collect()
}

/// A question that says so when nobody needs its answer any more.
struct Withdrawn(Option<String>);

impl Withdrawn {
    fn show(question: &Question) -> Self {
        let title = question.title();
        tell(format_args!("\n{title}"));
        for (label, text) in question.details() {
            tell(format_args!("  {label}: {text}"));
        }
        tell(CHOICES);
        Self(Some(title))
    }

    fn answered(mut self) {
        self.0 = None;
    }
}

impl Drop for Withdrawn {
    fn drop(&mut self) {
        if let Some(title) = &self.0 {
            tell(format_args!("{title} No answer is needed any more."));
        }
    }
}
