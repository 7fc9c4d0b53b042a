"""The rows of the contract that the real runtime can be made to show, driven through this broker: one table with what
is expected and what was seen. It wants Ada and Carol signed in, Carol last, and Ada at the browser.

Not here, because nothing outside can bring them about:
- a `Ping` that is not answered: `a_broker_that_never_answers` in `crates/azbroker/tests/command/doctor.rs` shows what this
  command makes of it, and nothing here what the runtime does; a service file that starts a broker: `install.rs` beside it;
- statuses that this broker has no reason for (1, 3, 10, 14, 16, 18, 20, 21), or that no function of the runtime reaches
  (15 and 19 answer `removeAccount` and `generateSignedHttpRequest`, 17 `acquirePrtSsoCookie`): the tests in
  `crates/azbroker_service/tests/contract` ask for them over the same interface;
- 8, an application that gives up: the runtime sends its cancel only after the sign-in has been answered, which is a row;
- 12, somebody else at the page than the account asked for: the emulated person knows one password only;
  `other_accounts.rs` has it;
- malformed answers and errors of the bus: this broker gives none; `bus_calls.py` looks for them;
- time-outs of 300 s.
"""

import base64
import hashlib
import json
import os
import subprocess
import sys
import threading
import urllib.request
import uuid

import jwt
import pymsalruntime
import requests

AZURE_CLI = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
VAULT = "https://vault.azure.net/.default"
PUBLIC = "https://login.microsoftonline.com/"
TENANT = "72f9a1c4-6d0b-4e53-9c1e-0d5a4b7c2e10"
NATIVE_CLIENT = PUBLIC + "common/oauth2/nativeclient"
CAPABLE = '{"access_token":{"xms_cc":{"values":["CP1"]}}}'
CHALLENGE = '{"access_token":{"nbf":{"essential":true,"value":"1"}}}'

wrong = 0
rows = 0


def row(section, name, expected, seen):
    """One line of the table; what is seen is right if it begins with what is expected."""
    global wrong, rows
    rows += 1
    right = str(seen).startswith(str(expected))
    wrong += not right
    print(f"{'ok   ' if right else 'WRONG'} | {section:>2} | {name} | {expected} | {seen}", flush=True)


class Call:
    """A call of the runtime and what it answers."""

    def __init__(self, function, *arguments):
        self.done = threading.Event()
        self.result = None
        self.handle = function(*arguments, self.answered)

    def answered(self, result):
        self.result = result
        self.done.set()

    def wait(self):
        if not self.done.wait(timeout=30):
            raise TimeoutError("the runtime did not answer")
        return self.result


def parameters(authority=PUBLIC + "organizations", scopes=(VAULT,), client=AZURE_CLI, claims=None, pop=None, renew=None, extra=None):
    built = pymsalruntime.MSALRuntimeAuthParameters(client, authority)
    built.set_requested_scopes(list(scopes))
    built.set_redirect_uri(NATIVE_CLIENT)
    if claims:
        built.set_decoded_claims(claims)
    if pop:
        built.set_pop_params(*pop)
    if renew:
        built.set_access_token_to_renew(renew)
    for name, value in (extra or {}).items():
        built.set_additional_parameter(name, value)
    return built


def new_id():
    return str(uuid.uuid4())


def window():
    return pymsalruntime.get_console_window()


def sign_in_silently(**asked):
    return Call(pymsalruntime.signin_silently, parameters(**asked), new_id()).wait()


def sign_in_interactively(hint="", **asked):
    return Call(pymsalruntime.signin_interactively, window(), parameters(**asked), new_id(), hint).wait()


def sign_in(hint="", **asked):
    return Call(pymsalruntime.signin, window(), parameters(**asked), new_id(), hint).wait()


def silently(account, **asked):
    return Call(pymsalruntime.acquire_token_silently, parameters(**asked), new_id(), account).wait()


def interactively(account, **asked):
    return Call(pymsalruntime.acquire_token_interactively, window(), parameters(**asked), new_id(), account).wait()


def discover():
    found = Call(pymsalruntime.discover_accounts, AZURE_CLI, new_id()).wait()
    return sorted(found.get_accounts(), key=lambda account: account.get_user_name())


