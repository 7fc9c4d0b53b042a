"""What a reader of the how-to page ends up with: the default account of the broker, silently if
that works, and one secret."""

import msal
from azure.identity.broker import InteractiveBrowserBrokerCredential
from azure.keyvault.secrets import SecretClient

credential = InteractiveBrowserBrokerCredential(
    parent_window_handle=msal.PublicClientApplication.CONSOLE_WINDOW_HANDLE,
    use_default_broker_account=True,
)

client = SecretClient("https://demo.vault.azure.net", credential)
secret = client.get_secret("MySecret")
print(f"{secret.name} = {secret.value}")
