#!/bin/sh
# The broker as the bus's own tools see it, and the documented calls by hand.
set -eu

name=com.microsoft.identity.broker1
path=/com/microsoft/identity/broker1
id=3f1c1b1e-5a70-4d5e-8a3c-6a4d7c0d9b11
client='{"clientId":"04b07795-8ddb-461a-bbee-02f9e1bf7b46","redirectUri":"04b07795-8ddb-461a-bbee-02f9e1bf7b46"}'

echo "Ping: $(gdbus call --session --dest $name --object-path $path --method org.freedesktop.DBus.Peer.Ping)"

echo "getAccounts by gdbus:"
gdbus call --session --dest $name --object-path $path \
    --method com.microsoft.identity.Broker1.getAccounts "'0.0'" "'$id'" "'$client'"

echo "getAccounts by dbus-send:"
dbus-send --session --print-reply --dest=$name $path \
    com.microsoft.identity.Broker1.getAccounts string:0.0 string:$id "string:$client"

echo "getLinuxBrokerVersion:"
gdbus call --session --dest $name --object-path $path \
    --method com.microsoft.identity.Broker1.getLinuxBrokerVersion "'0.0'" "'$id'" "'{\"msalCppVersion\":\"12.0.2\"}'"

# A second broker must not push the first one aside.
echo "a second broker:"
if azbroker serve; then
    echo "took the name"
    exit 1
else
    echo "refused with $?"
fi
