#!/bin/sh
# Sign-in for an application that registered Entra ID's own empty page alone, in a private window of a real Chromium.
#
#     private_window.sh HOW    what the person at the window does: sign-in, close, kill, hostile
#
# On the search path stands a script named chromium, as a machine with a display would have the browser itself: it adds
# what a machine without one needs, and lets somebody else in to play the person.
set -eu

if [ "${INSIDE_SESSION:-}" != yes ]; then
    export INSIDE_SESSION=yes PERSON="$(dirname "$BROWSER")/private_window_person.mjs"
    unset BROWSER
    exec dbus-run-session --config-file="$(dirname "$0")/no-services.conf" -- sh "$0" "$@"
fi

mkdir -p "$HOME/bin" "$HOME/person/.pki/nssdb"
certutil -d "sql:$HOME/person/.pki/nssdb" -N --empty-password
certutil -d "sql:$HOME/person/.pki/nssdb" -A -n emulator -t C,, -i "$NODE_EXTRA_CA_CERTS"
cat >"$HOME/bin/chromium" <<'SCRIPT'
#!/bin/sh
echo "$@" >"$PERSON_HOME/arguments"
for argument in "$@"; do
    case $argument in --user-data-dir=*) profile=${argument#*=} ;; esac
done
TMPDIR="$PERSON_HOME" node "$PERSON" "$PERSON_HOW" "$profile" $$ >"$PERSON_HOME/notes" 2>&1 3<&- 4>&- &
export HOME="$PERSON_HOME"
exec /usr/bin/chromium --headless=new --no-sandbox --remote-debugging-port=0 --proxy-server="$HTTPS_PROXY" "$@"
SCRIPT
chmod +x "$HOME/bin/chromium"
export PATH="$HOME/bin:$PATH" PERSON_HOME="$HOME/person" PERSON_HOW="$1" DISPLAY=:99

azbroker serve 2>"$HOME/serve.log" &
server=$!
gdbus wait --session --timeout 20 com.microsoft.identity.broker1
login() {
    code=0
    azbroker login --client-id 5eed0000-0000-4000-8000-000000000002 --scope https://vault.azure.net/.default 2>&1 || code=$?
    echo "sign-in: exit $code"
}
login
cat "$HOME/person/notes"
echo "in the command line: $(grep -c 'state=\|oauth2' "$HOME/person/arguments" || true) addresses"
azbroker accounts 2>&1
echo "learned: $(grep -o nativeclient "${XDG_STATE_HOME:-$HOME/.local/state}/azbroker/redirects.json" || true)"
kill -TERM "$server"
wait "$server" || true
echo "profiles left: $(ls "${TMPDIR:-/tmp}" | grep -c 'azbroker-window\|hromium' || true)"
