//! Proof of possession: an access token inside a request that its key signed.
//!
//! See [draft-ietf-oauth-signed-http-request-03](https://datatracker.ietf.org/doc/html/draft-ietf-oauth-signed-http-request-03).

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::digest::{SHA256, digest};
use axum::http::{Method, Uri};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{
    Algorithm, DecodingKey, Validation, decode, decode_header,
    jwk::{Jwk, ThumbprintHash},
};
use serde_json::{Value, json};

/// A signed HTTP request whose signature is right.
#[derive(Debug)]
pub(super) struct SignedRequest {
    claims: Value,
    /// The thumbprint of the key that signed it.
    key: String,
}

/// The request that came.
#[derive(Clone, Copy, Debug)]
pub(super) struct Came<'a> {
    pub(super) method: &'a Method,
    pub(super) host: &'a str,
    pub(super) uri: &'a Uri,
}

impl SignedRequest {
    /// Reads a signed request and checks its signature with the key that it names.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let header = decode_header(text).map_err(|_| "it is no signed token")?;
        if header.typ.as_deref() != Some("pop") || header.alg != Algorithm::RS256 {
            return Err("its type or algorithm is another");
        }
        let claims = text
            .split('.')
            .nth(1)
            .and_then(|part| URL_SAFE_NO_PAD.decode(part).ok())
            .and_then(|json| serde_json::from_slice::<Value>(&json).ok())
            .ok_or("its claims cannot be read")?;
        let jwk: Jwk =
            serde_json::from_value(claims["cnf"]["jwk"].clone()).map_err(|_| "it names no key")?;
        let key = jwk
            .thumbprint(ThumbprintHash::SHA256)
            .map_err(|_| "its key has no thumbprint")?;
        if header.kid.as_deref() != Some(&key) {
            return Err("its header names another key");
        }
        let decoding = DecodingKey::from_jwk(&jwk).map_err(|_| "its key cannot be used")?;
        let mut validation = Validation::new(Algorithm::RS256);
        validation.set_required_spec_claims::<&str>(&[]);
        validation.validate_exp = false;
        validation.validate_aud = false;
        decode::<Value>(text, &decoding, &validation).map_err(|_| "its signature is wrong")?;
        Ok(Self { claims, key })
    }

    /// The access token inside.
    pub(super) fn access_token(&self) -> Option<&str> {
        self.claims["at"].as_str()
    }

    /// Checks that it is about the request that came, that the token in it is bound to its key, and that it is new.
    pub(super) fn check(
        &self,
        token: &Value,
        came: Came<'_>,
        now: i64,
        seen: &Seen,
    ) -> Result<(), &'static str> {
        if token["cnf"]["kid"].as_str() != Some(&self.key) {
            return Err("the token is bound to another key");
        }
        let is = |name: &str, value: &str| self.claims[name].as_str() == Some(value);
        if !is("m", came.method.as_str()) {
            return Err("it is for another method");
        }
        if !is("u", came.host) {
            return Err("it is for another host");
        }
        if !is("p", came.uri.path()) {
            return Err("it is for another path");
        }
        // What is not signed may be anything; what is must be so.
        if !self.claims["q"].is_null()
            && self.claims["q"]
                != query_claim(came.uri.query().unwrap_or_default(), &self.claims["q"][0])
        {
            return Err("it is for another query");
        }
        let signed_at = self.claims["ts"].as_i64().ok_or("it has no time")?;
        if (now - signed_at).abs() > LONGEST_SECONDS {
            return Err("it was signed at another time");
        }
        let nonce = self.claims["nonce"]
            .as_str()
            .filter(|nonce| !nonce.is_empty())
            .ok_or("it has no nonce")?;
        if !seen.is_new(&self.key, nonce) {
            return Err("it was used before");
        }
        Ok(())
    }
}

/// The nonces that were used; each is good once.
#[derive(Debug, Default)]
pub(crate) struct Seen(Mutex<HashSet<(String, String)>>);

impl Seen {
    fn is_new(&self, key: &str, nonce: &str) -> bool {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.insert((key.to_owned(), nonce.to_owned()))
    }
}

/// What the claim must be for these names of the query, section 3.2.
fn query_claim(query: &str, names: &Value) -> Value {
    let signed: Vec<&str> = names
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let pairs: Vec<String> = signed
        .iter()
        .map(|name| {
            let mut values = query.split('&').filter_map(|pair| {
                let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
                (key == *name).then_some(value)
            });
            format!("{name}={}", values.next().unwrap_or_default())
        })
        .collect();
    let hash = digest(&SHA256, pairs.join("&").as_bytes());
    json!([names, URL_SAFE_NO_PAD.encode(hash)])
}

/// How far the time of a request may be from the vault's.
const LONGEST_SECONDS: i64 = 300;
