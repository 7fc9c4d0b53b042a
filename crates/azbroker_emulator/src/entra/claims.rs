//! The `claims` parameter.
//!
//! See [OpenID Connect Core section 5.5](https://openid.net/specs/openid-connect-core-1_0.html#ClaimsParameter).

use serde_json::Value;

use crate::entra::Refusal;

/// What a client asks to stand in its tokens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Claims {
    /// The capabilities the client declares, such as `CP1`.
    pub(super) capabilities: Vec<String>,
}

impl Claims {
    pub(super) fn parse(text: Option<&str>) -> Result<Self, Refusal> {
        let Some(text) = text else {
            return Ok(Self::default());
        };
        let Ok(value @ Value::Object(_)) = serde_json::from_str(text) else {
            return Err(Refusal::malformed());
        };
        let capabilities = value
            .pointer("/access_token/xms_cc/values")
            .and_then(Value::as_array)
            .map(|values| {
                values
                    .iter()
                    .filter_map(Value::as_str)
                    .map(str::to_owned)
                    .collect()
            })
            .unwrap_or_default();
        Ok(Self { capabilities })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capabilities_are_read_and_other_claims_pass() {
        let claims = |text| {
            Claims::parse(Some(text))
                .map(|claims| claims.capabilities)
                .ok()
        };
        assert_eq!(
            claims(r#"{"access_token": {"xms_cc": {"values": ["CP1"]}}}"#),
            Some(vec!["CP1".to_owned()])
        );
        assert_eq!(claims(r#"{"id_token":{"login_hint":null}}"#), Some(vec![]));
        assert_eq!(claims("[]"), None);
        assert_eq!(claims("{"), None);
    }
}
