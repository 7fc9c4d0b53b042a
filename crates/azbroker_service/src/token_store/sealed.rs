//! The form of the encrypted file: a header in clear text, which the encryption vouches for, and what it hides.
//!
//! | bytes | |
//! | --- | --- |
//! | 8 | `azbroker` |
//! | 1 | version, 1 |
//! | 1 | how the key is derived: 1 HKDF-SHA-256 of key material, 2 Argon2id of a passphrase and then HKDF |
//! | 16 | salt of the derivation, random for each file |
//! | 16 | what tells whether a key is the right one |
//! | 12 | nonce, random for each write |
//! | 8 | length of the rest, big-endian |
//! | … | AES-256-GCM of the content, with its tag; the header is its associated data |

use super::key_source::KeySecret;
use argon2::Argon2;
use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hkdf, rand,
};
use std::fmt;
use zeroize::Zeroizing;

/// A key with the salt it was derived with.
pub(super) struct StoreKey {
    derivation: u8,
    salt: [u8; SALT],
    check: [u8; CHECK],
    key: LessSafeKey,
}

/// Why content cannot be sealed or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum SealError {
    #[error("is no store of azbroker; move it away")]
    NotOurs,
    #[error("is of version {0}, which this broker does not know; use the broker that wrote it")]
    Version(u8),
    #[error(
        "was encrypted under {0}, and the broker was given {1}; give it the one it was encrypted under"
    )]
    Source(&'static str, &'static str),
    #[error("was encrypted under another key or passphrase; give the broker that one")]
    WrongKey,
    #[error("is truncated; bring it back from a backup, or move it away and sign in again")]
    Truncated,
    #[error(
        "was damaged or tampered with; bring it back from a backup, or move it away and sign in again"
    )]
    Damaged,
    #[error("cannot be encrypted: the system gives no random numbers or memory")]
    System,
}

impl StoreKey {
    /// A key for a new file.
    pub(super) fn new(secret: &KeySecret) -> Result<Self, SealError> {
        let mut salt = [0; SALT];
        rand::fill(&mut salt).map_err(|_| SealError::System)?;
        Self::derive(secret, salt)
    }

    fn derive(secret: &KeySecret, salt: [u8; SALT]) -> Result<Self, SealError> {
        let derive = |material: &[u8]| Self::expand(derivation(secret), salt, material);
        match secret {
            KeySecret::Material(material) => derive(material.expose()),
            KeySecret::Passphrase(passphrase) => {
                let mut stretched = Zeroizing::new([0; KEY]);
                // 19 MiB and two passes of Argon2id, as OWASP has it.
                Argon2::default()
                    .hash_password_into(passphrase.expose().as_bytes(), &salt, &mut *stretched)
                    .map_err(|_| SealError::System)?;
                derive(&*stretched)
            }
        }
    }

    fn expand(derivation: u8, salt: [u8; SALT], material: &[u8]) -> Result<Self, SealError> {
        let root = hkdf::Salt::new(hkdf::HKDF_SHA256, &salt).extract(material);
        let mut key = Zeroizing::new([0; KEY]);
        let mut check = [0; CHECK];
        fill(&root, b"azbroker accounts: encryption", &mut *key)?;
        fill(&root, b"azbroker accounts: check", &mut check)?;
        let key = UnboundKey::new(&AES_256_GCM, &*key).map_err(|_| SealError::System)?;
        Ok(Self {
            derivation,
            salt,
            check,
            key: LessSafeKey::new(key),
        })
    }

    /// Encrypts content into the bytes of a file.
    pub(super) fn seal(&self, content: &[u8]) -> Result<Vec<u8>, SealError> {
        let mut nonce = [0; NONCE_LEN];
        rand::fill(&mut nonce).map_err(|_| SealError::System)?;
        let mut sealed = Vec::with_capacity(HEADER + content.len() + TAG);
        sealed.extend_from_slice(MAGIC);
        sealed.extend_from_slice(&[VERSION, self.derivation]);
        sealed.extend_from_slice(&self.salt);
        sealed.extend_from_slice(&self.check);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&((content.len() + TAG) as u64).to_be_bytes());
        sealed.extend_from_slice(content);
        let (header, body) = sealed.split_at_mut(HEADER);
        let tag = self
            .key
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(&*header),
                body,
            )
            .map_err(|_| SealError::System)?;
        sealed.extend_from_slice(tag.as_ref());
        Ok(sealed)
    }
}

/// Never the key.
impl fmt::Debug for StoreKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StoreKey")
    }
}

/// Decrypts the bytes of a file, with a key that is there if it is the file's, else with one derived from the
/// secret, which takes its place.
pub(super) fn open(
    sealed: &[u8],
    secret: &KeySecret,
    known: &mut Option<StoreKey>,
) -> Result<Zeroizing<Vec<u8>>, SealError> {
    let header = Header::read(sealed)?;
    if header.derivation != derivation(secret) {
        return Err(SealError::Source(
            name(header.derivation),
            name(derivation(secret)),
        ));
    }
    // The length first: it is cheap, and a key is not.
    let body = sealed.get(HEADER..).unwrap_or_default();
    match (body.len() as u64).cmp(&header.length) {
        std::cmp::Ordering::Less => return Err(SealError::Truncated),
        std::cmp::Ordering::Greater => return Err(SealError::Damaged),
        std::cmp::Ordering::Equal => {}
    }
    let key = match known.take() {
        Some(key) if key.salt == header.salt => key,
        _ => StoreKey::derive(secret, header.salt)?,
    };
    // It is no secret: without the key it says nothing of it.
    if key.check != header.check {
        return Err(SealError::WrongKey);
    }
    let mut content = Zeroizing::new(body.to_vec());
    let length = key
        .key
        .open_in_place(
            Nonce::assume_unique_for_key(header.nonce),
            Aad::from(&sealed[..HEADER]),
            &mut content,
        )
        .map_err(|_| SealError::Damaged)?
        .len();
    content.truncate(length);
    *known = Some(key);
    Ok(content)
}

