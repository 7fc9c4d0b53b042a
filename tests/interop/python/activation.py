"""Loads the MSAL runtime where nobody has the broker's name yet: it pings, and the bus starts the broker."""

import subprocess
import threading
import time

began = time.monotonic()
import pymsalruntime

loaded = time.monotonic() - began
answered = threading.Event()
pymsalruntime.discover_accounts(
    "04b07795-8ddb-461a-bbee-02f9e1bf7b46",
    "5eed0000-0000-4000-8000-000000000001",
    lambda result: answered.set(),
)
print("the broker answered:", answered.wait(30))
print("loaded within 2 s:", loaded < 2)
who = subprocess.run(
    "gdbus call --session --dest org.freedesktop.DBus --object-path / "
    "--method org.freedesktop.DBus.NameHasOwner com.microsoft.identity.broker1",
    shell=True,
    capture_output=True,
    text=True,
)
print("the bus has a broker:", who.stdout.strip())
