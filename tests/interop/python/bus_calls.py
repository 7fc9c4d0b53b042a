"""Calls a broker as other clients do, and as a broken or hostile one does.

Whatever the text of the request, the answer has to be a reply whose first argument is JSON: clients
take a D-Bus error for "no broker" and never ask again. Each call is one line; the last line counts
the answers that were D-Bus errors.
"""

import json
import os
import uuid

from jeepney import DBusAddress, MessageType, new_method_call
from jeepney.io.blocking import open_dbus_connection

BROKER = DBusAddress(
    "/com/microsoft/identity/broker1",
    bus_name="com.microsoft.identity.broker1",
    interface="com.microsoft.identity.Broker1",
)
AZURE_CLI = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
NATIVE_CLIENT = "https://login.microsoftonline.com/common/oauth2/nativeclient"


def token_request(**changes):
    parameters = {
        "authority": "https://login.microsoftonline.com/organizations",
        "authorizationType": 1,
        "clientId": AZURE_CLI,
        "redirectUri": NATIVE_CLIENT,
        "requestedScopes": ["https://vault.azure.net/.default"],
        "username": "",
        **changes,
    }
    return json.dumps({"authParameters": parameters})


CLIENT = json.dumps({"clientId": AZURE_CLI, "redirectUri": str(uuid.uuid4())})
DEEP = "[" * 100_000
CALLS = [
    ("accounts", "getAccounts", CLIENT),
    ("accounts, nothing but the client", "getAccounts", json.dumps({"clientId": AZURE_CLI})),
    ("version", "getLinuxBrokerVersion", json.dumps({"msalCppVersion": "12.0.2"})),
    ("token", "acquireTokenSilently", token_request()),
    ("token, unknown user", "acquireTokenSilently", token_request(username="nobody@contoso.example")),
    ("token, unknown field", "acquireTokenSilently", token_request(somethingNew={"a": [1, 2]})),
    ("token, no scope", "acquireTokenSilently", token_request(requestedScopes=[])),
    ("token, not a scope", "acquireTokenSilently", token_request(requestedScopes=["not a scope"])),
    ("token, foreign authority", "acquireTokenSilently", token_request(authority="https://evil.example/common")),
    ("token, http authority", "acquireTokenSilently", token_request(authority="http://login.microsoftonline.com/common")),
    ("token, authority is a number", "acquireTokenSilently", token_request(authority=7)),
    ("token, half JSON", "acquireTokenSilently", '{"authParameters":{"clientId":'),
    ("token, not an object", "acquireTokenSilently", "[]"),
    ("token, null", "acquireTokenSilently", "null"),
    ("token, empty", "acquireTokenSilently", ""),
    ("token, 1 MB of one letter", "acquireTokenSilently", "x" * 1_000_000),
    ("token, 1 MB inside JSON", "acquireTokenSilently", token_request(username="x" * 1_000_000)),
    ("token, nested without end", "acquireTokenSilently", DEEP),
    ("sign-in, half JSON", "acquireTokenInteractively", "{"),
    ("accounts, half JSON", "getAccounts", "{"),
    ("accounts, 1 MB of one letter", "getAccounts", "x" * 1_000_000),
    ("version, half JSON", "getLinuxBrokerVersion", "{"),
    ("remove, half JSON", "removeAccount", "{"),
    ("cancel, nothing to cancel", "cancelInteractiveFlow", '{"error":{"status":7}}'),
    ("cancel, half JSON", "cancelInteractiveFlow", "{"),
    ("cookie", "acquirePrtSsoCookie", CLIENT),
    ("signed request", "generateSignedHttpRequest", CLIENT),
    ("accounts, after all that", "getAccounts", CLIENT),
]


def shape(text):
    """Says what an answer is without its values: an answer may hold a token."""
    answer = json.loads(text)
    if not isinstance(answer, dict):
        return f"JSON, but {type(answer).__name__}"
    inner = answer.get("brokerTokenResponse")
    error = answer.get("error") or (inner.get("error") if isinstance(inner, dict) else None)
    if isinstance(error, dict):
        numbers = all(isinstance(error.get(name), int) for name in ("status", "errorCode", "tag"))
        context = isinstance(error.get("context"), str) and 0 < len(error["context"]) < 1000
        return f"error, status {error.get('status')}, {'complete' if numbers and context else 'INCOMPLETE'}"
    if isinstance(inner, dict):
        return f"token, type {inner.get('accessTokenType')}"
    if "accounts" in answer:
        return "accounts: " + ", ".join(account["username"] for account in answer["accounts"])
    return "fields: " + ", ".join(sorted(answer))


bus = open_dbus_connection(os.environ["DBUS_SESSION_BUS_ADDRESS"])
refused = 0
for name, method, request in CALLS:
    message = new_method_call(BROKER, method, "sss", ("0.0", str(uuid.uuid4()), request))
    reply = bus.send_and_get_reply(message, timeout=30)
    if reply.header.message_type is MessageType.error:
        refused += 1
        print(f"{name}: D-BUS ERROR {reply.header.fields.get(4)} {reply.body}")
    else:
        print(f"{name}: {shape(reply.body[0])}")
print(f"{refused} of {len(CALLS)} calls were answered with a D-Bus error")
