//! Proofs of possession, made here by hand: the vault takes one of the key that the token is bound to alone.

use aws_lc_rs::{
    digest::{SHA256, digest},
    rand::SystemRandom,
    rsa::KeySize,
    signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair},
};
use azbroker_emulator::{
    Emulator,
    default_world::{ADA, VAULT_URL},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::harness::*;

#[tokio::test]
async fn a_proof_of_another_key_than_the_tokens_is_refused() {
    let emulator = emulator().await;
    let mut app = App::listen().await;
    let signed_in = app.tokens(&emulator, ADA, &[]).await;
    let (own, other) = (Key::new(), Key::new());
    let confirmation = URL_SAFE_NO_PAD.encode(json!({ "kid": own.id }).to_string());
    let (_, answer) = refresh(
        &emulator,
        signed_in["refresh_token"].as_str().expect("a token"),
        &[
            ("scope", "https://vault.azure.net/.default"),
            ("token_type", "pop"),
            ("req_cnf", &confirmation),
        ],
    )
    .await;
    let token = answer["access_token"].as_str().expect("a token");

    let (status, answer) = show(&emulator, &other.proof(token)).await;
    assert_eq!(status, 401);
    let message = answer["error"]["message"].as_str().expect("a message");
    assert!(
        message.ends_with(": the token is bound to another key."),
        "{message}"
    );
    let (status, answer) = show(&emulator, &own.proof(token)).await;
    assert_eq!(status, 200, "{answer}");
}

async fn show(emulator: &Emulator, proof: &str) -> (u16, Value) {
    let url = format!("{VAULT_URL}/secrets/MySecret?api-version=7.4");
    let request = emulator.http_client().get(url);
    let answer = request.header("authorization", format!("PoP {proof}"));
    let answer = answer.send().await.expect("an answer");
    let status = answer.status().as_u16();
    (status, json(&answer.text().await.expect("a body")))
}

struct Key {
    pair: RsaKeyPair,
    jwk: Value,
    /// RFC 7638 section 3.
    id: String,
}

impl Key {
    fn new() -> Self {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).expect("a key");
        let public = pair.public_key();
        let n = URL_SAFE_NO_PAD.encode(public.modulus().big_endian_without_leading_zero());
        let e = URL_SAFE_NO_PAD.encode(public.exponent().big_endian_without_leading_zero());
        let canonical = format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#);
        let id = URL_SAFE_NO_PAD.encode(digest(&SHA256, canonical.as_bytes()));
        let jwk = json!({ "kty": "RSA", "n": n, "e": e });
        Self { pair, jwk, id }
    }

    /// The signed request for the secret, with the token in it.
    fn proof(&self, token: &str) -> String {
        let issued = token.split('.').nth(1).expect("claims");
        let issued = URL_SAFE_NO_PAD.decode(issued).expect("base64");
        let issued: Value = serde_json::from_slice(&issued).expect("JSON");
        let header = json!({ "typ": "pop", "alg": "RS256", "kid": self.id });
        let claims = json!({
            "at": token,
            "ts": issued["iat"],
            "m": "GET",
            "u": "demo.vault.azure.net",
            "p": "/secrets/MySecret",
            "nonce": "n",
            "cnf": { "jwk": self.jwk },
        });
        let [header, claims] =
            [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                format!("{header}.{claims}").as_bytes(),
                &mut signature,
            )
            .expect("a signature");
        format!("{header}.{claims}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}
