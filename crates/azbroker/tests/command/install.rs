//! `azbroker install` and `uninstall`, with a bus that nobody here wrote.

use crate::{
    real_bus::{RealBus, activation_file, services},
    setup::{Place, code, copy_program, script, stderr, stdout},
};
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Output},
};

const NAME: &str = "com.microsoft.identity.broker1";

fn on(bus: &RealBus, mut command: Command) -> Output {
    command
        .env("DBUS_SESSION_BUS_ADDRESS", &bus.address)
        .output()
        .unwrap()
}

fn installed(home: &Path) -> PathBuf {
    services(home).join(format!("{NAME}.service"))
}

/// The command at a path that must be quoted.
fn oddly_placed(place: &Place, folder: &str) -> PathBuf {
    let folder = place.home.path().join(folder);
    fs::create_dir(&folder).unwrap();
    let program = folder.join("azbroker");
    copy_program(env!("CARGO_BIN_EXE_azbroker"), &program);
    program
}

#[test]
fn an_installed_broker_is_started_by_the_first_who_asks_and_leaves_nothing_when_uninstalled() {
    let place = Place::new();
    let azbroker = oddly_placed(&place, "it's a \\ \"$HOME\" 50%");
    // The bus watches folders that are there when it starts.
    fs::create_dir_all(services(place.home.path())).unwrap();
    let bus = RealBus::start(place.home.path(), |daemon| place.program(daemon));
    let command = |arguments: &[&str]| {
        let mut command = place.program(&azbroker);
        command.args(arguments);
        on(&bus, command)
    };

    let dry = command(&["install", "--dry-run"]);
    assert_eq!(code(&dry), 0, "{dry:?}");
    assert!(
        stdout(&dry).contains(&format!("Name={NAME}\nExec='")),
        "{dry:?}"
    );
    assert!(!installed(place.home.path()).exists());

    let first = command(&["install"]);
    let path = installed(place.home.path());
    assert_eq!(
        (code(&first), stdout(&first)),
        (0, &*format!("wrote {}\n", path.display())),
        "{first:?}"
    );
    assert_eq!(
        stderr(&first),
        "the session bus starts the broker when a program asks for it\n"
    );
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o644
    );
    let again = command(&["install"]);
    assert_eq!(
        (code(&again), stdout(&again)),
        (0, &*format!("{} is there already\n", path.display())),
        "{again:?}"
    );

    // Activation: somebody else's client pings a name that nobody has yet.
    let mut ping = place.program("gdbus");
    ping.args(["call", "--session", "--timeout", "5", "--dest", NAME]);
    ping.args([
        "--object-path",
        "/",
        "--method",
        "org.freedesktop.DBus.Peer.Ping",
    ]);
    let ping = on(&bus, ping);
    assert_eq!((code(&ping), stdout(&ping)), (0, "()\n"), "{ping:?}");

    let gone = command(&["uninstall"]);
    assert_eq!(code(&gone), 0, "{gone:?}");
    let said = stdout(&gone);
    assert!(
        said.starts_with(&format!(
            "removed {}\nended 'azbroker' (process ",
            path.display()
        )),
        "{said}"
    );
    assert!(stderr(&gone).contains("`azbroker logout --all` beforehand erases them"));
    assert!(!path.exists());
    let nothing = command(&["uninstall"]);
    assert_eq!(
        (code(&nothing), stdout(&nothing), stderr(&nothing)),
        (0, "", "nothing of `azbroker install` is here\n")
    );
}

#[test]
fn a_program_of_somebody_else_that_is_installed_is_named_and_left_alone() {
    let place = Place::new();
    let foreign = activation_file(place.home.path(), "/opt/other/broker");
    let before = fs::read(&foreign).unwrap();
    let output = place.azbroker(&["install"]).output().unwrap();
    assert_eq!(code(&output), 3, "{output:?}");
    let line = format!(
        "error: another broker is installed: {} starts /opt/other/broker\nhint: remove its package first",
        foreign.display()
    );
    assert!(stderr(&output).starts_with(&line), "{output:?}");
    let output = place.azbroker(&["uninstall"]).output().unwrap();
    assert_eq!(code(&output), 0, "{output:?}");
    assert_eq!(fs::read(&foreign).unwrap(), before);
}

#[test]
fn microsofts_broker_in_a_shared_folder_is_named() {
    let place = Place::new();
    let shared = place.home.path().join("usr/share");
    fs::create_dir_all(shared.join("dbus-1/services")).unwrap();
    let file = shared.join(format!("dbus-1/services/{NAME}.service"));
    let exec =
        "[D-BUS Service]\nExec=/opt/microsoft/identity-broker/bin/microsoft-identity-broker\n";
    fs::write(&file, exec).unwrap();
    let output = place
        .azbroker(&["install"])
        .env("XDG_DATA_DIRS", &shared)
        .output()
        .unwrap();
    assert_eq!(code(&output), 3, "{output:?}");
    let said = stderr(&output);
    assert!(said.contains(&file.display().to_string()), "{said}");
    assert!(
        said.contains("apt remove microsoft-identity-broker"),
        "{said}"
    );
    assert!(!installed(place.home.path()).exists());
}

