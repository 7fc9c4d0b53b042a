"""MSAL's own device code flow against the emulated Entra ID.

    device_code.py entered     the code is entered after the first poll
    device_code.py expired     it is never entered
"""

import sys
import threading

import msal
from walk import walk

SCOPE = "https://vault.azure.net/.default"

application = msal.PublicClientApplication(
    "04b07795-8ddb-461a-bbee-02f9e1bf7b46",
    authority="https://login.microsoftonline.com/organizations",
)
flow = application.initiate_device_flow([SCOPE])
assert flow["user_code"] in flow["message"], sorted(flow)
print(f"expires in {flow['expires_in']} s, asked every {flow['interval']} s, at {flow['verification_uri']}")

if sys.argv[1] == "expired":
    flow["expires_at"] = 0

polls = 0
send = application.http_client.post


def counted(url, *arguments, **named):
    """After the first poll the person enters the code."""
    global polls
    answer = send(url, *arguments, **named)
    if url.endswith("/token"):
        polls += 1
        if polls == 1 and sys.argv[1] == "entered":
            person = threading.Thread(
                target=lambda: print("the person ended at:", walk(flow["verification_uri"], flow["user_code"]))
            )
            person.start()
            person.join()
    return answer


application.http_client.post = counted
result = application.acquire_token_by_device_flow(flow)
print("result:", result.get("error", "a token of " + result.get("id_token_claims", {}).get("preferred_username", "")))
print("polled more than once:", polls > 1)
