//! Reading of secrets from a world file.
//!
//! serde names the value it did not expect, which for a password in the wrong type would print the password.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, de::Error};
use serde_json::Value;

pub(super) fn one<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::String(text) => Ok(text),
        _ => Err(D::Error::custom("the password must be a string")),
    }
}

pub(super) fn map<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, String>, D::Error> {
    let Value::Object(map) = Value::deserialize(deserializer)? else {
        return Err(D::Error::custom(
            "the secrets must be an object of names and values",
        ));
    };
    map.into_iter()
        .map(|(name, value)| match value {
            Value::String(text) => Ok((name, text)),
            _ => Err(D::Error::custom(format!(
                "the value of secret `{name}` must be a string"
            ))),
        })
        .collect()
}
