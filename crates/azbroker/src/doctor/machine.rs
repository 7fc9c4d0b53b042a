use super::finding::Finding;
use crate::installation::ActivationFile;
use std::{
    env, fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

/// What is on the machine itself.
pub(super) fn examine(tell: &mut impl FnMut(Finding)) {
    tell(browser());
    tell(other_brokers());
    tell(Finding::fine(
        "device",
        "not registered with Entra ID, and this broker does not claim it is: policies that want a managed \
         device refuse",
    ));
}

fn browser() -> Finding {
    let hop = "browser";
    if let Some(named) = env::var("BROWSER")
        .ok()
        .filter(|named| !named.trim().is_empty())
    {
        let mut commands = named.split(':').filter_map(|command| {
            let program = command.split_ascii_whitespace().next()?;
            find_program(program).map(|_| program.to_owned())
        });
        return match commands.next() {
            Some(program) => Finding::fine(hop, format!("BROWSER names {program}")),
            None => Finding::broken(
                hop,
                format!("BROWSER names '{named}', which is not on this machine"),
                "name a browser that is, or unset BROWSER",
            ),
        };
    }
    let on_wsl = fs::read_to_string("/proc/sys/kernel/osrelease")
        .is_ok_and(|release| release.to_lowercase().contains("microsoft"));
    if on_wsl {
        const OPENERS: [&str; 3] = ["wslview", "powershell.exe", "explorer.exe"];
        return match OPENERS
            .into_iter()
            .find(|name| find_program(name).is_some())
        {
            Some(opener) => Finding::fine(hop, format!("Windows' own, by way of {opener}")),
            None => Finding::broken(
                hop,
                "Windows' programs are not in PATH",
                "set appendWindowsPath=true in /etc/wsl.conf, install wslu, or name a browser in BROWSER",
            ),
        };
    }
    let display = ["WAYLAND_DISPLAY", "DISPLAY"]
        .into_iter()
        .find(|name| env::var_os(name).is_some_and(|value| !value.is_empty()));
    let Some(display) = display else {
        return Finding::notice(
            hop,
            "this session has no display",
            "sign in from a desktop session, or name a browser in BROWSER",
        );
    };
    const OPENERS: [&str; 5] = ["xdg-open", "gio", "gnome-open", "kde-open", "wslview"];
    match OPENERS
        .into_iter()
        .find(|name| find_program(name).is_some())
    {
        Some(opener) => Finding::fine(hop, format!("the desktop's own, by way of {opener}")),
        None => Finding::broken(
            hop,
            format!("{display} is set, but nothing here opens web pages"),
            "install xdg-utils, or name a browser in BROWSER",
        ),
    }
}

/// Looks where a shell would.
fn find_program(name: &str) -> Option<PathBuf> {
    let runs = |path: &Path| {
        fs::metadata(path)
            .is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
    };
    if name.contains('/') {
        return Some(PathBuf::from(name)).filter(|path| runs(path));
    }
    let folders = env::var_os("PATH")?;
    env::split_paths(&folders)
        .map(|folder| folder.join(name))
        .find(|path| runs(path))
}

fn other_brokers() -> Finding {
    let hop = "other brokers";
    let file = ActivationFile::shared()
        .into_iter()
        .find(|file| !file.is_ours)
        .map(|file| file.path);
    let left = file.or_else(|| {
        LEFTOVERS
            .into_iter()
            .map(PathBuf::from)
            .find(|path| path.exists())
    });
    match left {
        Some(path) => Finding::notice(
            hop,
            format!("of another broker there is {}", path.display()),
            "remove its package (Microsoft's is microsoft-identity-broker), or use that broker",
        ),
        None => Finding::fine(hop, "none is installed"),
    }
}

/// Where Microsoft's package puts itself.
const LEFTOVERS: [&str; 2] = [
    "/opt/microsoft/identity-broker",
    "/usr/share/dbus-1/system-services/com.microsoft.identity.devicebroker1.service",
];
