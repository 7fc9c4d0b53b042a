"""The MSAL runtime on a bus that has the broker and no secret service, which it keeps its own cache in: the rows of the
contract about that, as `contract_table.py` prints them. It wants Ada at the browser.
"""

import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
BROKER = "com.microsoft.identity.broker1"

if os.environ.get("INSIDE_SESSION") != "yes":
    config = HERE.parent / "bus/no-services.conf"
    inside = {**os.environ, "INSIDE_SESSION": "yes"}
    command = ["dbus-run-session", f"--config-file={config}", "--", sys.executable, __file__]
    sys.exit(subprocess.run(command, env=inside, check=False).returncode)

rows = wrong = 0


def row(name, expected, function, *options):
    """One line of the table; what is expected stands in what is seen."""
    global rows, wrong
    command = [sys.executable, str(HERE / "runtime.py"), function, *options]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    seen = " ".join(run.stdout.split())
    rows += 1
    right = expected in seen
    wrong += not right
    print(f"{'ok   ' if right else 'WRONG'} | 13 | {name} | {expected} | {seen or run.stderr[-300:]}", flush=True)


broker = subprocess.Popen(["azbroker", "serve", "--approvals", "same-user"], stderr=subprocess.PIPE)
try:
    subprocess.run(["gdbus", "wait", "--session", "--timeout", "20", BROKER], check=True)
    row("without an account: interaction required", "InteractionRequired", "silently")
    subprocess.run(["azbroker", "login"], check=True, capture_output=True, timeout=60)
    row("discovery lists nothing, whatever the broker says", "0 accounts", "discover")
    row("one account: signs in silently", "token of ada@contoso.example", "silently")
    row("no account named: fails in the runtime, after the broker answered", "EnumerateNoLock", "interactively")
    subprocess.run(["azbroker", "token", "--scope", "https://vault.azure.net/.default"], check=True, capture_output=True, timeout=60)
finally:
    broker.terminate()
    broker.wait(timeout=20)

print(f"{rows} rows, {wrong} wrong")
sys.exit(1 if wrong else 0)