def said(result):
    """The outcome, without the token."""
    error = result.get_error()
    if error is not None:
        status = str(error.get_status()).rsplit("Status_", 1)[-1]
        return f"{status} {error.get_error_code()} {' '.join(error.get_context().split())}"
    return f"token of {result.get_account().get_user_name()}"


def plan(**fault):
    """Plans what goes wrong in the emulated cloud."""
    request = urllib.request.Request(os.environ["HTTPS_PROXY"] + "/faults", json.dumps(fault).encode())
    request.add_header("Content-Type", "application/json")
    urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10).close()


def refuse(aadsts, error="interaction_required", target="token"):
    plan(target=target, fault={"oauth": {"error": error, "aadsts": aadsts}})


def claims_of(token):
    return jwt.decode(token, options={"verify_signature": False})


# 2. Start-up. That this program runs at all shows that `Ping` was answered.
nowhere = {**os.environ, "DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent/bus"}
load = subprocess.run([sys.executable, "-c", "import pymsalruntime"], env=nowhere, capture_output=True, text=True, timeout=60)
row(2, "the library does not load without a bus", "ErrorTag: 507897694", load.stderr.strip().rsplit("RuntimeError: ", 1)[-1].split(",")[0])

# 3. Accounts. This row comes first: the next ones change who is the default.
default = sign_in_silently()
row(3, "several accounts: the broker chooses the default", "token of carol", said(default))
accounts = discover()
row(3, "discovery lists what the broker holds", "ada@contoso.example carol@contoso.example", " ".join(each.get_user_name() for each in accounts))
ada = accounts[0]
row(3, "home account ID", "ada00000-0000-4000-8000-000000000001." + TENANT, ada.get_home_account_id())

# 4. Silent tokens.
first = silently(ada)
row(4, "acquire silently, with the account", "token of ada", said(first))
row(4, "the requested scope is among those granted", True, VAULT in first.get_granted_scopes())
twice = silently(ada, scopes=("https://vault.azure.net//.default",))
row(4, "a scope with two slashes comes back as it was sent", True, "https://vault.azure.net//.default" in twice.get_granted_scopes())
both = silently(ada, scopes=(VAULT, "openid", "profile", "offline_access"))
row(4, "scopes of OpenID Connect beside it do no harm", "token of ada", said(both))
row(4, "the environment of the account", "login.microsoftonline.com", first.get_account().get_environment())

# 13. The runtime's own cache, in the secret service.
row(13, "acquire silently again: from the runtime's cache", True, silently(ada).get_access_token() == first.get_access_token())

# 5. Interactive tokens: the person at the browser is Ada.
row(5, "sign in interactively, with a hint", "token of ada", said(sign_in_interactively("ada@contoso.example")))
row(5, "sign in interactively, no hint", "token of ada", said(sign_in_interactively()))
again = interactively(ada)
row(5, "acquire interactively, with the account", "token of ada", said(again))
row(5, "sign in, with the hint of an account held: silently", True, sign_in("ada@contoso.example").get_access_token() == again.get_access_token())
row(5, "sign in, no hint: silently", "token of ", said(sign_in()))
row(5, "sign in, with the hint of nobody held: goes on to the page", "token of ada", said(sign_in("nobody@contoso.example")))
try:
    zero = Call(pymsalruntime.signin_interactively, 0, parameters(), new_id(), "")
    refused = said(zero.wait())
except RuntimeError as error:
    refused = str(error)
row(5, "window handle 0 is refused by the runtime", True, "Invalid window handle" in refused)

