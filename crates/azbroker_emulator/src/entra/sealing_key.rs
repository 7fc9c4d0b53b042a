//! The key that refresh tokens are sealed with.

use std::fmt::{Debug, Formatter};

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey},
    rand,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::KeyError;

/// Seals what a token stands for into the token itself, as the real service does: nobody else reads it, and
/// whoever has the key needs no list of what was issued.
pub(crate) struct SealingKey {
    bytes: [u8; 32],
    key: RandomizedNonceKey,
}

impl SealingKey {
    pub(crate) fn generate() -> Self {
        let mut bytes = [0; 32];
        // The library seeds itself once and never fails after.
        rand::fill(&mut bytes).expect("the system has random numbers");
        Self::of(bytes)
    }

    /// Reads what [`bytes`](Self::bytes) gave.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, KeyError> {
        Ok(Self::of(bytes.try_into().map_err(|_| KeyError)?))
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn seal(&self, text: &str) -> String {
        let mut sealed = text.as_bytes().to_vec();
        let nonce = self
            .key
            .seal_in_place_append_tag(Aad::empty(), &mut sealed)
            .expect("a text is not too long to seal");
        sealed.extend_from_slice(nonce.as_ref());
        URL_SAFE_NO_PAD.encode(sealed)
    }

    /// The text, if it was sealed with this key.
    pub(super) fn open(&self, sealed: &str) -> Option<String> {
        let mut sealed = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let nonce = sealed.split_off(sealed.len().checked_sub(NONCE_LEN)?);
        let nonce = Nonce::try_assume_unique_for_key(&nonce).ok()?;
        let text = self
            .key
            .open_in_place(nonce, Aad::empty(), &mut sealed)
            .ok()?;
        String::from_utf8(text.to_vec()).ok()
    }

    fn of(bytes: [u8; 32]) -> Self {
        let key = RandomizedNonceKey::new(&AES_256_GCM, &bytes);
        Self {
            bytes,
            key: key.expect("the key has the right length"),
        }
    }
}

impl Debug for SealingKey {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SealingKey").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sealed_is_read_with_the_same_key_alone() {
        let key = SealingKey::generate();
        let sealed = key.seal("who and what");
        let again = SealingKey::read(key.bytes()).unwrap();
        assert_eq!(again.open(&sealed).as_deref(), Some("who and what"));
        assert!(SealingKey::generate().open(&sealed).is_none());
        for wrong in ["", "AAAA", &sealed[1..], &sealed.to_lowercase()] {
            assert!(again.open(wrong).is_none(), "{wrong}");
        }
    }
}
