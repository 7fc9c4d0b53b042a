// Asks the broker for a token of its default account, and shows nothing to anybody.

use azure_core::credentials::TokenCredential;
use azure_identity_broker::{BrokerCredential, Error};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let credential = BrokerCredential::new(None)?;
    match credential.get_token(&[VAULT], None).await {
        Ok(token) => println!("a token until {}", token.expires_on),
        Err(error) => {
            let next_step = Error::find(&error).and_then(Error::next_step);
            println!("{error}; {}", next_step.unwrap_or("see the error"));
        }
    }
    Ok(())
}

const VAULT: &str = "https://vault.azure.net/.default";
