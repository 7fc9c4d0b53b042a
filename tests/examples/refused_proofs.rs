// Shows the vault proofs of possession that do not fit the request they come with, and prints what it says of each.
//
// The library and the broker made them all; what an attacker changes in them is changed here.

use azure_core::{
    base64::{decode_url_safe, encode_url_safe},
    http::{HttpClient, Method, Request, Url, new_http_client},
};
use azure_identity_broker::{AcquireOptions, BrokerCredential, ProofOfPossession};
use serde_json::{Value, json};
use std::{error::Error, sync::Arc};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let program = Program {
        credential: BrokerCredential::new(None)?,
        http: new_http_client(None),
    };
    let get = |url: &str| Url::parse(url).map(|url| ProofOfPossession::new(Method::Get, url));

    let right = program.proof(get(SECRET)?).await?;
    program.show("as it was signed", "PoP", &right).await?;
    program.show("once more", "PoP", &right).await?;

    for (what, wrong) in [
        ("another path", get(&SECRET.replace("MySecret", "Other"))?),
        ("another host", get(&SECRET.replace("demo", "other"))?),
        (
            "another method",
            ProofOfPossession {
                method: Method::Post,
                ..get(SECRET)?
            },
        ),
    ] {
        let proof = program.proof(wrong).await?;
        program.show(what, "PoP", &proof).await?;
    }

    let with_nonce = ProofOfPossession {
        nonce: Some("n".to_owned()),
        ..get(SECRET)?
    };
    for what in ["a nonce", "the nonce of another proof"] {
        let proof = program.proof(with_nonce.clone()).await?;
        program.show(what, "PoP", &proof).await?;
    }

    let other_key = json!({ "kty": "RSA", "n": KEY, "e": "AQAB" });
    let other = program
        .proof(ProofOfPossession {
            method: Method::Post,
            ..get(&SECRET.replace("MySecret", "Other"))?
        })
        .await?;
    for (what, name, value) in [
        ("a path put in", "p", json!("/secrets/MySecret")),
        ("a method put in", "m", json!("GET")),
        ("a nonce put in", "nonce", json!("another")),
        ("a key put in", "cnf", json!({ "jwk": other_key })),
    ] {
        let changed = with(1, &other, name, value)?;
        program.show(what, "PoP", &changed).await?;
    }
    // What says which key it is is put in as well: all fits but the signature.
    let of_key = with(1, &other, "cnf", json!({ "jwk": other_key }))?;
    let of_key = with(0, &of_key, "kid", json!(KEY_ID))?;
    program
        .show("a key put in everywhere", "PoP", &of_key)
        .await?;

    let inside = part(1, &right)?["at"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    program
        .show("the token without its proof", "Bearer", &inside)
        .await
}

struct Program {
    credential: Arc<BrokerCredential>,
    http: Arc<dyn HttpClient>,
}

impl Program {
    async fn proof(&self, of: ProofOfPossession) -> azure_core::Result<String> {
        let options = AcquireOptions {
            proof_of_possession: Some(of),
            ..Default::default()
        };
        let token = self
            .credential
            .acquire_token(&["https://vault.azure.net/.default"], options)
            .await?;
        Ok(token.token.secret().to_owned())
    }

    /// Asks for the secret with a token, and prints the status and what is wrong with the token.
    async fn show(&self, what: &str, scheme: &str, token: &str) -> Result<(), Box<dyn Error>> {
        let mut request = Request::new(Url::parse(SECRET)?, Method::Get);
        request.insert_header("authorization", format!("{scheme} {token}"));
        let answer = self.http.execute_request(&request).await?;
        let status = answer.status();
        let body: Value = serde_json::from_slice(&answer.into_body().collect().await?)?;
        let message = body["error"]["message"].as_str().unwrap_or("the secret");
        println!("{what}: {status} {message}");
        Ok(())
    }
}

/// One part of a signed token: 0 is its header, 1 its claims.
fn part(number: usize, token: &str) -> Result<Value, Box<dyn Error>> {
    let text = token.split('.').nth(number).unwrap_or_default();
    Ok(serde_json::from_slice(&decode_url_safe(text)?)?)
}

/// The token with another value in one of its parts, and the signature that it had.
fn with(number: usize, token: &str, name: &str, value: Value) -> Result<String, Box<dyn Error>> {
    let mut changed = part(number, token)?;
    changed[name] = value;
    let mut parts: Vec<_> = token.split('.').map(str::to_owned).collect();
    parts[number] = encode_url_safe(changed.to_string());
    Ok(parts.join("."))
}

const SECRET: &str = "https://demo.vault.azure.net/secrets/MySecret?api-version=7.4";

/// The public key of [RFC 7638 section 3.1](https://www.rfc-editor.org/rfc/rfc7638#section-3.1), and its thumbprint.
const KEY: &str = concat!(
    "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjB",
    "ZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8",
    "KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_",
    "xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
);
const KEY_ID: &str = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs";
