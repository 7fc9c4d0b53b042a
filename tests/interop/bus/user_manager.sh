#!/bin/sh
# `azbroker install` where systemd manages the user's session: the bus has systemd start the broker, in its unit.
#
#     user_manager.sh        runs it
#     user_manager.sh can    says on standard output why it cannot run here
#
# The manager takes over the control group that it finds itself in, with all processes there, and looks below /run
# for the machine's. So it gets a control group, processes and mounts that are nobody else's: it must never see those
# of the machine.
set -eu

# Chained: `set -e` does not hold where somebody looks at what comes of it.
within() {
    mount --make-rprivate / &&
        umount -R /sys/fs/cgroup &&
        mount -t cgroup2 cgroup2 /sys/fs/cgroup &&
        mount -t tmpfs tmpfs /run &&
        grep -qx '0::/' /proc/self/cgroup &&
        [ "$$" = 1 ] &&
        alone </sys/fs/cgroup/cgroup.procs
}

# Whether no process is in the group but this one, a reader of its own, and such as have no number here.
alone() {
    while read -r process; do
        case $process in 0 | 1) ;; *) return 1 ;; esac
    done
}

case "${1:-}" in
can | "")
    groups=$(findmnt -n -o TARGET -t cgroup2 | head -n 1)
    group=$groups/azbroker-test-$$
    if [ -z "$groups" ] || ! mkdir "$group" 2>/dev/null; then
        echo "run it as root where control groups of version 2 can be made"
        exit 1
    fi
    trap 'find "$group" -depth -type d -exec rmdir {} +' EXIT
    case "${1:-}" in can) stage=look ;; *) stage=session ;; esac
    code=0
    sh -c 'echo $$ >"$1/cgroup.procs" && exec unshare --mount --pid --cgroup --mount-proc --fork --kill-child sh "$2" "$3"' \
        sh "$group" "$0" "$stage" || code=$?
    exit $code
    ;;
look)
    within >/dev/null 2>&1 || {
        echo "run it as root where mounts, processes and control groups can be made private (unshare)"
        exit 1
    }
    exit
    ;;
esac

within
mkdir -p /run/systemd/system
export XDG_DATA_HOME="$HOME/.local/share"
export DBUS_SESSION_BUS_ADDRESS="unix:path=$XDG_RUNTIME_DIR/bus"
units=$HOME/.config/systemd/user
mkdir -p "$units" "$XDG_DATA_HOME/dbus-1/services"
# As in Debian's dbus-user-session.
cat >"$units/dbus.socket" <<'UNIT'
[Unit]
DefaultDependencies=no
[Socket]
ListenStream=%t/bus
UNIT
cat >"$units/dbus.service" <<'UNIT'
[Unit]
DefaultDependencies=no
Requires=dbus.socket
[Service]
Type=notify
ExecStart=/usr/bin/dbus-daemon --session --address=systemd: --nofork --nopidfile --systemd-activation
UNIT
cat >"$units/session.target" <<'UNIT'
[Unit]
DefaultDependencies=no
Requires=dbus.service
UNIT
/usr/lib/systemd/systemd --user --unit=session.target --log-target=console >"$HOME/systemd.log" 2>&1 &
manager=$!
# Each question takes a moment.
until gdbus wait --session --timeout 20 org.freedesktop.systemd1 2>/dev/null; do
    kill -0 "$manager" || { cat "$HOME/systemd.log"; exit 1; }
done

azbroker install 2>&1 | sed "s|$HOME|HOME|"
broker=com.microsoft.identity.broker1
ping() {
    gdbus call --session --timeout 20 --dest $broker --object-path / --method org.freedesktop.DBus.Peer.Ping
}
echo "ping: $(ping)"
systemctl --user show azbroker.service --property ActiveState,SubState
process=$(systemctl --user show azbroker.service --property MainPID --value)
grep -E '^(NoNewPrivs|Seccomp|Umask):' "/proc/$process/status"
echo "core dumps: $(awk '/^Max core file size/ { print $5, $6 }' "/proc/$process/limits")"
sed -n 's/^0::.*\(azbroker.service\)/in \1/p' "/proc/$process/cgroup"
code=0
azbroker login || code=$?
echo "sign-in: exit $code"

azbroker uninstall 2>&1 | sed -e "s|$HOME|HOME|" -e 's/ (process .*//'
code=0
ping 2>/dev/null || code=$?
echo "ping when uninstalled: exit $code"
systemctl --user show azbroker.service --property LoadState