struct Header {
    derivation: u8,
    salt: [u8; SALT],
    check: [u8; CHECK],
    nonce: [u8; NONCE_LEN],
    length: u64,
}

impl Header {
    fn read(sealed: &[u8]) -> Result<Self, SealError> {
        let mut rest = match sealed.strip_prefix(MAGIC) {
            Some(rest) => rest,
            None if MAGIC.starts_with(sealed) => return Err(SealError::Truncated),
            None => return Err(SealError::NotOurs),
        };
        let [version] = part(&mut rest)?;
        if version != VERSION {
            return Err(SealError::Version(version));
        }
        let [derivation] = part(&mut rest)?;
        if !matches!(derivation, OF_MATERIAL | OF_PASSPHRASE) {
            return Err(SealError::Damaged);
        }
        Ok(Self {
            derivation,
            salt: part(&mut rest)?,
            check: part(&mut rest)?,
            nonce: part(&mut rest)?,
            length: u64::from_be_bytes(part(&mut rest)?),
        })
    }
}

fn part<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], SealError> {
    let (part, left) = rest.split_first_chunk().ok_or(SealError::Truncated)?;
    *rest = left;
    Ok(*part)
}

fn fill(root: &hkdf::Prk, purpose: &[u8], bytes: &mut [u8]) -> Result<(), SealError> {
    root.expand(&[purpose], Length(bytes.len()))
        .and_then(|key| key.fill(bytes))
        .map_err(|_| SealError::System)
}

#[derive(Clone, Copy)]
struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

fn derivation(secret: &KeySecret) -> u8 {
    match secret {
        KeySecret::Material(_) => OF_MATERIAL,
        KeySecret::Passphrase(_) => OF_PASSPHRASE,
    }
}

fn name(derivation: u8) -> &'static str {
    match derivation {
        OF_MATERIAL => "a systemd credential",
        _ => "a passphrase",
    }
}

const MAGIC: &[u8] = b"azbroker";
const VERSION: u8 = 1;
const OF_MATERIAL: u8 = 1;
const OF_PASSPHRASE: u8 = 2;
const SALT: usize = 16;
const CHECK: usize = 16;
const KEY: usize = 32;
const TAG: usize = 16;
const HEADER: usize = 8 + 1 + 1 + SALT + CHECK + NONCE_LEN + 8;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token_store::key_source::Material;

    fn material(byte: u8) -> KeySecret {
        KeySecret::Material(Material::new(&[byte; 32]))
    }

    fn sealed(secret: &KeySecret) -> Vec<u8> {
        let key = StoreKey::new(secret).unwrap();
        key.seal(b"what is hidden").unwrap()
    }

    #[test]
    fn what_was_sealed_is_opened_and_is_not_to_be_read() {
        let file = sealed(&material(1));
        assert!(!file.windows(6).any(|part| part == b"hidden"));
        let content = open(&file, &material(1), &mut None).unwrap();
        assert_eq!(&**content, b"what is hidden");
        let again = sealed(&material(1));
        assert_ne!(file[HEADER..], again[HEADER..], "each write is another");
    }

    #[test]
    fn a_change_of_any_bit_is_noticed() {
        let file = sealed(&material(1));
        for at in 0..file.len() {
            for bit in 0..8 {
                let mut changed = file.clone();
                changed[at] ^= 1 << bit;
                let fault = open(&changed, &material(1), &mut None).unwrap_err();
                let expected = match at {
                    0..8 => SealError::NotOurs,
                    8 => SealError::Version(changed[8]),
                    _ => fault,
                };
                assert_eq!(fault, expected, "byte {at}");
                if at >= HEADER {
                    assert_eq!(fault, SealError::Damaged, "byte {at}");
                }
            }
        }
    }

    #[test]
    fn a_file_that_ends_anywhere_too_early_is_truncated_and_one_with_more_is_damaged() {
        let file = sealed(&material(1));
        for length in 0..file.len() {
            let fault = open(&file[..length], &material(1), &mut None).unwrap_err();
            assert_eq!(fault, SealError::Truncated, "{length} bytes");
        }
        let more = [file.as_slice(), b"x"].concat();
        let fault = open(&more, &material(1), &mut None).unwrap_err();
        assert_eq!(fault, SealError::Damaged);
    }

    #[test]
    fn another_key_and_another_kind_of_key_are_told_apart_from_damage() {
        let words = |words: &str| {
            let words = Zeroizing::new(words.to_owned());
            KeySecret::Passphrase(crate::Passphrase::new(words).unwrap())
        };
        let file = sealed(&material(1));
        let fault = |file: &[u8], secret| open(file, &secret, &mut None).unwrap_err();
        assert_eq!(fault(&file, material(2)), SealError::WrongKey);
        assert_eq!(
            fault(&file, words("words")).to_string(),
            "was encrypted under a systemd credential, and the broker was given a passphrase; \
             give it the one it was encrypted under"
        );
        let file = sealed(&words("correct horse"));
        assert_eq!(fault(&file, words("battery staple")), SealError::WrongKey);
        let content = open(&file, &words("correct horse\n"), &mut None).unwrap();
        assert_eq!(&**content, b"what is hidden");
    }
}
