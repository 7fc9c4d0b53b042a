"""Two calls for the same scope, then one for another, with one credential."""

import base64
import json
import time

import msal
from azure.identity.broker import InteractiveBrowserBrokerCredential

credential = InteractiveBrowserBrokerCredential(
    parent_window_handle=msal.PublicClientApplication.CONSOLE_WINDOW_HANDLE,
    use_default_broker_account=True,
)


def claims(token):
    payload = token.token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


first = credential.get_token("https://vault.azure.net/.default")
second = credential.get_token("https://vault.azure.net/.default")
other = credential.get_token("https://management.azure.com/.default")

print("audiences:", ", ".join(claims(token)["aud"] for token in (first, second, other)))
print(f"the same scope gives the same token: {first.token == second.token}")
print(f"another scope gives another token: {first.token != other.token}")
print(f"valid for more than 5 minutes: {first.expires_on > time.time() + 300}")
print(f"valid for less than 2 hours: {first.expires_on < time.time() + 7200}")
