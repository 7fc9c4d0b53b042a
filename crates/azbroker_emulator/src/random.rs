//! Values nobody can guess.

use aws_lc_rs::rand;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use uuid::Uuid;

/// 256 random bits in the alphabet of URLs.
pub(crate) fn token() -> String {
    URL_SAFE_NO_PAD.encode(bytes::<32>())
}

/// A random GUID, for correlation and trace IDs.
pub(crate) fn guid() -> String {
    uuid::Builder::from_random_bytes(bytes::<16>())
        .into_uuid()
        .hyphenated()
        .to_string()
}

/// 32 hexadecimal digits, as versions of a secret have.
pub(crate) fn hex() -> String {
    Uuid::from_bytes(bytes::<16>()).simple().to_string()
}

/// A code that a person types, without letters and digits that look alike.
pub(crate) fn user_code() -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    let letter = |byte: u8| char::from(LETTERS[usize::from(byte) % LETTERS.len()]);
    bytes::<9>().into_iter().map(letter).collect()
}

fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    // The library seeds itself once and never fails after; guessable secrets would be worse than stopping.
    rand::fill(&mut bytes).expect("the system has random numbers");
    bytes
}
