#!/bin/sh
# A broker as it lives on a desktop: installed, started by the bus, gone when idle, back with its accounts.
# GNOME Keyring keeps the accounts.
set -eu

if [ "${INSIDE_SESSION:-}" != yes ]; then
    export INSIDE_SESSION=yes
    # For root the bus looks for services below the home of the password file, not below this one.
    export XDG_DATA_HOME="$HOME/.local/share"
    mkdir -p "$XDG_DATA_HOME/dbus-1/services"
    exec dbus-run-session -- sh "$0" "$@"
fi

broker=com.microsoft.identity.broker1
scope=https://vault.azure.net/.default

printf 'a password for this test' | gnome-keyring-daemon --unlock --components=secrets >/dev/null

azbroker install --idle-exit 2 2>&1 | sed 's/^wrote .*/wrote the file/'

ping() {
    gdbus call --session --timeout 5 --dest $broker --object-path / --method org.freedesktop.DBus.Peer.Ping
}

token() {
    code=0
    azbroker token --scope "$scope" >"$HOME/token" || code=$?
    # A token has three parts; it is not for the log.
    echo "$1: exit $code, $(tr -cd . <"$HOME/token" | wc -c | tr -d ' ') dots"
}

azbroker_is_gone() {
    [ "$(gdbus call --session --dest org.freedesktop.DBus --object-path / \
        --method org.freedesktop.DBus.NameHasOwner $broker)" = "(false,)" ]
}

wait_until_gone() {
    # Each question takes the bus a moment, and none is for the broker.
    until azbroker_is_gone; do :; done
    echo "$1"
}

echo "ping: $(ping)"
code=0
azbroker login || code=$?
echo "sign-in: exit $code"
token "token of the first broker"
wait_until_gone "idle: the first broker has ended"
# From here on nobody can be asked.
export BROWSER=/bin/true
token "token of the second broker"
azbroker doctor || echo "doctor: exit $?"

# The same keyring, and nobody unlocks it.
kill "$(gdbus call --session --dest org.freedesktop.DBus --object-path / \
    --method org.freedesktop.DBus.GetConnectionUnixProcessID org.freedesktop.secrets | tr -dc '0-9 ' | tr -d ' ' | sed 's/^32//')"
gdbus call --session --dest org.freedesktop.DBus --object-path / --method org.freedesktop.DBus.NameHasOwner org.freedesktop.secrets >/dev/null
gnome-keyring-daemon --start --components=secrets >/dev/null
code=0
azbroker doctor >"$HOME/doctor" || code=$?
grep -A1 'secret service' "$HOME/doctor"
echo "doctor with a locked keyring: exit $code"

azbroker uninstall 2>&1 | sed -e 's/^removed .*/removed the file/' -e 's/ (process .*//'
code=0
ping 2>/dev/null || code=$?
echo "ping when uninstalled: exit $code"
