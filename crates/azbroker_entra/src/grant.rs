use crate::{AuthorizationCode, CodeVerifier, DeviceCode, RefreshToken};

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
    /// A device code whose user may have signed in
    /// ([RFC 8628 section 3.4](https://www.rfc-editor.org/rfc/rfc8628#section-3.4)).
    DeviceCode(DeviceCode),
}
