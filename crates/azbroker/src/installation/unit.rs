use super::MARKER;
use crate::arguments::IdleExit;
use azbroker_service::BUS_NAME;

/// The unit for systemd.
///
/// Everything that a unit forbids is forbidden to what it starts too, and the broker starts the user's browser. So
/// it has what a browser can live with, and says why it has no more.
pub(super) fn text(executable: &str, idle_exit: IdleExit) -> String {
    format!(
        "{MARKER}\
[Unit]
Description=Authentication broker for Entra ID

[Service]
Type=dbus
BusName={BUS_NAME}
ExecStart={} serve --idle-exit {idle_exit}
# The bus starts it again when a program asks; one that fails must not start in a loop.
Restart=no
# It finishes the renewals under way, 5 s at the most.
TimeoutStopSec=15
# The browser it opened outlives it.
KillMode=process
# No core dump keeps refresh tokens.
LimitCORE=0

# The browser of a sign-in is started from here and inherits what is set, so these are left out:
# NoNewPrivileges, SystemCallFilter, RestrictNamespaces, RestrictSUIDSGID, RestrictAddressFamilies, LockPersonality,
#   ProtectKernel*, ProtectClock: browsers in snaps and sandboxes of browsers need a set-user-ID helper;
# MemoryDenyWriteExecute: browsers compile JavaScript;
# ProtectSystem, ProtectHome, PrivateTmp, PrivateUsers: they need a user namespace of the unit, from where the
#   kernel does not tell which program calls the broker; browsers write below the home and meet their other
#   windows in /tmp;
# PrivateNetwork, IPAddressDeny: both speak to the authority;
# UMask: downloads would be for nobody else; the broker closes its own files itself.
# The broker itself is not dumpable, and locks its memory where it may.
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
        let line = r#"ExecStart="/home/ada/50%% $apps/azbroker" serve --idle-exit never"#;
        assert!(text.lines().any(|found| found == line), "{text}");
    }
}
