// Signs in with a code that is entered at any device.

use azure_core::credentials::TokenCredential;
use azure_identity_broker::DeviceCodeCredential;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let credential = DeviceCodeCredential::new(|prompt| println!("{}", prompt.message()), None)?;
    let token = credential.get_token(&[VAULT], None).await?;
    println!("a token until {}", token.expires_on);
    Ok(())
}

const VAULT: &str = "https://vault.azure.net/.default";
