// Reads a secret with a token that is good for this one request alone; the broker signs it.

use azure_core::http::{Method, Request, Url, new_http_client};
use azure_identity_broker::{AcquireOptions, BrokerCredential, ProofOfPossession};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = Url::parse("https://demo.vault.azure.net/secrets/MySecret?api-version=7.4")?;
    let credential = BrokerCredential::new(None)?;
    let options = AcquireOptions {
        proof_of_possession: Some(ProofOfPossession::new(Method::Get, url.clone())),
        ..Default::default()
    };
    let token = credential
        .acquire_token(&["https://vault.azure.net/.default"], options)
        .await?;

    let mut request = Request::new(url, Method::Get);
    request.insert_header("authorization", format!("PoP {}", token.token.secret()));
    let answer = new_http_client(None).execute_request(&request).await?;
    println!("the vault answers with {}", answer.status());
    Ok(())
}
