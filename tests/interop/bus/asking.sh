#!/bin/sh
# Runs a program of the Node folder while a broker serves that asks about every program, in the place of the one
# that allows them all.
#
#     asking.sh PROGRAM [ARGUMENT...]
set -eu
broker=com.microsoft.identity.broker1

on_bus() {
    gdbus call --session --dest org.freedesktop.DBus --object-path /org/freedesktop/DBus \
        --method "org.freedesktop.DBus.$1" "$broker"
}

kill -TERM "$(on_bus GetConnectionUnixProcessID | sed 's/.* \([0-9]*\),.*/\1/')"
while on_bus NameHasOwner | grep -q true; do :; done
azbroker serve --approvals ask 2>>"$HOME/serve.log" &
server=$!
gdbus wait --session --timeout 20 $broker

program=$1
shift
code=0
cd "$(dirname "$BROWSER")"
node "$program" "$@" || code=$?
kill -TERM "$server"
wait "$server" || cat "$HOME/serve.log" >&2
exit $code
