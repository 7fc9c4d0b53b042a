#!/bin/sh
# A broker that asks by dunst, a notification server of a Linux desktop, on a screen nobody sees. A person there closes
# the first question and, the next time, allows the program for a day in dunst's menu. Then another program asks, and
# is denied there.
set -eu

here=$(dirname "$0")
if [ "${INSIDE_SESSION:-}" != yes ]; then
    export INSIDE_SESSION=yes
    mkfifo "$HOME/display"
    Xvfb -displayfd 3 -nolisten tcp -screen 0 800x600x24 3>"$HOME/display" 2>"$HOME/Xvfb.log" &
    screen=$!
    trap 'kill "$screen"; wait "$screen" || true' EXIT
    read -r number <"$HOME/display"
    export DISPLAY=":$number"
    # dunst has whoever wants to choose do so in another program: what it offers on standard input, the choice on
    # standard output.
    mkdir -p "$HOME/.config/dunst"
    printf '[global]\ndmenu = sh %s\n' "$HOME/menu" >"$HOME/.config/dunst/dunstrc"
    printf 'tee "%s" | grep -m 1 "^#$(cat "%s") "\n' "$HOME/offered" "$HOME/choice" >"$HOME/menu"
    dbus-run-session -- sh "$0" "$@"
    exit
fi
# Without a keyring the library fails after the broker has answered an interactive request.
printf 'a password for this test' | gnome-keyring-daemon --unlock --components=secrets >/dev/null

azbroker serve --approvals ask 2>"$HOME/serve.log" &
broker=$!
gdbus wait --session --timeout 20 com.microsoft.identity.broker1
azbroker login
echo "before: $(dunstctl count displayed) displayed"

python() {
    "$here/../../../target/interop/python/bin/python" "$here/../python/key_vault_secret.py"
}

rust() {
    "$here/../../../target/debug/examples/authentication_record" "$HOME/record.json"
}

# Runs a program, and has the person do something when its question is there.
ask() {
    echo "$1:"
    "$2" >"$HOME/program" 2>&1 &
    program=$!
    # Each question takes dunst a moment.
    until [ "$(dunstctl count displayed)" = 1 ]; do kill -0 "$program" 2>/dev/null || break; done
    shift 2
    "$@" || echo "the person could not"
    code=0
    wait "$program" || code=$?
    grep -o "^MySecret = .*\|nobody allowed '[^']*'" "$HOME/program" || cat "$HOME/program"
    echo "exit $code, and $(dunstctl count displayed) displayed"
}

choose() {
    echo "$1" >"$HOME/choice"
    dunstctl context
}

ask "closed" python dunstctl close
ask "allowed" python choose "Allow for a day"
sed 's/\[.*//' "$HOME/offered"
echo "again:"
python
ask "denied" rust choose "Deny"
echo "questions: $(dunstctl count history)"
dunstctl history | sed -n 's/.*"\(May .*token?\)".*/\1/p; s/.*"data" : "\(Program: .*\)"/\1/p'
azbroker rules
kill -TERM "$broker"
wait "$broker" || cat "$HOME/serve.log" >&2
