#!/bin/sh
# A broker that asks the person at its terminal, and Microsoft's unmodified library for Python: it asks silently,
# falls back to an interactive request by itself, and gets what the person types.
#
#     approvals.sh ANSWER
set -eu

if [ "${INSIDE_SESSION:-}" != yes ]; then
    export INSIDE_SESSION=yes
    exec dbus-run-session -- sh "$0" "$@"
fi
# Without a keyring the library fails after the broker has answered an interactive request.
printf 'a password for this test' | gnome-keyring-daemon --unlock --components=secrets >/dev/null

here=$(dirname "$0")
python=$(realpath -s "$here/../../../target/interop/python/bin/python")
screen=$HOME/screen

mkfifo "$HOME/keyboard"
exec 3<>"$HOME/keyboard"
: >"$screen"
script -qfec "azbroker serve --foreground" /dev/null <&3 >"$screen" 2>&1 &
terminal=$!
gdbus wait --session --timeout 20 com.microsoft.identity.broker1
azbroker login

# The person reads the question before they answer it.
(timeout 50 tail -n +1 -f "$screen" | grep -m 1 -q 'y to allow it for a day' && echo "$1" >&3) &
for time in first second; do
    code=0
    "$python" "$here/../python/key_vault_secret.py" || code=$?
    echo "$time time: exit $code"
done
echo "questions: $(grep -c 'have a token?' "$screen")"
azbroker rules
azbroker log
kill -TERM "$terminal"
