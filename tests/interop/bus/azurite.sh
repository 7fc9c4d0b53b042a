#!/bin/sh
# Microsoft's emulator of Azure Storage, over TLS and with its check of tokens, for a Rust program.
set -eu

cd "$HOME"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -keyout key.pem -out certificate.pem \
    -subj /CN=azurite -addext subjectAltName=IP:127.0.0.1 -addext basicConstraints=critical,CA:FALSE 2>openssl.log || {
    cat openssl.log >&2
    exit 1
}
cat "$SSL_CERT_FILE" certificate.pem >bundle.pem
export SSL_CERT_FILE="$HOME/bundle.pem"

# It chooses its port, and says when it listens. If it dies, the pipe ends. The Rust client asks for a version of the
# interface that this Azurite, the last for Node 20, does not know by number.
mkfifo said
env -u NODE_OPTIONS azurite-blob --blobPort 0 --inMemoryPersistence --disableTelemetry --silent \
    --skipApiVersionCheck --oauth basic --cert certificate.pem --key key.pem >said 2>azurite.log &
azurite=$!
trap 'kill "$azurite"; wait "$azurite" || :' EXIT
exec 3<said
account=
while [ -z "$account" ] && read -r line <&3; do
    case $line in
    *"successfully listens on "*) account=${line##* }/devstoreaccount1 ;;
    esac
done
[ -n "$account" ] || {
    echo "Azurite did not come up" >&2
    cat azurite.log >&2
    exit 1
}

"$(dirname "$(command -v azbroker)")/examples/blob" "$account"

# What another client is told of the same container, with the broker's token for this resource and with another's.
read_with() {
    azbroker token --scope "$1/.default" >token
    printf 'header = "Authorization: Bearer %s"\nheader = "x-ms-version: 2024-11-04"\n' "$(cat token)" |
        curl --silent --cacert certificate.pem --config - --output answer --write-out '%{http_code}' \
            "$account/notes/g.txt"
}
echo "a token for storage: $(read_with https://storage.azure.com)"
echo "a token for a vault: $(read_with https://vault.azure.net)"
grep -o 'Invalid token audience' answer
