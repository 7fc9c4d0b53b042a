"""The same program with what people change in it.

A refusal is printed as one line on standard output, and ends it with exit code 1.
"""

import argparse
import sys

import msal
from azure.core.exceptions import AzureError, HttpResponseError
from azure.identity import InteractiveBrowserCredential
from azure.identity.broker import InteractiveBrowserBrokerCredential
from azure.keyvault.secrets import SecretClient

parser = argparse.ArgumentParser()
parser.add_argument("--client-id")
parser.add_argument("--login-hint")
parser.add_argument("--tenant")
parser.add_argument("--no-default-account", action="store_true")
parser.add_argument("--no-broker", action="store_true")
parser.add_argument("--redirect-uri")
parser.add_argument("--vault", default="https://demo.vault.azure.net")
parser.add_argument("--secret", default="MySecret")
options = parser.parse_args()

named = {
    "client_id": options.client_id,
    "login_hint": options.login_hint,
    "tenant_id": options.tenant,
    "redirect_uri": options.redirect_uri,
}
given = {name: value for name, value in named.items() if value is not None}

try:
    if options.no_broker:
        credential = InteractiveBrowserCredential(timeout=60, **given)
    else:
        credential = InteractiveBrowserBrokerCredential(
            parent_window_handle=msal.PublicClientApplication.CONSOLE_WINDOW_HANDLE,
            use_default_broker_account=not options.no_default_account,
            timeout=60,
            **given,
        )
    client = SecretClient(options.vault, credential, retry_total=0)
    secret = client.get_secret(options.secret)
    print(f"{secret.name} = {secret.value}")
except AzureError as error:
    status = error.status_code if isinstance(error, HttpResponseError) else None
    text = " ".join(str(error).split())
    print(" | ".join(str(part) for part in (type(error).__name__, status, text) if part))
    sys.exit(1)
