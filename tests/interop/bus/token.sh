#!/bin/sh
# What `azbroker token` writes to standard output, without showing it.
set -eu
scope=https://vault.azure.net/.default

# The claims of the token on standard input.
audience() {
    part=$(cut -d. -f2 | tr '_-' '/+')
    while [ $((${#part} % 4)) -ne 0 ]; do part="$part="; done
    printf %s "$part" | base64 -d | sed -n 's/.*"aud":"\([^"]*\)".*/\1/p'
}

azbroker token --scope $scope >"$HOME/text"
lines=$(wc -l <"$HOME/text" | tr -d ' ')
parts=$(tr '.' '\n' <"$HOME/text" | grep -c .)
echo "text: $lines line, $parts parts, audience $(audience <"$HOME/text")"

azbroker token --scope $scope --output json >"$HOME/json"
token=$(sed -n 's/.*"token": *"\([^"]*\)".*/\1/p' "$HOME/json")
echo "json: audience $(printf '%s\n' "$token" | audience)"
echo "json fields: $(grep -o '"[A-Za-z_]*":' "$HOME/json" | tr -d '":' | sort | tr '\n' ' ')"
left=$(($(sed -n 's/.*"expires_on": *\([0-9]*\)[,}].*/\1/p' "$HOME/json") - $(date +%s)))
[ $left -gt 300 ] && [ $left -lt 7200 ] && echo "json: lasts" || echo "json: WRONG EXPIRY $left"
