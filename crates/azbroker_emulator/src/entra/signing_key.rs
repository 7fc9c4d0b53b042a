//! The key that signs tokens.

use std::fmt::{Debug, Formatter};

use aws_lc_rs::{
    digest,
    encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der},
    rand::SystemRandom,
    rsa::KeySize,
    signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, errors::ErrorKind};
use serde_json::{Value, json};
use thiserror::Error;

/// The signing key could not be made.
#[derive(Debug, Error)]
#[error("making an RSA key failed")]
pub(crate) struct KeyError;

/// An RSA key, made on start.
pub(crate) struct SigningKey {
    pair: RsaKeyPair,
    id: String,
    modulus: Vec<u8>,
    exponent: Vec<u8>,
    decoding: DecodingKey,
}

/// Why a token is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenFault {
    Malformed,
    Signature,
    Issuer,
    Audience,
    Expired,
}

impl SigningKey {
    /// Makes a key; this takes long.
    pub(crate) fn generate() -> Result<Self, KeyError> {
        Self::of(RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| KeyError)?)
    }

    /// Reads what [`to_pkcs8`](Self::to_pkcs8) wrote.
    pub(crate) fn from_pkcs8(der: &[u8]) -> Result<Self, KeyError> {
        Self::of(RsaKeyPair::from_pkcs8(der).map_err(|_| KeyError)?)
    }

    pub(crate) fn to_pkcs8(&self) -> Result<Vec<u8>, KeyError> {
        let der: Pkcs8V1Der<'_> = self.pair.as_der().map_err(|_| KeyError)?;
        Ok(der.as_ref().to_vec())
    }

    fn of(pair: RsaKeyPair) -> Result<Self, KeyError> {
        let public = pair.public_key();
        let modulus = public.modulus().big_endian_without_leading_zero().to_vec();
        let exponent = public.exponent().big_endian_without_leading_zero().to_vec();
        let der: PublicKeyX509Der<'_> = public.as_der().map_err(|_| KeyError)?;
        let id =
            URL_SAFE_NO_PAD.encode(&digest::digest(&digest::SHA256, der.as_ref()).as_ref()[..20]);
        let decoding = DecodingKey::from_rsa_raw_components(&modulus, &exponent);
        Ok(Self {
            pair,
            id,
            modulus,
            exponent,
            decoding,
        })
    }

    /// The public key, see [RFC 7517 section 4](https://www.rfc-editor.org/rfc/rfc7517#section-4).
    pub(crate) fn jwk(&self) -> Value {
        json!({
            "kty": "RSA",
            "use": "sig",
            "alg": "RS256",
            "kid": self.id,
            "x5t": self.id,
            "n": URL_SAFE_NO_PAD.encode(&self.modulus),
            "e": URL_SAFE_NO_PAD.encode(&self.exponent),
        })
    }

    /// Signs claims as a token, see [RFC 7515 section 3.1](https://www.rfc-editor.org/rfc/rfc7515#section-3.1).
    pub(crate) fn sign(&self, claims: &Value) -> String {
        // Signed here and not by the JWT library, which would read the private key anew for each token.
        let header = json!({"typ": "JWT", "alg": "RS256", "kid": self.id, "x5t": self.id});
        let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let message = format!("{}.{}", encode(&header), encode(claims));
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                message.as_bytes(),
                &mut signature,
            )
            .expect("a key of 2048 bits signs any message");
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// Checks a token and returns its claims.
    pub(crate) fn verify(
        &self,
        token: &str,
        issuer: &str,
        audiences: &[&str],
        now: i64,
    ) -> Result<Value, TokenFault> {
        let mut validation = Validation::new(Algorithm::RS256);
        validation.set_issuer(&[issuer]);
        validation.set_audience(audiences);
        validation.set_required_spec_claims(&["exp", "nbf", "iss", "aud"]);
        // The library knows this machine's clock alone.
        validation.validate_exp = false;
        let claims = jsonwebtoken::decode::<Value>(token, &self.decoding, &validation)
            .map_err(|error| match error.kind() {
                ErrorKind::InvalidSignature | ErrorKind::InvalidAlgorithm => TokenFault::Signature,
                ErrorKind::InvalidIssuer => TokenFault::Issuer,
                ErrorKind::InvalidAudience => TokenFault::Audience,
                _ => TokenFault::Malformed,
            })?
            .claims;
        let time = |name: &str| claims[name].as_i64();
        match (time("nbf"), time("exp")) {
            (Some(from), Some(until)) if from <= now && now < until => Ok(claims),
            _ => Err(TokenFault::Expired),
        }
    }
}

impl Debug for SigningKey {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}
