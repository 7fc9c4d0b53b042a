"""Runs an example of the library that signs in with a device code, and enters the code as its user.

    device_code_of.py EXAMPLE
"""

import os
import re
import shutil
import subprocess
import sys

from walk import walk

folder = os.path.join(os.path.dirname(shutil.which("azbroker")), "examples")
example = subprocess.Popen([os.path.join(folder, sys.argv[1])], stdout=subprocess.PIPE, text=True)
message = example.stdout.readline()
address, code = re.search(r"(https://\S+) .*enter the code (\S+)", message).groups()
print("the person ended at:", walk(address, code))
print(example.stdout.read(), end="")
sys.exit(example.wait())
