use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use std::fmt;

/// The ID of a key that an access token is bound to: whoever presents the token must prove to hold the key.
///
/// It is the key's thumbprint by [RFC 7638](https://www.rfc-editor.org/rfc/rfc7638), or what a program calls its own
/// key.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId(String);

impl KeyId {
    /// Reads a key's ID.
    ///
    /// # Errors
    ///
    /// When it is empty, longer than any ID, or has a character that is not visible ASCII.
    pub fn parse(text: &str) -> Result<Self, KeyIdError> {
        const LONGEST: usize = 256;
        match text {
            "" => Err(KeyIdError::Empty),
            _ if text.len() > LONGEST => Err(KeyIdError::Length(text.len())),
            _ if !text.bytes().all(|byte| byte.is_ascii_graphic()) => Err(KeyIdError::Character),
            _ => Ok(Self(text.to_owned())),
        }
    }

    /// The ID as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The `req_cnf` parameter, which asks for a token bound to the key.
    pub(crate) fn to_confirmation(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::json!({ "kid": self.0 }).to_string())
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({})", self.0)
    }
}

/// A text that is no key's ID.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyIdError {
    /// There is none.
    #[error("the key ID is empty")]
    Empty,
    /// It is longer than any.
    #[error("a key ID of {0} characters is longer than any: give the key's thumbprint")]
    Length(usize),
    /// It has a character that no ID has.
    #[error("the key ID has a character that none has: give the key's thumbprint")]
    Character,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_written_as_entra_id_reads_it() {
        let id = KeyId::parse("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs").unwrap();
        assert_eq!(
            URL_SAFE_NO_PAD.decode(id.to_confirmation()).unwrap(),
            br#"{"kid":"NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"}"#
        );
    }

    #[test]
    fn what_is_no_id_says_why() {
        for (text, message) in [
            (String::new(), "the key ID is empty"),
            (
                "k".repeat(257),
                "a key ID of 257 characters is longer than any: give the key's thumbprint",
            ),
            (
                "two words".to_owned(),
                "the key ID has a character that none has: give the key's thumbprint",
            ),
        ] {
            assert_eq!(KeyId::parse(&text).unwrap_err().to_string(), message);
        }
    }
}
