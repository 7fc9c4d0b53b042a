use crate::{Account, Claims, Tenant, explanation};
use serde::Deserialize;
use std::fmt;

/// What Entra ID said when it refused.
///
/// Holds the fields that are known and nothing else of the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    error: String,
    codes: Vec<u32>,
    suberror: Option<String>,
    own_words: Option<String>,
    claims: Option<Claims>,
    correlation_id: Option<String>,
}

/// What kind of refusal it is: who must act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RefusalKind {
    /// The user must act: sign in, consent, complete a second factor.
    InteractionRequired,
    /// The user declined.
    Declined,
    /// A policy of the tenant forbids it; an administrator must act.
    Policy,
    /// The application asked for something that can never work.
    Configuration,
    /// Trying again may help.
    Transient,
    /// Anything else.
    Other,
}

impl RefusalKind {
    /// What kind of refusal an AADSTS number alone tells of; `None` where it is not known.
    ///
    /// Reach for this where only the number has come through, as through a broker's answer.
    ///
    /// ```
    /// use azbroker_entra::RefusalKind;
    ///
    /// assert_eq!(RefusalKind::of_number(53003), Some(RefusalKind::Policy));
    /// assert_eq!(RefusalKind::of_number(50076), Some(RefusalKind::InteractionRequired));
    /// ```
    pub fn of_number(number: u32) -> Option<Self> {
        explanation::of(number).map(|explanation| explanation.kind)
    }
}

impl Refusal {
    /// Reads the error answer of an endpoint
    /// ([RFC 6749 section 5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2)); `None` when it is none.
    pub(crate) fn from_json(json: &[u8]) -> Option<Self> {
        let response: ErrorResponse = serde_json::from_slice(json).ok()?;
        let mut refusal = Self::new(&response.error, &response.error_description);
        if !response.error_codes.is_empty() {
            refusal.codes = response.error_codes;
        }
        refusal.suberror = response.suberror.as_deref().map(word);
        refusal.claims = response.claims.and_then(|json| Claims::parse(&json).ok());
        refusal.correlation_id = response
            .correlation_id
            .filter(|id| azure_core::Uuid::parse_str(id).is_ok());
        Some(refusal)
    }

    /// A refusal from the two fields that a redirect carries
    /// ([RFC 6749 section 4.1.2.1](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1)).
    pub(crate) fn new(error: &str, description: &str) -> Self {
        Self {
            error: word(error),
            codes: code_in(description).into_iter().collect(),
            suberror: None,
            own_words: own_words(description),
            claims: None,
            correlation_id: None,
        }
    }

    /// Who must act.
    pub fn kind(&self) -> RefusalKind {
        if let Some(explanation) = self.explanation() {
            return explanation.kind;
        }
        match self.error.as_str() {
            // With a number it was Entra ID's policy that denied it, not the user.
            "access_denied" if !self.codes.is_empty() => RefusalKind::Policy,
            "access_denied" | "authorization_declined" => RefusalKind::Declined,
            "invalid_grant" | "interaction_required" | "login_required" | "consent_required" => {
                RefusalKind::InteractionRequired
            }
            "temporarily_unavailable" | "server_error" => RefusalKind::Transient,
            "invalid_client"
            | "invalid_request"
            | "invalid_scope"
            | "invalid_resource"
            | "invalid_instance"
            | "invalid_tenant"
            | "unauthorized_client"
            | "unsupported_grant_type" => RefusalKind::Configuration,
            _ => RefusalKind::Other,
        }
    }

    /// The AADSTS numbers.
    pub fn codes(&self) -> &[u32] {
        &self.codes
    }

    /// The OAuth error word.
    pub fn error(&self) -> &str {
        &self.error
    }

    /// The claims that the next request must carry to succeed.
    pub fn claims(&self) -> Option<&Claims> {
        self.claims.as_ref()
    }

    /// Entra ID's own correlation ID, for its support.
    pub fn correlation_id(&self) -> Option<&str> {
        self.correlation_id.as_deref()
    }

    /// What would satisfy Entra ID, and who must do it.
    pub fn next_step(&self) -> Option<&'static str> {
        self.explanation().map(|explanation| explanation.next_step)
    }

    /// Whether the refresh token that was redeemed in a tenant is of no use any more, in no tenant.
    pub fn ends_refresh_token(&self, of: &Account, in_tenant: &Tenant) -> bool {
        const ENDED: [u32; 9] = [
            700082, 70043, 70008, 50173, 50132, 50133, 700084, 70000, 700081,
        ];
        // Of the user, the device or the policy in the tenant that was asked. A guest may be deleted in one tenant, and is
        // none the less at home in another.
        const ENDED_THERE: [u32; 5] = [50034, 50057, 500341, 700003, 530036];
        let has = |codes: &[u32]| self.codes.iter().any(|code| codes.contains(code));
        // The word by which the service itself says so; it comes with numbers that nobody has listed.
        let is_bad = self.suberror.as_deref() == Some("bad_token");
        let home = of.home_account_id.tenant_id();
        let is_home = in_tenant.is_multi_tenant() || in_tenant.as_str() == home;
        self.error == "invalid_grant" && (is_bad || has(&ENDED) || (is_home && has(&ENDED_THERE)))
    }

    fn explanation(&self) -> Option<&'static explanation::Explanation> {
        self.codes.iter().find_map(|code| explanation::of(*code))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Entra ID refused: ")?;
        match (self.explanation(), &self.own_words) {
            (Some(explanation), _) => f.write_str(explanation.what)?,
            (None, Some(words)) => f.write_str(words)?,
            (None, None) => f.write_str(&self.error)?,
        }
        if let Some(code) = self.codes.first() {
            write!(f, " (AADSTS{code})")?;
        }
        Ok(())
    }
}

