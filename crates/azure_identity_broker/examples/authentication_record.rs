// Signs in once, and finds the account again at the next run: `authentication_record FILE`.

use azure_core::credentials::TokenCredential;
use azure_identity_broker::{
    AuthenticationRecord, InteractiveBrowserCredential, InteractiveBrowserCredentialOptions,
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let file = std::env::args()
        .nth(1)
        .ok_or("name a file for the record")?;
    let saved = std::fs::read_to_string(&file).ok();
    let record = saved.as_deref().map(AuthenticationRecord::deserialize);
    let is_first_run = record.is_none();

    let credential =
        InteractiveBrowserCredential::new(Some(InteractiveBrowserCredentialOptions {
            authentication_record: record.transpose()?,
            ..Default::default()
        }))?;
    if is_first_run {
        let record = credential.authenticate(&[VAULT], None).await?;
        std::fs::write(&file, record.serialize()?)?;
        println!("signed in as {}", record.username());
    }
    let token = credential.get_token(&[VAULT], None).await?;
    println!("a token until {}", token.expires_on);
    Ok(())
}

const VAULT: &str = "https://vault.azure.net/.default";
