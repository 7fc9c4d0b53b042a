// Takes the account that is signed in to Azure in Visual Studio Code.

use azure_core::credentials::TokenCredential;
use azure_identity_broker::VisualStudioCodeCredential;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let credential = VisualStudioCodeCredential::new(None)?;
    let token = credential.get_token(&[VAULT], None).await?;
    println!("a token until {}", token.expires_on);
    Ok(())
}

const VAULT: &str = "https://vault.azure.net/.default";
