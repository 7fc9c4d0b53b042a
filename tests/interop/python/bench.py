"""Silent tokens of the MSAL runtime, one after the other: nanoseconds of each, and of the process's CPU for all.

    bench.py COUNT

The first token is left out. With a COUNT of 0 it is the only one, and it is printed, as a command would do.
"""

import json
import sys
import threading
import time
import uuid

import pymsalruntime

AZURE_CLI = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
AUTHORITY = "https://login.microsoftonline.com/organizations"


def token():
    parameters = pymsalruntime.MSALRuntimeAuthParameters(AZURE_CLI, AUTHORITY)
    parameters.set_requested_scopes(["https://vault.azure.net/.default"])
    parameters.set_redirect_uri("https://login.microsoftonline.com/common/oauth2/nativeclient")
    answered, answers = threading.Event(), []

    def answer(result):
        answers.append(result)
        answered.set()

    pymsalruntime.signin_silently(parameters, str(uuid.uuid4()), answer)
    if not answered.wait(timeout=60):
        raise TimeoutError("the runtime did not answer")
    if answers[0].get_error() is not None:
        raise RuntimeError(answers[0].get_error().get_context())
    return answers[0].get_access_token()


count = int(sys.argv[1])
first = token()
if count == 0:
    print(first)
    sys.exit()
took, before = [], time.process_time_ns()
for _ in range(count):
    since = time.perf_counter_ns()
    token()
    took.append(time.perf_counter_ns() - since)
print(json.dumps({"took": took, "cpu": time.process_time_ns() - before}))
