#!/bin/sh
# A session as a desktop has it: its own bus, with a keyring on it or without, and `azbroker serve`.
#
#     keyring.sh unlocked    GNOME Keyring with an unlocked default collection
#     keyring.sh locked      GNOME Keyring that nobody has unlocked
#     keyring.sh none        no secret service at all
#     keyring.sh dies        GNOME Keyring is killed while it is in use, and comes back
#     keyring.sh unlocks     GNOME Keyring is unlocked when somebody has signed in already; a file does until then
#     keyring.sh locks       GNOME Keyring is locked when somebody signs out
set -eu

if [ "${INSIDE_SESSION:-}" != yes ]; then
    export INSIDE_SESSION=yes
    case $1 in
    none) exec dbus-run-session --config-file="$(dirname "$0")/no-services.conf" -- sh "$0" "$@" ;;
    *) exec dbus-run-session -- sh "$0" "$@" ;;
    esac
fi

scope=https://vault.azure.net/.default
broker=com.microsoft.identity.broker1

start_broker() {
    azbroker serve 2>>"$HOME/serve.log" &
    server=$!
    gdbus wait --session --timeout 20 $broker || {
        echo "the broker did not come up"
        cat "$HOME/serve.log" >&2
        exit 1
    }
}

stop_broker() {
    kill -TERM "$server"
    code=0
    wait "$server" || code=$?
    echo "broker stopped with $code"
}

token() {
    code=0
    azbroker token --scope "$scope" >"$HOME/token" || code=$?
    # A token has three parts; it is not for the log.
    echo "$1: exit $code, $(tr -cd . <"$HOME/token" | wc -c | tr -d ' ') dots"
}

sign_out() {
    code=0
    azbroker logout --username ada@contoso.example 2>&1 || code=$?
    echo "$1: exit $code"
}

accounts() {
    code=0
    azbroker accounts 2>&1 || code=$?
    echo "$1: exit $code"
}

unlock() {
    printf 'a password for this test' | gnome-keyring-daemon "$@" --unlock --components=secrets >/dev/null
}

case $1 in
unlocked)
    unlock
    printf 'untouched' | secret-tool store --label='written before the broker' made-by this-test
    ;;
locked)
    gnome-keyring-daemon --start --components=secrets >/dev/null
    ;;
none | dies | unlocks | locks) ;;
esac

# Which process has the name on the bus.
keyring_process() {
    gdbus call --session --dest org.freedesktop.DBus --object-path /org/freedesktop/DBus \
        --method org.freedesktop.DBus.GetConnectionUnixProcessID org.freedesktop.secrets | tr -cd '0-9 ' | awk '{ print $NF }'
}

kept_in() {
    echo "$1: $(azbroker status | grep -E 'kept in|not in' | tr -s ' ' | tr '\n' '|')"
}

case $1 in
dies)
    unlock
    start_broker
    azbroker login
    kept_in "before"
    keyring=$(keyring_process)
    kill -9 "$keyring"
    # The bus starts another one, which nobody has unlocked. Who is named signs in anew, and is not offered to be chosen.
    azbroker login --username ada@contoso.example
    kept_in "after the keyring was killed"
    token "token meanwhile"
    unlock --replace
    azbroker login --username ada@contoso.example
    kept_in "after it was unlocked again"
    stop_broker
    export BROWSER=/bin/false
    start_broker
    token "token of the second broker"
    stop_broker
    exit 0
    ;;
unlocks)
    printf 'correct horse battery staple' >"$HOME/passphrase"
    chmod 600 "$HOME/passphrase"
    mkdir -p "$HOME/config/azbroker"
    echo "passphrase-file = \"$HOME/passphrase\"" >"$HOME/config/azbroker/config.toml"
    export XDG_CONFIG_HOME="$HOME/config" XDG_STATE_HOME="$HOME/state"
    gnome-keyring-daemon --start --components=secrets >/dev/null
    start_broker
    azbroker login
    kept_in "locked"
    unlock --replace
    azbroker login --username ada@contoso.example
    kept_in "unlocked"
    test -e "$HOME/state/azbroker/accounts" && echo "the file is still there" || echo "the file has gone"
    stop_broker
    export BROWSER=/bin/false
    start_broker
    token "token of the second broker"
    stop_broker
    exit 0
    ;;
locks)
    unlock
    start_broker
    azbroker login
    gdbus call --session --dest org.freedesktop.secrets --object-path /org/freedesktop/secrets \
        --method org.freedesktop.Secret.Service.Lock "['/org/freedesktop/secrets/collection/login']" >/dev/null
    sign_out "sign-out while it is locked"
    kept_in "locked"
    token "token then"
    unlock --replace
    sign_out "sign-out after it was unlocked"
    stop_broker
    start_broker
    accounts "accounts of the second broker"
    azbroker login
    # As another broker does that shares the keyring.
    secret-tool clear xdg:schema com.github.azbroker.RefreshToken
    token "renewal after another broker's sign-out"
    accounts "accounts after it"
    stop_broker
    exit 0
    ;;
esac

start_broker
code=0
azbroker login || code=$?
echo "sign-in: exit $code"
accounts "accounts after the sign-in"
token "token of the first broker"
stop_broker

if [ "$1" = unlocked ]; then
    # Nothing listens there.
    proxy=${HTTPS_PROXY:-}
    export HTTPS_PROXY=http://127.0.0.1:9 https_proxy=http://127.0.0.1:9 ALL_PROXY=http://127.0.0.1:9 all_proxy=http://127.0.0.1:9
    start_broker
    token "token without a network"
    export HTTPS_PROXY="$proxy" https_proxy="$proxy" ALL_PROXY="$proxy" all_proxy="$proxy"
    stop_broker
fi

# From here on nobody can be asked.
export BROWSER=/bin/false
start_broker
accounts "accounts after a restart"
token "token of the second broker"

if [ "$1" = unlocked ]; then
    code=0
    azbroker logout --all || code=$?
    echo "sign-out: exit $code"
    token "token after the sign-out"
    echo "the other program's secret: $(secret-tool lookup made-by this-test)"
fi
stop_broker
