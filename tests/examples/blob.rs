// Writes a blob to Azure Storage and reads it back: `blob URL`, with the address of the account.
//
// The text of the library's `key_vault_secret`, with the client of another service.

use azure_core::http::{RequestContent, Url};
use azure_identity_broker::{
    BrokerOptions, InteractiveBrowserCredential, InteractiveBrowserCredentialOptions,
};
use azure_storage_blob::BlobServiceClient;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let account = std::env::args().nth(1).ok_or("name the account's URL")?;

    let credential =
        InteractiveBrowserCredential::new(Some(InteractiveBrowserCredentialOptions {
            broker: BrokerOptions {
                use_default_account: true,
                ..Default::default()
            },
            ..Default::default()
        }))?;
    let client = BlobServiceClient::new(Url::parse(&account)?, Some(credential), None)?;

    let container = client.blob_container_client("notes");
    container.create(None).await?;
    let blob = container.blob_client("g.txt");
    let text = b"The engine weaves algebraical patterns.".to_vec();
    blob.upload(RequestContent::from(text), None).await?;

    let read = blob.download(None).await?.body.collect().await?;
    println!("g.txt = {}", String::from_utf8_lossy(&read));
    Ok(())
}
