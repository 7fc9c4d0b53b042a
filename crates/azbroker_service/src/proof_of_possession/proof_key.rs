use super::HttpRequest;
use aws_lc_rs::{
    digest::{SHA256, digest},
    rand::SystemRandom,
    rsa::KeySize,
    signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair},
};
use azbroker_entra::KeyId;
use azure_core::{credentials::Secret, time::OffsetDateTime};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use std::fmt;
use zeroize::Zeroizing;

/// The key that the broker proves possession with.
///
/// RSA of 2048 bits with RS256, which all of MSAL uses and so every service reads. It lives as long as the process and
/// is never written anywhere; the library wipes its memory when it is dropped. Making one takes half a second, signing
/// about a millisecond.
pub(crate) struct ProofKey {
    pair: RsaKeyPair,
    id: KeyId,
    jwk: Value,
}

/// The key could not be made, or did not sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the key for proof of possession cannot be used")]
pub(crate) struct ProofKeyError;

impl ProofKey {
    /// Makes a key. It takes long: never on a thread that others wait for.
    pub(crate) fn generate() -> Result<Self, ProofKeyError> {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| ProofKeyError)?;
        let public = pair.public_key();
        let n = URL_SAFE_NO_PAD.encode(public.modulus().big_endian_without_leading_zero());
        let e = URL_SAFE_NO_PAD.encode(public.exponent().big_endian_without_leading_zero());
        // RFC 7638 section 3: these members, in this order, without white space.
        let canonical = format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#);
        let thumbprint = URL_SAFE_NO_PAD.encode(digest(&SHA256, canonical.as_bytes()));
        Ok(Self {
            id: KeyId::parse(&thumbprint).map_err(|_| ProofKeyError)?,
            jwk: json!({ "kty": "RSA", "n": n, "e": e, "alg": "RS256", "kid": thumbprint }),
            pair,
        })
    }

    /// The thumbprint of the public key.
    pub(crate) fn id(&self) -> &KeyId {
        &self.id
    }

    /// Signs a request, with the token inside where one is to be presented.
    ///
    /// # Errors
    ///
    /// When the key does not sign.
    pub(crate) fn sign(
        &self,
        request: &HttpRequest,
        access_token: Option<&Secret>,
        now: OffsetDateTime,
    ) -> Result<Secret, ProofKeyError> {
        let header = json!({ "typ": "pop", "alg": "RS256", "kid": self.id.as_str() });
        let mut claims = request.claims();
        claims.insert("ts".to_owned(), json!(now.unix_timestamp()));
        claims.insert("cnf".to_owned(), json!({ "jwk": self.jwk }));
        if let Some(token) = access_token {
            claims.insert("at".to_owned(), json!(token.secret()));
        }
        let claims = Zeroizing::new(Value::Object(claims).to_string());
        let mut signed = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(header.to_string()),
            URL_SAFE_NO_PAD.encode(claims.as_bytes())
        );
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                signed.as_bytes(),
                &mut signature,
            )
            .map_err(|_| ProofKeyError)?;
        signed.push('.');
        URL_SAFE_NO_PAD.encode_string(&signature, &mut signed);
        Ok(Secret::new(signed))
    }
}

impl fmt::Debug for ProofKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProofKey")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}
