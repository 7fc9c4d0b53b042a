// Takes whatever the developer is signed in with, and says what that was.

use azure_core::credentials::TokenCredential;
use azure_identity_broker::DeveloperCredential;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let credential = DeveloperCredential::new(None)?;
    let token = credential.get_token(&[VAULT], None).await?;
    if let Some(source) = credential.source() {
        println!("{source} gave a token until {}", token.expires_on);
    }
    Ok(())
}

const VAULT: &str = "https://vault.azure.net/.default";