# 6. Errors and their statuses. A challenge makes each of these silent calls go to Entra ID.
row(6, "2: nobody held has the name", "InteractionRequired", said(sign_in_silently(authority="https://login.microsoftonline.us/organizations")))
refuse(50076)
row(6, "2: multi-factor authentication, with its number", "InteractionRequired 50076", said(silently(ada, claims=CHALLENGE)))
plan(times=20, target="token", fault="drop")
row(6, "4: the network fails", "NetworkTemporarilyUnavailable", said(silently(ada, claims=CHALLENGE)))
plan(clear=True)
plan(times=20, target="token", fault={"status": {"code": 503}})
row(6, "5: the authority cannot serve", "ServerTemporarilyUnavailable", said(silently(ada, claims=CHALLENGE)))
plan(clear=True)
row(6, "6: the client ID is none", "ApiContractViolation", said(sign_in_silently(client="no client")))
refuse(65004, "access_denied", "authorize")
row(6, "7: the user declines", "UserCanceled", said(sign_in_interactively("ada@contoso.example")))
refuse(700016, "unauthorized_client")
row(6, "9: the application is not in the tenant", "IncorrectConfiguration 700016", said(silently(ada, claims=CHALLENGE)))
row(6, "11: an unknown authority", "AuthorityUntrusted", said(sign_in_silently(authority="https://login.evil.example/common")))
refuse(53003, "access_denied", "authorize")
row(6, "13: a policy that a sign-in cannot satisfy", "AccountUnusable 53003", said(sign_in_interactively("ada@contoso.example")))
refuse(53003)
row(6, "2: the same policy in silence, which a sign-in may satisfy", "InteractionRequired 53003", said(silently(ada, claims=CHALLENGE)))
plan(target="token", fault={"status": {"code": 400}})
row(6, "0: an answer that makes no sense", "Unexpected", said(silently(ada, claims=CHALLENGE)))

# 10. What goes on to the page by itself.
refuse(50076)
row(10, "sign in: 2 goes on to the page", "token of ada", said(sign_in("ada@contoso.example", claims=CHALLENGE)))
plan(times=20, target="token", fault={"status": {"code": 503}})
row(10, "sign in: 5 does not", "ServerTemporarilyUnavailable", said(sign_in("ada@contoso.example", claims=CHALLENGE)))
plan(clear=True)

# 7. Claims. `sign_in` always asks the broker; the runtime keeps what `silently` brought, by its claims.
hinted = "ada@contoso.example"
capable = sign_in(hinted, claims=CAPABLE).get_access_token()
row(7, "capabilities: a token of its own", True, claims_of(capable).get("xms_cc") == ["CP1"])
row(7, "capabilities again: the same token", True, sign_in(hinted, claims=CAPABLE).get_access_token() == capable)
challenged = [sign_in(hinted, claims=CHALLENGE).get_access_token() for _ in range(2)]
row(7, "a challenge: a new token each time", True, challenged[0] != challenged[1])
row(7, "after a challenge: its token, no older one", True, sign_in(hinted).get_access_token() == challenged[1])
row(7, "capabilities after a challenge without them: the same token", True, sign_in(hinted, claims=CAPABLE).get_access_token() == capable)
try:
    broken = said(silently(ada, claims="no JSON"))
except RuntimeError as error:
    broken = str(error)
row(7, "claims that are no JSON are refused by the runtime", False, "token of" in broken)
held = sign_in(hinted).get_access_token()
renewed = sign_in(hinted, renew=held)
row(7, "a refused token is renewed", True, said(renewed) == "token of ada@contoso.example" and renewed.get_access_token() != held)


# 7. Proof of possession, verified by libraries that know nothing of this broker.
def verified(header):
    scheme, signed = header.split(" ")
    jwk = claims_of(signed)["cnf"]["jwk"]
    claims = jwt.decode(signed, jwt.PyJWK(jwk).key, algorithms=["RS256"])
    inside = claims_of(claims["at"])
    digest = hashlib.sha256(json.dumps({name: jwk[name] for name in ("e", "kty", "n")}, separators=(",", ":")).encode()).digest()
    thumbprint = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    bound = inside["cnf"]["kid"] == thumbprint == jwt.get_unverified_header(signed)["kid"]
    return f"{scheme} {jwt.get_unverified_header(signed)['typ']} {claims['m']} {claims['u']} {claims['p']} {claims['nonce']} bound {bound}"


def shown(result, path):
    url = f"https://demo.vault.azure.net{path}?api-version=7.4"
    return requests.get(url, headers={"Authorization": result.get_authorization_header()}, timeout=30).status_code


def pop(method="GET", path="/secrets/MySecret", nonce=""):
    return (method, "demo.vault.azure.net", path, nonce)


