#!/bin/sh
# Runs a program for which somebody may sign in at a browser, and does not end before the browser is closed:
# whoever waits for the token has it before the person has looked at the last page.
set -u
mkfifo "$SIGN_IN_DONE"
code=0
"$@" || code=$?
if [ -e "$SIGN_IN_LOG" ]; then
    cat "$SIGN_IN_DONE" >/dev/null
fi
exit $code
