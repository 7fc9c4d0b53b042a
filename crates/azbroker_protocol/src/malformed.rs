use std::fmt;

/// A message that is not of the contract.
///
/// It names the fault and where it lies, and never quotes the message: messages carry tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MalformedMessage {
    what: &'static str,
    fault: String,
}

impl MalformedMessage {
    pub(crate) fn new(what: &'static str, fault: impl Into<String>) -> Self {
        Self {
            what,
            fault: fault.into(),
        }
    }

    /// Describes a JSON fault without the values that serde puts into its own messages.
    pub(crate) fn from_json(what: &'static str, error: &serde_json::Error) -> Self {
        use serde_json::error::Category;
        let fault = match error.classify() {
            Category::Io => "it cannot be read".to_owned(),
            Category::Syntax => format!("it is not JSON (column {})", error.column()),
            Category::Eof => "it ends in the middle of the JSON".to_owned(),
            Category::Data => field_fault(error),
        };
        Self { what, fault }
    }
}

impl fmt::Display for MalformedMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "malformed {}: {}", self.what, self.fault)
    }
}

impl std::error::Error for MalformedMessage {}

/// serde's own text is kept only for a missing field, whose name comes from us; a wrong value would be
/// quoted in the other texts.
fn field_fault(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text
        .strip_prefix("missing field `")
        .and_then(|rest| rest.split_once('`'))
    {
        Some((field, _)) => format!("the field '{field}' is missing"),
        None => format!("a field has the wrong type (column {})", error.column()),
    }
}
