use super::is_a_username;
use crate::denial::Denial;
use azbroker_entra::FurtherParameters;
use serde_json::Value;
use std::collections::BTreeMap;

/// What a program's additional query parameters come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Additional {
    /// Whom the page offers where the request names nobody.
    pub(crate) login_hint: Option<String>,
    /// What is passed on.
    pub(crate) further: FurtherParameters,
}

impl Additional {
    /// Reads the few that mean something here. The others are the client's own affair, or would change what the
    /// answer is checked against, and are left out.
    ///
    /// # Errors
    ///
    /// For those that Microsoft's runtime refuses before it asks a broker, and for a value that makes no sense.
    pub(crate) fn read(parameters: &BTreeMap<String, Value>) -> Result<Self, Denial> {
        const REFUSED: [&str; 4] = ["prompt", "domain_hint", "nonce", "dc"];
        if let Some(name) = REFUSED.iter().find(|name| parameters.contains_key(**name)) {
            return Err(Denial::malformed(format!(
                "the additional query parameter '{name}' is not allowed; leave it out"
            )));
        }
        let text = |name: &str| {
            let value = parameters.get(name).and_then(Value::as_str);
            value.map(str::trim).filter(|text| !text.is_empty())
        };
        let max_age = text("max_age").map(|text| text.parse().map_err(|_| wrong("max_age")));
        let slice = text("slice").map(|text| match is_plain(text) {
            true => Ok(text.to_owned()),
            false => Err(wrong("slice")),
        });
        let login_hint = text("login_hint").map(|text| match is_a_username(text) {
            true => Ok(text.to_owned()),
            false => Err(wrong("login_hint")),
        });
        Ok(Self {
            login_hint: login_hint.transpose()?,
            further: FurtherParameters {
                max_age: max_age.transpose()?,
                slice: slice.transpose()?,
            },
        })
    }
}

fn wrong(name: &str) -> Denial {
    Denial::malformed(format!(
        "the additional query parameter '{name}' makes no sense; mend it or leave it out"
    ))
}

fn is_plain(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    text.len() <= 64 && text.chars().all(plain)
}
