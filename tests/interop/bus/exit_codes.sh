#!/bin/sh
# Every way to fail has its exit code (2 wrong usage, 3 the user must act), says why on standard error, and leaves
# standard output to what was asked for.
set -u
scope=https://vault.azure.net/.default

try() {
    what=$1
    shift
    code=0
    "$@" >"$HOME/output" 2>"$HOME/errors" || code=$?
    # A bus of its own has something to say, too.
    said="$(grep -c '^error: ' "$HOME/errors") error, $(grep -c '^hint: ' "$HOME/errors") hint"
    echo "$what: exit $code, $said, $(wc -c <"$HOME/output" | tr -d ' ') bytes of output"
    cat "$HOME/errors" >&2
}

try "no account" env BROWSER=/bin/false azbroker token --scope $scope
try "no scope" azbroker token
try "not a scope" azbroker token --scope "not a scope"
try "no such option" azbroker token --scope $scope --no-such-option
try "no such command" azbroker no-such-command
try "no bus" env DBUS_SESSION_BUS_ADDRESS=unix:path=/nowhere/bus azbroker accounts
folder=$(dirname "$0")
try "no broker" dbus-run-session --config-file="$folder/no-services.conf" -- azbroker accounts
try "no broker, token" dbus-run-session --config-file="$folder/no-services.conf" -- azbroker token --scope $scope
