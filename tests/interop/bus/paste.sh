#!/bin/sh
# Sign-in on a machine without a browser: the address is opened elsewhere, and the one it ends on is pasted.
set -eu

if [ "${INSIDE_SESSION:-}" != yes ]; then
    export INSIDE_SESSION=yes
    exec dbus-run-session --config-file="$(dirname "$0")/no-services.conf" -- sh "$0" "$@"
fi
python="$(dirname "$(command -v azbroker)")/../interop/python/bin/python"
unset BROWSER DISPLAY WAYLAND_DISPLAY

azbroker -vvv serve 2>"$HOME/serve.log" &
server=$!
gdbus wait --session --timeout 20 com.microsoft.identity.broker1

# A program that is none of ours is told what its user can do.
code=0
azbroker token --interactive --scope https://vault.azure.net/.default 2>&1 || code=$?
echo "program: exit $code"

mkfifo "$HOME/typed"
azbroker login <"$HOME/typed" 2>"$HOME/said" &
login=$!
exec 9>"$HOME/typed"
until grep -q '^https://' "$HOME/said" 2>/dev/null; do :; done
echo "no idea" >&9
until grep -q 'this is not where' "$HOME/said"; do :; done
# Another machine's browser: it walks the pages, and never reaches the port of this one.
"$python" "$(dirname "$0")/../python/walk.py" "$(grep '^https://' "$HOME/said")" >&9
code=0
wait $login || code=$?
grep -v '^https://' "$HOME/said" | sed 's/localhost:[0-9]*/localhost:PORT/'
echo "sign-in: exit $code"
azbroker accounts
code=0
azbroker login --redirect paste </dev/null 2>&1 | tail -2 || code=$?
kill -TERM "$server"
wait "$server" || true
# The emulator's codes and tokens begin with this word.
echo "lines of the broker's log: $(wc -l <"$HOME/serve.log"), with a secret: $(grep -c 'emulated-\(code\|refresh\)' "$HOME/serve.log" || true)."
