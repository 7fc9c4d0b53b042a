//! Access tokens that are of no use to whoever steals them: bound to a key, and presented inside a request that this
//! key signed.
//!
//! The key is the broker's own, or the caller's. See
//! [draft-ietf-oauth-signed-http-request-03](https://datatracker.ietf.org/doc/html/draft-ietf-oauth-signed-http-request-03).

mod http_request;
mod proof_key;

pub(crate) use http_request::HttpRequest;
pub(crate) use proof_key::{ProofKey, ProofKeyError};

use crate::denial::Denial;
use azbroker_entra::KeyId;
use azbroker_protocol::PopParameters;

/// How a program proves that it may use a token.
#[derive(Clone, Debug)]
pub(crate) enum ProofOfPossession {
    /// The broker signs this request with its own key; the token stands inside.
    Signed(Box<HttpRequest>),
    /// The program signs with its own key, to which the token is bound.
    CallersKey(KeyId),
}

impl ProofOfPossession {
    /// Reads what a token request says; `None` where it wants a bearer token.
    ///
    /// # Errors
    ///
    /// A denial that says what is wrong with it.
    pub(crate) fn read(parameters: Option<PopParameters>) -> Result<Option<Self>, Denial> {
        let Some(parameters) = parameters else {
            return Ok(None);
        };
        match parameters.authentication_scheme.as_str() {
            scheme if scheme.eq_ignore_ascii_case("bearer") => return Ok(None),
            scheme if scheme.is_empty() || scheme.eq_ignore_ascii_case("pop") => {}
            _ => {
                return Err(Denial::malformed(
                    "the authentication scheme is neither 'pop' nor 'bearer'",
                ));
            }
        }
        if parameters.kid.is_empty() {
            let request = HttpRequest::read(parameters)?;
            return Ok(Some(Self::Signed(Box::new(request))));
        }
        // What the program signs is its own business.
        let key = KeyId::parse(&parameters.kid)
            .map_err(|fault| Denial::malformed(format!("proof of possession: {fault}")))?;
        Ok(Some(Self::CallersKey(key)))
    }
}
