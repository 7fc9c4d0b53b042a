use super::MARKER;
use crate::arguments::IdleExit;
use azbroker_service::BUS_NAME;

/// The unit for systemd.
///
/// Everything that a unit forbids is forbidden to what it starts too. So the broker has systemd start the user's
/// browser in a unit of its own, and starts nothing itself but systemd's command for that.
pub(super) fn text(executable: &str, idle_exit: IdleExit) -> String {
    format!(
        "{MARKER}\
[Unit]
Description=Authentication broker for Entra ID

[Service]
Type=dbus
BusName={BUS_NAME}
ExecStart={} serve --idle-exit {idle_exit} --browser-by-systemd
# The bus starts it again when a program asks; one that fails must not start in a loop.
Restart=no
# It finishes the renewals under way, 5 s at the most.
TimeoutStopSec=15

NoNewPrivileges=yes
# The bus, the authority, and the kernel, which tells addresses and whose a connection is.
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM
UMask=0077
# No core dump keeps refresh tokens.
LimitCORE=0
# Without a limit the broker locks its memory; your manager raises it as far as it may itself.
LimitMEMLOCK=infinity

# ProtectSystem, ProtectHome, ReadWritePaths, PrivateTmp, PrivateDevices, ProtectProc, ProtectKernel*, ProtectClock,
#   ProtectHostname, ProtectControlGroups and PrivateUsers are left out: a user's manager makes a user namespace for
#   them, from where the kernel does not tell the broker which program calls it.
# PrivateNetwork, IPAddressDeny: it speaks to the authority.
",
        quoted(executable)
    )
}

/// Whether systemd starts a program at this path; it takes no quotes in one.
pub(super) fn can_start(executable: &str) -> bool {
    !executable.contains(['\'', '"', '\\'])
}

/// The first word of a command line, in which systemd replaces specifiers but no variables, see
/// [systemd.service](https://www.freedesktop.org/software/systemd/man/latest/systemd.service.html#Command%20lines).
fn quoted(executable: &str) -> String {
    format!("\"{}\"", executable.replace('%', "%%"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_quoted_for_systemd() {
        let text = text("/home/ada/50% $apps/azbroker", IdleExit::Never);
        let line = r#"ExecStart="/home/ada/50%% $apps/azbroker" serve --idle-exit never --browser-by-systemd"#;
        assert!(text.lines().any(|found| found == line), "{text}");
    }
}
