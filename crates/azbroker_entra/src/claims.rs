use std::fmt;

/// A claims challenge: what a service wants to see in a token, as JSON text.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Claims(String);

impl Claims {
    /// Reads a claims challenge.
    ///
    /// # Errors
    ///
    /// When it is no JSON object.
    pub fn parse(json: &str) -> Result<Self, ClaimsError> {
        match serde_json::from_str::<serde_json::Value>(json) {
            Ok(serde_json::Value::Object(_)) => Ok(Self(json.to_owned())),
            _ => Err(ClaimsError),
        }
    }

    /// The JSON text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Claims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Claims")
    }
}

/// A text that is no claims challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the claims are no JSON object: hand on the challenge of the service as it came")]
pub struct ClaimsError;