impl std::error::Error for Refusal {}

#[derive(Deserialize)]
struct ErrorResponse {
    error: String,
    #[serde(default)]
    error_description: String,
    #[serde(default)]
    error_codes: Vec<u32>,
    suberror: Option<String>,
    claims: Option<String>,
    correlation_id: Option<String>,
}

/// An identifier of the answer, with whatever is no identifier left out.
fn word(text: &str) -> String {
    text.chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
        .take(64)
        .collect()
}

fn code_in(description: &str) -> Option<u32> {
    let digits = description.split_once("AADSTS")?.1;
    let end = digits
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(digits.len());
    digits[..end].parse().ok()
}

/// The first sentence of a description, without the number and without the trace that follows.
fn own_words(description: &str) -> Option<String> {
    let text = description.split(" Trace ID:").next()?.lines().next()?;
    let text = match text.split_once(": ") {
        Some((number, rest)) if number.starts_with("AADSTS") => rest,
        _ => text,
    };
    let text: String = text.chars().filter(|c| !c.is_control()).take(300).collect();
    let text = text.trim().trim_end_matches('.').to_owned();
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::HomeAccountId;

    fn refusal(error: &str, code: u32) -> Refusal {
        let json = serde_json::json!({
            "error": error,
            "error_description": format!("AADSTS{code}: Own words of the service. Trace ID: x\r\nTimestamp: y"),
            "error_codes": [code],
            "correlation_id": "not a uuid",
        });
        Refusal::from_json(json.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn known_numbers_are_explained_and_unknown_ones_quoted() {
        for (refusal, kind, text) in [
            (
                refusal("invalid_grant", 50173),
                RefusalKind::InteractionRequired,
                "Entra ID refused: the sign-in was revoked, as after a change of password (AADSTS50173)",
            ),
            (
                refusal("interaction_required", 53003),
                RefusalKind::Policy,
                "Entra ID refused: the tenant's Conditional Access policy blocks this sign-in (AADSTS53003)",
            ),
            (
                refusal("temporarily_unavailable", 90033),
                RefusalKind::Transient,
                "Entra ID refused: Own words of the service (AADSTS90033)",
            ),
            (
                Refusal::new("weird\u{7}_error", ""),
                RefusalKind::Other,
                "Entra ID refused: weird_error",
            ),
        ] {
            assert_eq!((refusal.kind(), refusal.to_string().as_str()), (kind, text));
        }
    }

    #[test]
    fn a_revoked_refresh_token_is_of_no_use_but_missing_consent_keeps_it() {
        for (tenant, is_home) in [
            ("home", true),
            ("organizations", true),
            ("elsewhere", false),
        ] {
            let tenant = Tenant::parse(tenant).unwrap();
            let ends = |refusal: Refusal| refusal.ends_refresh_token(&account(), &tenant);
            assert!(ends(refusal("invalid_grant", 50173)));
            assert!(!ends(refusal("invalid_grant", 65001)));
            let bad = br#"{"error":"invalid_grant","suberror":"bad_token"}"#;
            assert!(ends(Refusal::from_json(bad).unwrap()));
            assert!(!ends(refusal("temporarily_unavailable", 50173)));
            // Whom one tenant has deleted another one knows still.
            assert_eq!(ends(refusal("invalid_grant", 500341)), is_home, "{tenant}");
            assert_eq!(ends(refusal("invalid_grant", 50057)), is_home, "{tenant}");
        }
    }

    fn account() -> Account {
        Account {
            environment: "login.microsoftonline.com".to_owned(),
            home_account_id: HomeAccountId::new("ada", "home"),
            local_account_id: "ada".to_owned(),
            tenant_id: "home".to_owned(),
            username: "ada@contoso.example".to_owned(),
            name: String::new(),
            given_name: String::new(),
            family_name: String::new(),
        }
    }

    #[test]
    fn what_is_no_error_answer_is_none() {
        for json in ["", "{}", "[]", "<html>", r#"{"error":5}"#] {
            assert!(Refusal::from_json(json.as_bytes()).is_none());
        }
    }
}