#[test]
fn what_makes_the_name_activatable_is_what_stands_in_the_file_however_it_is_called() {
    let named = format!("[D-BUS Service]\nName={NAME}\nExec=/opt/other/broker\n");
    for (file, text, is_obstacle) in [
        ("org.example.Other.service", named.clone(), true),
        (
            "z.service",
            format!("# other\n[Unit]\n\n[D-BUS Service]\nExec=/opt/other/broker\nName = {NAME}\n"),
            true,
        ),
        (
            "org.example.Comment.service",
            format!("[D-BUS Service]\n#Name={NAME}\nName=org.example.Comment\nExec=/bin/true\n"),
            false,
        ),
        (
            "org.example.Group.service",
            format!("[D-BUS Service]\nName=org.example.Group\nExec=/bin/true\n[X]\nName={NAME}\n"),
            false,
        ),
        ("org.example.Other.service.old", named, false),
    ] {
        let place = Place::new();
        let folder = services(place.home.path());
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(file), &text).unwrap();
        let bus = RealBus::start(place.home.path(), |daemon| place.program(daemon));
        let mut names = place.program("busctl");
        names.args(["--user", "list", "--activatable", "--no-legend"]);
        let names = on(&bus, names);
        assert_eq!(stdout(&names).contains(NAME), is_obstacle, "{text}");

        let install = || {
            let mut install = place.azbroker(&["install"]);
            install.env("XDG_DATA_DIRS", place.home.path().join("usr/share"));
            on(&bus, install)
        };
        let assert_verdict = |path: &Path| {
            let output = install();
            if !is_obstacle {
                assert_eq!(code(&output), 0, "{output:?}");
                return;
            }
            assert_eq!(code(&output), 3, "{output:?}");
            let line = format!(
                "error: another broker is installed: {} starts /opt/other/broker\n",
                path.display()
            );
            assert!(stderr(&output).starts_with(&line), "{output:?}");
            assert!(!installed(place.home.path()).exists());
        };
        assert_verdict(&folder.join(file));
        let shared = place.home.path().join("usr/share/dbus-1/services");
        fs::create_dir_all(&shared).unwrap();
        fs::rename(folder.join(file), shared.join(file)).unwrap();
        assert_verdict(&shared.join(file));
    }
}

#[test]
fn microsofts_broker_is_an_obstacle_by_its_program_and_not_by_what_is_left_of_it() {
    let place = Place::new();
    let folder = place.home.path().join("opt/microsoft/identity-broker");
    let install = || {
        let mut command = place.program("bwrap");
        command
            .args(["--bind", "/", "/", "--dev-bind", "/dev", "/dev", "--bind"])
            .arg(place.home.path().join("opt"))
            .args(["/opt", "--", env!("CARGO_BIN_EXE_azbroker"), "install"]);
        command.output().unwrap()
    };
    fs::create_dir_all(folder.join("bin")).unwrap();
    fs::write(folder.join("bin/broker.log"), "").unwrap();
    let output = install();
    assert_eq!(code(&output), 0, "{output:?}");
    fs::remove_file(installed(place.home.path())).unwrap();

    script(&folder.join("bin/microsoft-identity-broker"), "true");
    let output = install();
    assert_eq!(code(&output), 3, "{output:?}");
    assert_eq!(
        stderr(&output),
        "error: another broker is installed: /opt/microsoft/identity-broker/bin/microsoft-identity-broker is there\n\
         hint: remove its package first (Microsoft's is `sudo apt remove microsoft-identity-broker` or \
         `sudo dnf remove microsoft-identity-broker`), or use that broker\n"
    );
    assert!(!installed(place.home.path()).exists());
}

#[test]
fn another_owner_of_the_name_is_named() {
    let place = Place::new();
    let bus = RealBus::start(place.home.path(), |daemon| place.program(daemon));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let _owner = runtime.block_on(async {
        let client = bus.client().await;
        client.request_name(NAME).await.unwrap();
        client
    });
    let output = on(&bus, place.azbroker(&["install"]));
    assert_eq!(code(&output), 3, "{output:?}");
    let line = format!(
        "(process {}) is the broker of this session",
        std::process::id()
    );
    assert!(stderr(&output).contains(&line), "{output:?}");
    assert!(!installed(place.home.path()).exists());
}

#[test]
fn a_bus_that_looks_elsewhere_is_said() {
    let place = Place::new();
    let bus = RealBus::start(place.home.path(), |daemon| place.program(daemon));
    let mut install = place.azbroker(&["install"]);
    install.env("XDG_DATA_HOME", place.home.path().join("elsewhere"));
    let output = on(&bus, install);
    assert_eq!(code(&output), 3, "{output:?}");
    let line =
        "error: the files are written, but this session bus does not look for services there";
    assert!(stderr(&output).starts_with(line), "{output:?}");
}

