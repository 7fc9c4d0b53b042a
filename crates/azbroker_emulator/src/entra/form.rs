//! Parameters of a query or a form.

use std::collections::HashMap;

use crate::entra::Refusal;

/// Parameters, each of them once.
#[derive(Clone, Default)]
pub(super) struct Form(HashMap<String, String>);

impl Form {
    /// Reads `application/x-www-form-urlencoded`; a parameter that stands twice is refused, see
    /// [RFC 6749 section 3.2](https://www.rfc-editor.org/rfc/rfc6749#section-3.2).
    pub(super) fn parse(encoded: &[u8]) -> Result<Self, Refusal> {
        let mut parameters = HashMap::new();
        for (name, value) in url::form_urlencoded::parse(encoded) {
            if parameters
                .insert(name.into_owned(), value.into_owned())
                .is_some()
            {
                return Err(Refusal::malformed());
            }
        }
        Ok(Self(parameters))
    }

    /// The value, unless it is absent or empty, which mean the same.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    pub(super) fn required(&self, name: &str) -> Result<&str, Refusal> {
        self.value(name).ok_or_else(|| Refusal::missing(name))
    }
}
