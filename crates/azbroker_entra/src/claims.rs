use serde_json::{Map, Value, json};
use std::fmt;

/// What a service or a program wants to see in a token, as JSON text: the `claims` of a request.
///
/// It is one of two things. A *challenge* is what a service answered with, because the token it was shown would not
/// do: no token held already can be the answer. A *statement of capabilities*, such as
/// `{"access_token":{"xms_cc":{"values":["CP1"]}}}`, says only what the program can handle, and is the same in each of
/// its requests.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Claims {
    json: String,
    capabilities: Vec<String>,
    is_challenge: bool,
}

impl Claims {
    /// Reads the claims of a request.
    ///
    /// # Errors
    ///
    /// When they are no JSON object.
    pub fn parse(json: &str) -> Result<Self, ClaimsError> {
        let Ok(Value::Object(mut claims)) = serde_json::from_str(json) else {
            return Err(ClaimsError);
        };
        let capabilities = take_capabilities(&mut claims);
        Ok(Self {
            json: json.to_owned(),
            is_challenge: !claims.is_empty(),
            capabilities: capabilities.unwrap_or_default(),
        })
    }

    /// Adds that the program answers claims challenges (`CP1`), so that services may revoke the token in
    /// mid-use, to a challenge or to nothing.
    ///
    /// See Microsoft's
    /// [client capabilities](https://learn.microsoft.com/entra/identity-platform/claims-challenge#how-to-communicate-client-capabilities-to-microsoft-entra-id).
    pub fn with_continuous_access_evaluation(challenge: Option<&Self>) -> Self {
        let mut claims = challenge
            .and_then(|claims| serde_json::from_str::<Map<String, Value>>(&claims.json).ok())
            .unwrap_or_default();
        let is_challenge = challenge.is_some_and(|claims| claims.is_challenge);
        let of_access_token = claims.entry("access_token").or_insert_with(|| json!({}));
        if !of_access_token.is_object() {
            *of_access_token = json!({});
        }
        of_access_token["xms_cc"] = json!({ "values": ["CP1"] });
        Self {
            json: Value::Object(claims).to_string(),
            capabilities: vec!["cp1".to_owned()],
            is_challenge,
        }
    }

    /// The JSON text.
    pub fn as_str(&self) -> &str {
        &self.json
    }

    /// What the program says it can handle, such as `cp1`; in lower case and sorted, because libraries differ.
    ///
    /// A token issued with them lives by other rules than one without: the two are not the same token.
    pub fn capabilities(&self) -> &[String] {
        &self.capabilities
    }

    /// Whether more is asked for than capabilities state.
    pub fn is_challenge(&self) -> bool {
        self.is_challenge
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

/// Takes out of the claims what states capabilities, if it does nothing else.
fn take_capabilities(claims: &mut Map<String, Value>) -> Option<Vec<String>> {
    let access_token = claims.get_mut("access_token")?.as_object_mut()?;
    let stated = access_token.get("xms_cc")?.as_object()?;
    let values = stated
        .get("values")
        .filter(|_| stated.len() == 1)?
        .as_array()?;
    let mut capabilities = values
        .iter()
        .map(|value| value.as_str().map(str::to_ascii_lowercase))
        .collect::<Option<Vec<_>>>()?;
    capabilities.sort_unstable();
    capabilities.dedup();
    access_token.remove("xms_cc");
    if access_token.is_empty() {
        claims.remove("access_token");
    }
    Some(capabilities)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capabilities_are_told_from_a_challenge() {
        for (json, capabilities, is_challenge) in [
            ("{}", &[][..], false),
            (
                r#"{"access_token":{"xms_cc":{"values":["CP1"]}}}"#,
                &["cp1"],
                false,
            ),
            (
                r#"{"access_token":{"xms_cc":{"values":["cp2","CP1","cp1"]}}}"#,
                &["cp1", "cp2"],
                false,
            ),
            (
                r#"{"access_token":{"nbf":{"essential":true,"value":"1"},"xms_cc":{"values":["CP1"]}}}"#,
                &["cp1"],
                true,
            ),
            (
                r#"{"access_token":{"xms_cc":{"values":["CP1"]}},"id_token":{}}"#,
                &["cp1"],
                true,
            ),
            (r#"{"access_token":{"acrs":{"essential":true}}}"#, &[], true),
            // What is not read as capabilities is a challenge, and never answered from what is held.
            (
                r#"{"access_token":{"xms_cc":{"essential":true,"values":["CP1"]}}}"#,
                &[],
                true,
            ),
            (r#"{"access_token":{"xms_cc":{"values":[1]}}}"#, &[], true),
            (r#"{"access_token":{}}"#, &[], true),
            (r#"{"access_token":null}"#, &[], true),
        ] {
            let claims = Claims::parse(json).unwrap();
            assert_eq!(claims.capabilities(), capabilities, "{json}");
            assert_eq!(claims.is_challenge(), is_challenge, "{json}");
            assert_eq!(claims.as_str(), json);
        }
        assert!(Claims::parse("[]").is_err());
    }

    #[test]
    fn the_capability_stands_beside_a_challenge_or_alone() {
        assert_eq!(
            Claims::with_continuous_access_evaluation(None).as_str(),
            r#"{"access_token":{"xms_cc":{"values":["CP1"]}}}"#
        );
        let challenge =
            Claims::parse(r#"{"access_token":{"nbf":{"essential":true}},"id_token":{"a":1}}"#);
        assert_eq!(
            Claims::with_continuous_access_evaluation(Some(&challenge.unwrap())).as_str(),
            r#"{"access_token":{"nbf":{"essential":true},"xms_cc":{"values":["CP1"]}},"id_token":{"a":1}}"#
        );
    }
}