proved = silently(ada, pop=pop(nonce="nonce123"))
row(7, "PoP in silence: type", True, bool(proved.is_pop_authorization()))
row(7, "PoP in silence: the header", "pop pop GET demo.vault.azure.net /secrets/MySecret nonce123 bound True", verified(proved.get_authorization_header()))
row(7, "PoP in silence: the vault takes it", 200, shown(proved, "/secrets/MySecret"))
row(7, "PoP: the vault does not take it twice", 401, shown(proved, "/secrets/MySecret"))
row(7, "PoP: the vault does not take it for another path", 401, shown(silently(ada, pop=pop()), "/secrets"))
row(7, "PoP at the page: the vault takes it", 200, shown(sign_in_interactively("ada@contoso.example", pop=pop()), "/secrets/MySecret"))
row(7, "PoP without a method", "ApiContractViolation", said(silently(ada, pop=pop(method=""))))

# 8. Authorities and further parameters.
for host in ("login.windows.net", "sts.windows.net", "login.microsoftonline.com"):
    row(8, f"authority {host}: the public cloud", "token of ", said(sign_in_silently(authority=f"https://{host}/common")))
row(8, "authority with http: made https by the runtime", "token of ", said(sign_in_silently(authority="http://login.microsoftonline.com/common")))
row(8, "authority without a tenant", "token of ", said(sign_in_silently(authority="https://login.microsoftonline.com")))
row(8, "authority of the tenant's domain", "token of ", said(sign_in_silently(authority=PUBLIC + "contoso.example")))
row(8, "authority for consumers: no call", "InteractionRequired", said(sign_in_silently(authority=PUBLIC + "consumers")))
row(8, "authority of AD FS", "AuthorityUntrusted", said(sign_in_silently(authority="https://adfs.contoso.example/adfs")))
row(8, "authority of the pre-production cloud", "AuthorityUntrusted", said(sign_in_silently(authority="https://login.windows-ppe.net/common")))
for host in ("login.microsoftonline.us", "login.partner.microsoftonline.cn", "login.chinacloudapi.cn", "login.sovcloud-identity.fr", "login.sovcloud-identity.de", "login.sovcloud-identity.sg"):
    # The other name of China's cloud is rewritten to the one before it, and that account is held by then.
    expected = "token of ada" if host == "login.chinacloudapi.cn" else "InteractionRequired"
    row(8, f"authority {host}: not the public cloud's account", expected, said(sign_in_silently(authority=f"https://{host}/organizations", extra={"x": "y"})))
    if host == "login.chinacloudapi.cn":
        continue
    result = sign_in_interactively("ada@contoso.example", authority=f"https://{host}/organizations")
    row(8, f"authority {host}: a sign-in of its own", "token of ada", said(result))
    if result.get_error() is None:
        row(8, f"authority {host}: the account's environment", host, result.get_account().get_environment())
row(8, "a further parameter that the runtime refuses", "ApiContractViolation", said(sign_in_silently(extra={"prompt": "login"})))
row(8, "a further parameter that it passes on", "token of ", said(sign_in_silently(extra={"slice": "x", "msal_request_type": "consumer_passthrough"})))

# 12. Time and cancel.
answers = [Call(pymsalruntime.signin_silently, parameters(), new_id()) for _ in range(50)]
row(12, "fifty silent requests at once", 50, sum(said(each.wait()).startswith("token") for each in answers))
plan(target="authorize", fault={"delay_milliseconds": 500})
two = [Call(pymsalruntime.signin_interactively, window(), parameters(), new_id(), "") for _ in range(2)]
row(12, "of two sign-ins at once the runtime refuses one", "ApiContractViolation token", " ".join(sorted(said(each.wait()).split()[0] for each in two)))
plan(target="authorize", fault={"delay_milliseconds": 500})
waiting = Call(pymsalruntime.signin_interactively, window(), parameters(), new_id(), "")
waiting.handle.cancel_async_operation()
row(12, "a cancel comes after the sign-in's answer, which counts", "token of ada", said(waiting.wait()))

# 13. Signing out is the runtime's own business.
row(13, "read an account by its ID", "ada", Call(pymsalruntime.read_account_by_id, ada.get_account_id(), new_id()).wait().get_account().get_user_name())
gone = Call(pymsalruntime.signout_silently, AZURE_CLI, new_id(), ada).wait()
row(13, "sign out", "None", gone.get_error())
row(13, "acquire silently after signing out", "AccountUnusable", said(silently(ada)))
row(13, "sign in after signing out: the broker holds the account still", "token of ada", said(sign_in("ada@contoso.example")))

print(f"{rows} rows, {wrong} wrong")
sys.exit(1 if wrong else 0)
