use crate::CodeVerifier;
use aws_lc_rs::{digest, rand};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

/// 256 random bits, in the alphabet of a URL.
pub(crate) fn random_text() -> String {
    let mut bytes = Zeroizing::new([0u8; 32]);
    rand::fill(bytes.as_mut()).unwrap_or_else(|_| {
        // The operating system has no random numbers to give; nothing secret can be made without.
        panic!("the operating system gives no random numbers")
    });
    URL_SAFE_NO_PAD.encode(bytes.as_ref())
}

impl CodeVerifier {
    /// A new verifier of 256 random bits.
    pub fn random() -> Self {
        Self::new(random_text())
    }

    /// The `S256` challenge ([RFC 7636 section 4.2](https://www.rfc-editor.org/rfc/rfc7636#section-4.2)).
    pub fn challenge(&self) -> String {
        let hash = digest::digest(&digest::SHA256, self.expose().as_bytes());
        URL_SAFE_NO_PAD.encode(hash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_is_that_of_the_specification() {
        // RFC 7636 appendix B.
        let verifier = CodeVerifier::new("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".to_owned());
        assert_eq!(
            verifier.challenge(),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }

    #[test]
    fn no_two_verifiers_are_alike_and_debug_hides_them() {
        let (a, b) = (CodeVerifier::random(), CodeVerifier::random());
        assert_ne!(a, b);
        assert_eq!(a.expose().len(), 43);
        assert_eq!(format!("{a:?}"), "CodeVerifier");
    }
}
