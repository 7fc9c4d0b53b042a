use crate::{AuthorizationCode, Refusal};
use azure_core::http::Url;

/// What Entra ID puts into the query of a redirect
/// ([RFC 6749 section 4.1.2](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2)).
pub(crate) struct RedirectParameters {
    state: String,
    outcome: Result<AuthorizationCode, Refusal>,
}

impl RedirectParameters {
    /// Reads a query; a parameter that comes twice makes it no redirect of Entra ID's.
    pub(crate) fn parse(query: &str) -> Option<Self> {
        let mut url = Url::parse("http://localhost/").ok()?;
        url.set_query(Some(query));
        let (mut state, mut code, mut error, mut description) = (None, None, None, None);
        for (name, value) in url.query_pairs() {
            let slot = match name.as_ref() {
                "state" => &mut state,
                "code" => &mut code,
                "error" => &mut error,
                "error_description" => &mut description,
                _ => continue,
            };
            if slot.replace(value.into_owned()).is_some() {
                return None;
            }
        }
        let outcome = match (code, error) {
            (Some(code), None) if !code.is_empty() => Ok(AuthorizationCode::new(code)),
            (None, Some(error)) => Err(Refusal::new(&error, &description.unwrap_or_default())),
            _ => return None,
        };
        Some(Self {
            state: state?,
            outcome,
        })
    }

    /// What came of the sign-in, if it is the one with this state.
    pub(crate) fn outcome_of(self, state: &str) -> Option<Result<AuthorizationCode, Refusal>> {
        is_same(self.state.as_bytes(), state.as_bytes()).then_some(self.outcome)
    }
}

fn is_same(a: &[u8], b: &[u8]) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(a, b).is_ok()
}
