#!/bin/sh
# Every way to fail has its exit code: 1 failed, 2 wrong usage, 3 the user must act.
set -u
scope=https://vault.azure.net/.default

try() {
    what=$1
    shift
    code=0
    "$@" >"$HOME/output" 2>>"$HOME/errors" || code=$?
    echo "$what: $code"
    if [ -s "$HOME/output" ]; then
        echo "$what: standard output is not empty"
    fi
}

try "no account" env BROWSER=/bin/false azbroker token --scope $scope
try "no scope" azbroker token
try "not a scope" azbroker token --scope "not a scope"
try "no such option" azbroker token --scope $scope --no-such-option
try "no such command" azbroker no-such-command
try "no bus" env DBUS_SESSION_BUS_ADDRESS=unix:path=/nowhere/bus azbroker accounts
if command -v dbus-run-session >/dev/null; then
    folder=$(dirname "$0")
    try "no broker" dbus-run-session --config-file="$folder/no-services.conf" -- azbroker accounts
fi
cat "$HOME/errors" >&2
