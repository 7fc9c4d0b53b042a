//! What has to be on the machine for the suite and the bench, and how it gets there.

use crate::process::{self, Ended, is_command, output_of};
use crate::report::Line;
use crate::workspace::Workspace;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Something a case cannot run without.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Need {
    /// The bus and its own tools.
    Bus,
    /// GNOME Keyring and a tool to ask it.
    Keyring,
    /// Node with the pinned packages, Microsoft's runtime among them.
    Node,
    /// Python with the pinned packages, the same runtime among them.
    Python,
    /// Azurite: Azure Storage as Microsoft emulates it.
    Azurite,
    /// A real browser, driven from Node.
    Chromium,
    /// A screen that nobody sees, and a notification server on it.
    Desktop,
    /// systemd as the manager of a user's session, and the right to keep it apart from the machine's processes.
    UserManager,
    /// What counts system calls, instructions and allocations.
    Counting,
    /// What Rust tests put around a program: a bus, a keyring, a sandbox, a terminal, another user.
    Surroundings,
}

/// For each need: nothing if it is met, else the line that says what to install.
pub(crate) type Missing = BTreeMap<Need, Option<String>>;

/// Brings what is needed, as far as this machine allows.
pub(crate) fn provide(workspace: &Workspace, needs: &[Need]) -> Missing {
    install_system_packages(workspace, needs);
    needs
        .iter()
        .map(|need| (*need, missing(workspace, *need)))
        .collect()
}

/// The interpreter of the pinned Python packages.
pub(crate) fn python(workspace: &Workspace) -> PathBuf {
    workspace.interop().join("python/bin/python")
}

/// The folder with the Node programs beside their packages: imports are looked up from the program's own folder.
pub(crate) fn node_folder(workspace: &Workspace) -> PathBuf {
    workspace.interop().join("node")
}

/// The folder with the commands of Azurite.
pub(crate) fn azurite_commands(workspace: &Workspace) -> PathBuf {
    workspace.interop().join("azurite/node_modules/.bin")
}

/// The program that checks dependencies: the one installed here, else a pinned one below `target`.
pub(crate) fn cargo_deny(workspace: &Workspace) -> Result<PathBuf, String> {
    if is_command("cargo-deny") {
        return Ok("cargo-deny".into());
    }
    let folder = workspace.target.join("xtask/cargo-deny");
    let pinned = workspace.root.join("crates/xtask/cargo-deny.txt");
    install_system_packages(workspace, &[Need::Python]);
    install_python_packages(workspace, &folder, &pinned)
        .map_err(|error| format!("{error}; install it with: cargo install --locked cargo-deny"))?;
    Ok(folder.join("bin/cargo-deny"))
}

/// A Debian package, and how to see whether what we want from it is there, from wherever it came.
struct SystemPackage {
    package: &'static str,
    seen_by: SeenBy,
}

