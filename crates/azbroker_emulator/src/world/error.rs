use thiserror::Error;

/// What is wrong with a world.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum WorldError {
    /// The text is not the JSON of a world.
    #[error("line {line}, column {column}: {problem}")]
    Json {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// What is wrong there.
        problem: String,
    },
    /// A field has a value that cannot be.
    #[error("{field}: {problem}")]
    Invalid {
        /// The path of the field, such as `vaults[0].tenant`.
        field: String,
        /// What is wrong with its value.
        problem: String,
    },
}

impl WorldError {
    pub(super) fn from_json(error: &serde_json::Error) -> Self {
        let (line, column) = (error.line(), error.column());
        let text = error.to_string();
        // serde_json ends its text with the place, which stands in front here.
        let problem = text
            .strip_suffix(&format!(" at line {line} column {column}"))
            .unwrap_or(&text)
            .to_owned();
        Self::Json {
            line,
            column,
            problem,
        }
    }

    pub(super) fn invalid(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Invalid {
            field: field.into(),
            problem: problem.into(),
        }
    }
}