#[test]
fn without_a_home_there_is_no_place_for_the_files() {
    let place = Place::new();
    let output = place
        .azbroker(&["install"])
        .env_remove("HOME")
        .output()
        .unwrap();
    assert_eq!(code(&output), 3, "{output:?}");
    let line = "error: there is no folder for the files: HOME is not set, or no absolute path";
    assert!(stderr(&output).starts_with(line), "{output:?}");
}

#[test]
fn systemd_reads_the_unit_without_a_complaint() {
    let place = Place::new();
    let azbroker = oddly_placed(&place, "my $HOME 50%");
    // Where a user's systemd listens.
    let runtime = place.home.path().join("run");
    fs::create_dir_all(runtime.join("systemd")).unwrap();
    let _systemd = std::os::unix::net::UnixListener::bind(runtime.join("systemd/private")).unwrap();
    let install = place
        .program(&azbroker)
        .args(["install", "--idle-exit", "never"])
        .env("XDG_RUNTIME_DIR", &runtime)
        .output()
        .unwrap();
    assert_eq!(code(&install), 0, "{install:?}");
    let unit = place
        .home
        .path()
        .join(".config/systemd/user/azbroker.service");
    let activation = fs::read_to_string(installed(place.home.path())).unwrap();
    assert!(
        activation.contains("\nSystemdService=azbroker.service\n"),
        "{activation}"
    );

    // What is forbidden to the broker must not be to the browser.
    let text = fs::read_to_string(&unit).unwrap();
    for line in [
        " --browser-by-systemd\n",
        "\nNoNewPrivileges=yes\n",
        "\nRestrictNamespaces=yes\n",
        "\nMemoryDenyWriteExecute=yes\n",
        "\nSystemCallFilter=@system-service\n",
        "\nLimitCORE=0\n",
        "\nUMask=0077\n",
    ] {
        assert!(text.contains(line), "{text}");
    }
    // From a user namespace the broker could not see who calls.
    for option in [
        "ProtectSystem=",
        "PrivateTmp=",
        "PrivateUsers=",
        "ProtectHome=",
    ] {
        assert!(!text.lines().any(|line| line.starts_with(option)), "{text}");
    }

    // systemd's own reader; without one on this machine the quoting has a test of its own.
    let verified = place
        .program("systemd-analyze")
        .args(["verify", "--user", "--man=no"])
        .arg(&unit)
        .env("XDG_RUNTIME_DIR", &runtime)
        .output();
    if let Ok(verified) = verified {
        assert_eq!(
            (code(&verified), stderr(&verified)),
            (0, ""),
            "{verified:?}"
        );
    }
    // What the user adds to the unit stands beside it, and outlives both commands.
    let drop_in = unit.with_extension("service.d").join("override.conf");
    fs::create_dir_all(drop_in.parent().unwrap()).unwrap();
    let added = "[Service]\nLoadCredentialEncrypted=azbroker-key:%h/.config/azbroker/key.cred\n";
    fs::write(&drop_in, added).unwrap();
    let again = place
        .program(&azbroker)
        .args(["install", "--idle-exit", "60"])
        .env("XDG_RUNTIME_DIR", &runtime)
        .output()
        .unwrap();
    assert_eq!(code(&again), 0, "{again:?}");
    let rewritten = fs::read_to_string(&unit).unwrap();
    assert!(rewritten.contains(" serve --idle-exit 60"), "{rewritten}");
    assert_eq!(fs::read_to_string(&drop_in).unwrap(), added);

    let gone = place
        .program(&azbroker)
        .arg("uninstall")
        .env("XDG_RUNTIME_DIR", &runtime)
        .output()
        .unwrap();
    assert_eq!(code(&gone), 0, "{gone:?}");
    assert!(!unit.exists());
    assert_eq!(fs::read_to_string(&drop_in).unwrap(), added);
}

#[test]
fn a_file_with_the_units_name_that_somebody_else_wrote_stays() {
    let place = Place::new();
    let runtime = place.home.path().join("run");
    fs::create_dir_all(runtime.join("systemd")).unwrap();
    let _systemd = std::os::unix::net::UnixListener::bind(runtime.join("systemd/private")).unwrap();
    let unit = place
        .home
        .path()
        .join(".config/systemd/user/azbroker.service");
    fs::create_dir_all(unit.parent().unwrap()).unwrap();
    script(&unit, "[Unit]");
    let output = place
        .azbroker(&["install"])
        .env("XDG_RUNTIME_DIR", &runtime)
        .output()
        .unwrap();
    assert_eq!(code(&output), 3, "{output:?}");
    let line = format!("error: {} was written by somebody else", unit.display());
    assert!(stderr(&output).starts_with(&line), "{output:?}");
    assert!(!installed(place.home.path()).exists());
}
