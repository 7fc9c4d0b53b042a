//! Readers for fields that clients and brokers write in more than one form.

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error},
};

/// Reads `null` as the default, as clients that leave a field out mean it.
pub(crate) fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// Reads what has the right type and takes everything else for the default: for fields that decide nothing.
pub(crate) fn right_or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + DeserializeOwned,
{
    let value = serde_json::Value::deserialize(deserializer)?;
    Ok(serde_json::from_value(value).unwrap_or_default())
}

/// Reads a whole number, or a string that holds one.
pub(crate) fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Form {
        Number(i64),
        Text(String),
    }
    match Form::deserialize(deserializer) {
        Ok(Form::Number(number)) => Ok(number),
        Ok(Form::Text(text)) => text.trim().parse().map_err(|_| D::Error::custom("number")),
        Err(_) => Err(D::Error::custom("number")),
    }
}

/// Reads a whole number in any of its forms and takes everything else for 0.
pub(crate) fn number_or_zero<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let value = serde_json::Value::deserialize(deserializer)?;
    Ok(number(value).unwrap_or(0))
}

/// Reads a string, or `null` as the empty one; whatever names an account must not be misread.
pub(crate) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// Reads JSON text, or the JSON itself as its text; `null` is the empty one. What a client demands must not be lost.
pub(crate) fn json_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(match serde_json::Value::deserialize(deserializer)? {
        serde_json::Value::Null => String::new(),
        serde_json::Value::String(text) => text,
        json => json.to_string(),
    })
}

/// Reads a string and takes everything else for the empty one.
pub(crate) fn text_or_empty<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<String, D::Error> {
    Ok(match serde_json::Value::deserialize(deserializer)? {
        serde_json::Value::String(text) => text,
        _ => String::new(),
    })
}
