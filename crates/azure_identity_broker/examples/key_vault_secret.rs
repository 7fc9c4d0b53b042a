// Reads a secret from Azure Key Vault, with no secret of its own.

use azure_identity_broker::{
    BrokerOptions, InteractiveBrowserCredential, InteractiveBrowserCredentialOptions,
};
use azure_security_keyvault_secrets::SecretClient;

#[tokio::main(flavor = "local")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let vault = std::env::var("AZURE_KEYVAULT_URL")
        .unwrap_or_else(|_| "https://demo.vault.azure.net/".to_owned());

    let credential =
        InteractiveBrowserCredential::new(Some(InteractiveBrowserCredentialOptions {
            broker: BrokerOptions {
                use_default_account: true,
                ..Default::default()
            },
            ..Default::default()
        }))?;
    let client = SecretClient::new(&vault, credential, None)?;

    let secret = client.get_secret("MySecret", None).await?.into_model()?;
    println!("MySecret = {}", secret.value.unwrap_or_default());
    Ok(())
}
