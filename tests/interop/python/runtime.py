"""The MSAL runtime itself, without the layers above: one function, called by its name.

    runtime.py discover
    runtime.py silently | interactively [--hint USER] | sign-in [--hint USER]
    runtime.py discover-then-token
    runtime.py parallel
    runtime.py broker-killed

Options: --authority URL, --scope SCOPE, --client-id ID. Each answer is one line.
"""

import argparse
import os
import re
import signal
import subprocess
import sys
import threading
import time
import uuid

import pymsalruntime

AZURE_CLI = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"

parser = argparse.ArgumentParser()
parser.add_argument("function")
parser.add_argument("--hint", default="")
parser.add_argument("--authority", default="https://login.microsoftonline.com/organizations")
parser.add_argument("--scope", default="https://vault.azure.net/.default")
parser.add_argument("--client-id", default=AZURE_CLI)
parser.add_argument("--claims")
options = parser.parse_args()


class Answer:
    """Waits for the one callback of a call."""

    def __init__(self):
        self.done = threading.Event()
        self.result = None

    def __call__(self, result):
        self.result = result
        self.done.set()

    def wait(self):
        if not self.done.wait(timeout=60):
            raise TimeoutError("the runtime did not answer")
        return self.result


def parameters():
    built = pymsalruntime.MSALRuntimeAuthParameters(options.client_id, options.authority)
    built.set_requested_scopes([options.scope])
    built.set_redirect_uri("https://login.microsoftonline.com/common/oauth2/nativeclient")
    if options.claims:
        built.set_decoded_claims(options.claims)
    return built


def correlation_id():
    return str(uuid.uuid4())


def discover():
    answer = Answer()
    pymsalruntime.discover_accounts(options.client_id, correlation_id(), answer)
    return answer.wait()


def silently():
    answer = Answer()
    pymsalruntime.signin_silently(parameters(), correlation_id(), answer)
    return answer.wait()


def interactively():
    answer = Answer()
    window = pymsalruntime.get_console_window()
    pymsalruntime.signin_interactively(window, parameters(), correlation_id(), options.hint, answer)
    return answer.wait()


def sign_in():
    answer = Answer()
    window = pymsalruntime.get_console_window()
    pymsalruntime.signin(window, parameters(), correlation_id(), options.hint, answer)
    return answer.wait()


def token_of(account):
    answer = Answer()
    pymsalruntime.acquire_token_silently(parameters(), correlation_id(), account, answer)
    return answer.wait()


def show_error(error):
    status = str(error.get_status()).rsplit("Status_", 1)[-1]
    context = " ".join(error.get_context().split())
    print(f"{status} | code {error.get_error_code()} | tag {error.get_tag()} | {context}")


def show_token(result):
    if result.get_error() is not None:
        show_error(result.get_error())
        return
    account = result.get_account()
    # Seconds since 1970 in this binding; a broker that sends them to it must send milliseconds.
    left = result.get_access_token_expiry_time() - time.time()
    print(
        f"token of {account.get_user_name()} ({account.get_display_name()}) | "
        f"home account {account.get_home_account_id()} | environment {account.get_environment()} | "
        f"scopes {' '.join(sorted(result.get_granted_scopes()))} | "
        f"{'lasts' if 300 < left < 7200 else f'WRONG EXPIRY {left}'} | "
        # The runtime makes a header for PoP tokens only; a bearer token is the application's to put into one.
        f"bearer {not result.is_pop_authorization() and not result.get_authorization_header()}"
    )


def show_accounts(result):
    if result.get_error() is not None:
        show_error(result.get_error())
    accounts = result.get_accounts()
    print(f"{len(accounts)} accounts")
    for account in accounts:
        print(
            f"account {account.get_user_name()} | {account.get_display_name()} | "
            f"{account.get_given_name()} | {account.get_family_name()} | "
            f"home {account.get_home_account_id()} | realm {account.get_realm()} | "
            f"environment {account.get_environment()}"
        )


def kill_broker():
    bus = ["--session", "--dest", "org.freedesktop.DBus", "--object-path", "/org/freedesktop/DBus"]
    method = "org.freedesktop.DBus.GetConnectionUnixProcessID"
    answer = subprocess.check_output(
        ["gdbus", "call", *bus, "--method", method, "com.microsoft.identity.broker1"], text=True
    )
    os.kill(int(re.search(r"(\d+),\)", answer)[1]), signal.SIGKILL)


# What was said before a call that hangs is seen.
sys.stdout.reconfigure(line_buffering=True)

match options.function:
    case "discover":
        show_accounts(discover())
    case "silently":
        show_token(silently())
    case "interactively":
        show_token(interactively())
    case "sign-in":
        show_token(sign_in())
    case "discover-then-token":
        found = discover()
        show_accounts(found)
        for account in found.get_accounts():
            show_token(token_of(account))
    case "parallel":
        answers = [Answer() for _ in range(20)]
        for answer in answers:
            pymsalruntime.signin_silently(parameters(), correlation_id(), answer)
        for answer in answers:
            show_token(answer.wait())
    case "broker-killed":
        show_token(silently())
        kill_broker()
        since = time.monotonic()
        show_token(silently())
        print(f"answered within 5 s: {time.monotonic() - since < 5}")
    case unknown:
        parser.error(f"no such function: {unknown}")