enum SeenBy {
    Command(&'static str),
    Library(&'static str),
    /// A header to compile against.
    PkgConfig(&'static str),
    PythonModule(&'static str),
}

const fn command(package: &'static str, name: &'static str) -> SystemPackage {
    SystemPackage {
        package,
        seen_by: SeenBy::Command(name),
    }
}

const fn library(package: &'static str, name: &'static str) -> SystemPackage {
    SystemPackage {
        package,
        seen_by: SeenBy::Library(name),
    }
}

const BUS: &[SystemPackage] = &[
    command("dbus-daemon", "dbus-run-session"),
    command("dbus-bin", "dbus-send"),
    command("libglib2.0-bin", "gdbus"),
];
const KEYRING: &[SystemPackage] = &[
    command("gnome-keyring", "gnome-keyring-daemon"),
    command("libsecret-tools", "secret-tool"),
];
/// What Microsoft's runtime is linked against and a machine without a desktop does not have.
const RUNTIME: &[SystemPackage] = &[
    library("libwebkit2gtk-4.1-0", "libwebkit2gtk-4.1.so.0"),
    library("libsecret-1-0", "libsecret-1.so.0"),
    library("libcurl4", "libcurl.so.4"),
    library("libfido2-1", "libfido2.so.1"),
    library("libdbus-1-3", "libdbus-1.so.3"),
    library("libx11-6", "libX11.so.6"),
];
/// The last four: `keytar`, below `@azure/identity-broker`, is compiled where its prebuilt form cannot be fetched.
const NODE: &[SystemPackage] = &[
    command("nodejs", "node"),
    command("npm", "npm"),
    command("python3", "python3"),
    command("make", "make"),
    command("g++", "g++"),
    SystemPackage {
        package: "libsecret-1-dev",
        seen_by: SeenBy::PkgConfig("libsecret-1"),
    },
];
/// The last two make its certificate, and ask it without a library of Azure's.
const AZURITE: &[SystemPackage] = &[
    command("nodejs", "node"),
    command("npm", "npm"),
    command("openssl", "openssl"),
    command("curl", "curl"),
];
const PYTHON: &[SystemPackage] = &[
    command("python3", "python3"),
    SystemPackage {
        package: "python3-venv",
        seen_by: SeenBy::PythonModule("ensurepip"),
    },
];
const CHROMIUM: &[SystemPackage] = &[
    command("chromium", "chromium"),
    command("libnss3-tools", "certutil"),
];
/// The last one: `dunstctl` asks dunst with its `busctl`.
const DESKTOP: &[SystemPackage] = &[
    command("xvfb", "Xvfb"),
    command("dunst", "dunstctl"),
    command("systemd", "busctl"),
];

const USER_MANAGER: &[SystemPackage] = &[
    command("systemd", "systemctl"),
    command("util-linux", "unshare"),
];

const SURROUNDINGS: &[SystemPackage] = &[
    command("bubblewrap", "bwrap"),
    command("systemd", "busctl"),
    command("bsdutils", "script"),
    command("util-linux", "setpriv"),
];

const COUNTING: &[SystemPackage] = &[command("strace", "strace"), command("valgrind", "valgrind")];

impl Need {
    fn system_packages(self) -> Vec<&'static SystemPackage> {
        let lists: &[&[SystemPackage]] = match self {
            Self::Bus => &[BUS],
            Self::Surroundings => &[BUS, KEYRING, SURROUNDINGS],
            Self::Keyring => &[BUS, KEYRING],
            Self::Node => &[NODE, RUNTIME],
            Self::Python => &[PYTHON, RUNTIME],
            Self::Azurite => &[AZURITE],
            Self::Chromium => &[NODE, CHROMIUM],
            Self::Desktop => &[BUS, DESKTOP],
            Self::UserManager => &[BUS, USER_MANAGER],
            Self::Counting => &[BUS, COUNTING],
        };
        lists.iter().copied().flatten().collect()
    }

    fn absent(self) -> Vec<&'static str> {
        let mut absent: Vec<_> = self
            .system_packages()
            .into_iter()
            .filter(|each| !each.is_there())
            .map(|each| each.package)
            .collect();
        absent.dedup();
        absent
    }
}

impl SystemPackage {
    fn is_there(&self) -> bool {
        match self.seen_by {
            SeenBy::Command(name) => is_command(name),
            SeenBy::Library(name) => {
                // Outside the search path of a person who is not root.
                let known =
                    output_of("ldconfig", &["-p"]).or_else(|| output_of("/sbin/ldconfig", &["-p"]));
                known.is_some_and(|list| list.split_whitespace().any(|word| word == name))
            }
            SeenBy::PkgConfig(name) => output_of("pkg-config", &["--exists", name]).is_some(),
            SeenBy::PythonModule(name) => {
                output_of("python3", &["-c", &format!("import {name}")]).is_some()
            }
        }
    }
}

/// Says what is missing for a need, after an attempt to install it.
fn missing(workspace: &Workspace, need: Need) -> Option<String> {
    let absent = need.absent();
    if !absent.is_empty() {
        return Some(format!(
            "install with: apt-get install {}",
            absent.join(" ")
        ));
    }
    match need {
        Need::Bus | Need::Keyring | Need::Counting | Need::Surroundings | Need::Desktop => None,
        Need::UserManager => may_manage_users(workspace).err(),
        Need::Node | Need::Chromium => install_node_packages(workspace, "node").err(),
        Need::Azurite => install_node_packages(workspace, "azurite").err(),
        Need::Python => {
            let pinned = workspace.interop_sources().join("python/requirements.txt");
            install_python_packages(workspace, &workspace.interop().join("python"), &pinned).err()
        }
    }
}

/// What a manager needs for itself can only be tried.
fn may_manage_users(workspace: &Workspace) -> Result<(), String> {
    let script = workspace.interop_sources().join("bus/user_manager.sh");
    let tried = Command::new("sh").arg(script).arg("can").output();
    let tried = tried.map_err(|error| format!("sh: {error}"))?;
    match tried.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&tried.stdout).trim().to_owned()),
    }
}

/// With the right to do so, installs what is absent. What is absent afterwards is reported by need.
fn install_system_packages(workspace: &Workspace, needs: &[Need]) {
    let mut absent: Vec<_> = needs.iter().flat_map(|need| need.absent()).collect();
    absent.sort_unstable();
    absent.dedup();
    let may_install = is_command("apt-get") && output_of("id", &["-u"]).as_deref() == Some("0");
    if absent.is_empty() || !may_install {
        return;
    }
    if absent.contains(&"libsecret-1-dev") {
        absent.push("pkg-config");
    }
    let log = log_file(workspace, "apt-get");
    let line = Line::begin(&format!("installing {}", absent.join(" ")));
    let mut update = Command::new("apt-get");
    update.arg("update");
    let mut install = Command::new("apt-get");
    install
        .args(["install", "--yes", "--no-install-recommends"])
        .args(&absent);
    install.env("DEBIAN_FRONTEND", "noninteractive");
    let result = succeed(&mut update, &log).and_then(|()| succeed(&mut install, &log));
    finish(line, &result);
}

