use aws_lc_rs::{constant_time, rand};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use std::fmt;

/// 256 random bits that nobody can guess, in the alphabet of a URL.
pub(super) struct OneTimeToken(String);

impl OneTimeToken {
    pub(super) fn random() -> Self {
        let mut bytes = [0u8; 32];
        rand::fill(&mut bytes).unwrap_or_else(|_| {
            // The operating system has no random numbers to give; a page that can be guessed must not be served.
            panic!("the operating system gives no random numbers")
        });
        Self(URL_SAFE_NO_PAD.encode(bytes))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// Compares without telling by its time how much was right.
    pub(super) fn is(&self, text: &str) -> bool {
        constant_time::verify_slices_are_equal(self.0.as_bytes(), text.as_bytes()).is_ok()
    }
}

impl fmt::Debug for OneTimeToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OneTimeToken")
    }
}

#[cfg(test)]
mod tests {
    use super::OneTimeToken;

    #[test]
    fn a_token_is_itself_and_no_other() {
        let (one, other) = (OneTimeToken::random(), OneTimeToken::random());
        assert_eq!(one.as_str().len(), 43);
        assert!(one.is(one.as_str()));
        for wrong in [other.as_str(), "", &one.as_str()[1..]] {
            assert!(!one.is(wrong));
        }
        assert_eq!(format!("{one:?}"), "OneTimeToken");
    }
}
