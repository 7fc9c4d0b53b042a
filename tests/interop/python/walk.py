"""A browser on another machine: signs Ada in and prints the address that it ends on, which it cannot reach.

With a second argument that code is entered first.
"""

import html
import re
import sys
from urllib.parse import urljoin

import requests

USERNAME = "ada@contoso.example"
PASSWORD = "ada-Analytical-Engine-1843-note-G-7Qw4Zx"


def walk(address, user_code=None):
    browser = requests.Session()
    answer = browser.get(address, allow_redirects=False)
    for _ in range(12):
        if answer.is_redirect:
            target = urljoin(answer.url, answer.headers["location"])
            if "code=" in target and "authorize" not in target:
                return target
            answer = browser.get(target, allow_redirects=False)
            continue
        form = re.search(r'<form method="post" action="([^"]*)">(.*?)</form>', answer.text, re.S)
        if form is None:
            return re.search(r"<h1>(.*?)</h1>", answer.text).group(1)
        fields = {}
        for tag in re.findall(r"<input[^>]*>", form.group(2)):
            name = re.search(r' name="([^"]*)"', tag).group(1)
            value = re.search(r' value="([^"]*)"', tag)
            fields[name] = html.unescape(value.group(1)) if value else ""
        typed = {"otc": user_code, "username": USERNAME, "password": PASSWORD}
        fields.update({name: typed[name] for name in fields if name in typed})
        answer = browser.post(
            urljoin(answer.url, html.unescape(form.group(1))), data=fields, allow_redirects=False
        )
    raise SystemExit("the sign-in does not end")


if __name__ == "__main__":
    print(walk(*sys.argv[1:]))