fn install_node_packages(workspace: &Workspace, name: &str) -> Result<(), String> {
    let version = output_of("node", &["--version"]).unwrap_or_default();
    let major: u32 = version
        .trim_start_matches('v')
        .split('.')
        .next()
        .unwrap_or_default()
        .parse()
        .unwrap_or(0);
    if major < OLDEST_NODE {
        return Err(format!(
            "install Node {OLDEST_NODE} or later; here is {version}"
        ));
    }
    let sources = workspace.interop_sources().join(name);
    let folder = workspace.interop().join(name);
    let copy = |name: &str| {
        fs::copy(sources.join(name), folder.join(name)).map_err(|error| format!("{name}: {error}"))
    };
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;

    // The programs may change at any time, the packages only with the lock.
    for program in files_in(&sources)? {
        copy(&program)?;
    }
    let wanted = stamp(
        &version,
        &[
            &sources.join("package.json"),
            &sources.join("package-lock.json"),
        ],
    );
    once(&folder, &wanted, "npm packages", || {
        let mut command = Command::new("npm");
        command
            .args(["ci", "--no-audit", "--no-fund"])
            .current_dir(&folder);
        succeed(&mut command, &log_file(workspace, "npm"))
    })
}

fn install_python_packages(
    workspace: &Workspace,
    folder: &Path,
    pinned: &Path,
) -> Result<(), String> {
    let version = output_of(
        "python3",
        &["-c", "import sys; print(sys.version, sys.base_prefix)"],
    )
    .unwrap_or_default();
    once(folder, &stamp(&version, &[pinned]), "PyPI packages", || {
        let log = log_file(workspace, "pip");
        let mut environment = Command::new("python3");
        environment.args(["-m", "venv", "--clear"]).arg(folder);
        succeed(&mut environment, &log)?;
        let mut install = Command::new(folder.join("bin/python"));
        // The list is complete: a package that is not on it is a mistake in the list.
        install.args([
            "-m",
            "pip",
            "install",
            "--no-deps",
            "--only-binary=:all:",
            "--disable-pip-version-check",
        ]);
        install.arg("--requirement").arg(pinned);
        succeed(&mut install, &log)?;
        let mut check = Command::new(folder.join("bin/python"));
        check.args(["-m", "pip", "check"]);
        succeed(&mut check, &log)
    })
}

/// Installs into a folder unless it holds exactly what is wanted already.
fn once(
    folder: &Path,
    wanted: &str,
    name: &str,
    install: impl FnOnce() -> Result<(), String>,
) -> Result<(), String> {
    let stamp = folder.join("installed-from");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    // A stamp beside half an installation would be a lie.
    let _ = fs::remove_file(&stamp);
    let line = Line::begin(&format!("installing {name}"));
    let result = install();
    finish(line, &result);
    result?;
    fs::write(&stamp, wanted).map_err(|error| format!("{}: {error}", stamp.display()))
}

fn finish(line: Line, result: &Result<(), String>) {
    match result {
        Ok(()) => line.end("ok"),
        Err(error) => line.end(&format!("FAILED: {error}")),
    };
}

fn stamp(version: &str, files: &[&Path]) -> String {
    let mut stamp = format!("{version}\n");
    for file in files {
        stamp.push_str(&fs::read_to_string(file).unwrap_or_default());
    }
    stamp
}

fn files_in(folder: &Path) -> Result<Vec<String>, String> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let files = entries
        .filter_map(Result::ok)
        .filter(|entry| entry.path().is_file());
    Ok(files
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect())
}

fn succeed(command: &mut Command, log: &Path) -> Result<(), String> {
    match process::run(command, log) {
        Ok(Ended::With(status)) if status.success() => Ok(()),
        Ok(Ended::OutOfTime) => Err(format!(
            "{} fell silent and was ended; what ran is in {}",
            command.get_program().to_string_lossy(),
            log.display()
        )),
        Ok(Ended::With(status)) => {
            let text = String::from_utf8_lossy(&fs::read(log).unwrap_or_default()).into_owned();
            let last = text
                .lines()
                .rev()
                .find(|line| !line.trim().is_empty())
                .unwrap_or_default();
            let program = command.get_program().to_string_lossy().into_owned();
            Err(format!(
                "{program} ended with {status}: {last} (all of it: {})",
                log.display()
            ))
        }
        Err(error) => Err(format!(
            "{}: {error}",
            command.get_program().to_string_lossy()
        )),
    }
}

fn log_file(workspace: &Workspace, name: &str) -> PathBuf {
    let folder = workspace.interop().join("log");
    // If this fails, opening the file in it does too, and says so.
    let _ = fs::create_dir_all(&folder);
    folder.join(format!("{name}.log"))
}

/// `@azure/identity` asks for it.
const OLDEST_NODE: u32 = 20;
