use crate::{AuthorizationCode, CodeVerifier, RefreshToken};

/// What is redeemed at the token endpoint.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Grant {
    /// The code of a redirect
    /// ([RFC 6749 section 4.1.3](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3)).
    AuthorizationCode {
        /// The code.
        code: AuthorizationCode,
        /// What its challenge was made from.
        verifier: CodeVerifier,
        /// The redirect URI that the code came to.
        redirect_uri: String,
    },
    /// A refresh token ([RFC 6749 section 6](https://www.rfc-editor.org/rfc/rfc6749#section-6)).
    RefreshToken(RefreshToken),
}
