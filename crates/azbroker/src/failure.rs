use std::{error::Error, fmt, process::ExitCode};

/// How a command ends when it is not done, and what it says.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    message: String,
    hint: Option<String>,
}

/// The exit codes that are documented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    Failed = 1,
    WrongUsage = 2,
    UserMustAct = 3,
    TryAgainLater = 4,
    /// As shells have it, of a program to run.
    NotExecutable = 126,
    /// As shells have it, of a program to run.
    NoSuchProgram = 127,
}

impl Failure {
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit,
            message: message.into(),
            hint: None,
        }
    }

    /// An end that has nothing to say.
    pub(crate) fn quiet() -> Self {
        Self::new(Exit::Failed, "")
    }

    /// Whether there is something to say.
    pub(crate) fn is_quiet(&self) -> bool {
        self.message.is_empty()
    }

    /// A failure that says the error with its causes, once each.
    pub(crate) fn of(exit: Exit, error: &(dyn Error + 'static)) -> Self {
        Self::new(exit, chain(error))
    }

    pub(crate) fn with_hint(self, hint: impl Into<String>) -> Self {
        Self {
            hint: Some(hint.into()),
            ..self
        }
    }

    /// The same with other words in the hint for these, if they stand there.
    pub(crate) fn with_words_of_hint(self, words: &str, others: &str) -> Self {
        Self {
            hint: self.hint.map(|hint| hint.replace(words, others)),
            ..self
        }
    }

    /// The same with one more thing that may help.
    pub(crate) fn with_further_hint(self, further: &str) -> Self {
        let hint = match &self.hint {
            Some(hint) => format!("{hint}; or {further}"),
            None => further.to_owned(),
        };
        self.with_hint(hint)
    }

    /// What went wrong, and what to do where that is known.
    pub(crate) fn into_parts(self) -> (String, Option<String>) {
        (self.message, self.hint)
    }

    pub(crate) fn code(&self) -> ExitCode {
        ExitCode::from(self.exit as u8)
    }
}

/// One line for the failure, one for what to do.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.message)?;
        if let Some(hint) = &self.hint {
            write!(f, "\nhint: {hint}")?;
        }
        Ok(())
    }
}

/// The error and its causes on one line. A cause whose text is already there is left out.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}
