//! Each bad input that a user may give: one clear line, the right exit code.

use crate::setup::{Place, code, stderr, stdout};
use azbroker_emulator::default_world::{ADA, ADA_PASSWORD};

/// Runs `azbroker` on a bus with a broker that holds Ada's account.
fn signed_in(script: &str) -> (i32, String) {
    let place = Place::new();
    let output = place.emulate(&["--signed-in", ADA], &format!("\"$AZBROKER\" {script}"));
    assert_eq!(stdout(&output), "", "nothing but tokens on standard output");
    place.assert_clean();
    (code(&output), stderr(&output).to_owned())
}

#[test]
fn a_token_request_that_cannot_work_says_why() {
    for (arguments, expected, text) in [
        (
            "token --scope 'not a scope'",
            2,
            "scope 'not a scope' has white space in it: name each scope by itself",
        ),
        (
            "token --scope ''",
            2,
            "a scope is empty: name one, such as https://vault.azure.net/.default",
        ),
        (
            "token --scope https://vault.azure.net/.default --authority-host http://login.microsoftonline.com",
            2,
            "is not HTTPS: write it with https://",
        ),
        (
            "token --scope https://vault.azure.net/.default --authority-host login.evil.example",
            2,
            "'login.evil.example' is no authority host of a known cloud",
        ),
        (
            "token --scope https://vault.azure.net/.default --tenant 'a b'",
            2,
            "'a b' is no tenant: give a tenant ID, a domain name, 'organizations', 'common' or 'consumers'",
        ),
        (
            "token --scope https://vault.azure.net/.default --client-id 'a b'",
            2,
            "'a b' is no client ID: copy the application (client) ID from the app registration",
        ),
        (
            "token --scope https://vault.azure.net/.default --client-id abc",
            2,
            "error: 'abc' is no client ID: copy the application (client) ID from the app registration",
        ),
        (
            "login --client-id abc",
            2,
            "error: 'abc' is no client ID: copy the application (client) ID from the app registration",
        ),
        (
            "token --scope https://vault.azure.net/.default --scope https://storage.azure.com/.default",
            1,
            "(AADSTS28000)\nhint: ask for each resource by itself, as with one `azbroker token --scope` for each\n",
        ),
        (
            "token --scope https://unknown.example/.default",
            1,
            "Entra ID refused: the tenant has no such resource (AADSTS500011)",
        ),
        (
            "token --scope https://vault.azure.net/.default --username bob@contoso.example",
            3,
            "bob@contoso.example is not signed in to this broker",
        ),
        (
            "token --scope https://vault.azure.net/.default --authority-host login.evil.example",
            2,
            "\nhint: to trust it, list it under `authority-hosts` in config.toml and start the broker again, \
             or start it with `--authority-host login.evil.example`\n",
        ),
        (
            "logout --username ada@contoso.example --tenant fabrikam.example",
            1,
            "error: the broker holds no account 'ada@contoso.example' in tenant fabrikam.example\n\
             hint: name where it is: --tenant ",
        ),
        (
            "account default nobody --authority-host 'no host'",
            2,
            "'no host' is no authority host: give one such as login.microsoftonline.us",
        ),
        (
            "rules allow sh --account nobody",
            2,
            "error: 'nobody' is no account: give a username such as ada@contoso.example, or a home account ID\n",
        ),
        (
            "login --redirect nativeclient --client-id 5eed0000-0000-4000-8000-000000000002 --tenant contoso.example",
            3,
            "\nhint: sign in with `azbroker login --client-id 5eed0000-0000-4000-8000-000000000002 --tenant contoso.example \
             --redirect paste`\n",
        ),
        (
            "logout --username bob@contoso.example",
            1,
            "the broker holds no account 'bob@contoso.example'",
        ),
    ] {
        let (code, said) = signed_in(arguments);
        assert_eq!(code, expected, "{arguments}\n{said}");
        assert!(said.contains(text), "{arguments}\n{said}");
        let errors = said
            .lines()
            .filter(|line| line.starts_with("error: "))
            .count();
        assert_eq!(errors, 1, "one line\n{said}");
        assert!(said.lines().count() <= 2, "an error and a hint\n{said}");
    }
}

#[test]
fn no_bus_and_no_broker_are_told_apart() {
    let place = Place::new();
    for command in [
        &["token", "--scope", "https://vault.azure.net/.default"][..],
        &["status"],
        &["accounts"],
        &["login"],
        &["logout", "--all"],
        &["logout", "--username", ADA],
        &["account", "default"],
        &["account", "default", ADA],
    ] {
        let no_bus = place
            .azbroker(command)
            .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent")
            .output()
            .unwrap();
        assert_eq!((code(&no_bus), stdout(&no_bus)), (3, ""));
        let said = stderr(&no_bus);
        let begin = "error: there is no session bus for a broker: ";
        assert!(said.starts_with(begin), "{no_bus:?}");
        let hint = "\nhint: run it in the shell of `azbroker run -- bash`, which brings a bus and a broker; ";
        assert!(said.contains(hint), "{no_bus:?}");
        assert!(!said.contains("credential"), "{no_bus:?}");
    }

    let serve = place
        .azbroker(&["serve"])
        .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent")
        .output()
        .unwrap();
    assert_eq!(code(&serve), 3);
    assert!(
        stderr(&serve).starts_with("error: there is no session bus to serve on"),
        "{serve:?}"
    );
    assert!(
        stderr(&serve).contains("`azbroker run -- bash` brings one"),
        "{serve:?}"
    );

    // A bus whose broker was ended.
    let no_broker = place.emulate(
        &[],
        &format!("{KILL_BROKER}; \"$AZBROKER\" token --scope https://vault.azure.net/.default"),
    );
    assert_eq!(
        (code(&no_broker), stdout(&no_broker)),
        (3, ""),
        "{no_broker:?}"
    );
    assert!(
        stderr(&no_broker).starts_with(
            "error: nobody offers com.microsoft.identity.broker1 on the session bus\n"
        ),
        "{no_broker:?}"
    );
    assert!(
        stderr(&no_broker).ends_with(
            "hint: have the bus start a broker, with `azbroker install`, or start one, as with `azbroker serve`\n"
        ),
        "{no_broker:?}"
    );
}

#[test]
fn a_broker_that_dies_in_mid_call_is_said_to_have_gone() {
    let place = Place::new();
    // The sign-in waits for a browser that shows nothing, and then its broker is killed.
    let output = place
        .patient_azbroker(&[
            "emulate",
            "--",
            "sh",
            "-c",
            &format!(
                "\"$AZBROKER\" login & login=$!; \
                 while [ ! -e \"$HOME/opened\" ]; do :; done; \
                 {KILL_BROKER}; wait $login; echo \"code $?\""
            ),
        ])
        .env("AZBROKER", env!("CARGO_BIN_EXE_azbroker"))
        .env("BROWSER", browser_that_notes(&place))
        .output()
        .unwrap();
    assert_eq!(stdout(&output), "code 4\n", "{output:?}");
    assert!(
        stderr(&output).contains("the broker went away"),
        "{output:?}"
    );
}

#[test]
fn a_browser_that_does_not_work_is_named_at_once() {
    let place = Place::new();
    let output = place
        .azbroker(&[
            "emulate",
            "--real-urls",
            "--",
            env!("CARGO_BIN_EXE_azbroker"),
            "login",
        ])
        .env("BROWSER", "/nonexistent/browser")
        .output()
        .unwrap();
    assert_eq!(code(&output), 3, "{output:?}");
    assert!(
        stderr(&output).contains("BROWSER names '/nonexistent/browser', which did not show it"),
        "{output:?}"
    );
    let by_hand = "; or sign in with `azbroker login --redirect paste`\n";
    assert!(stderr(&output).ends_with(by_hand), "{output:?}");
    // Whom the pages know, whose addresses are the real ones here.
    let user = format!("sign in as {ADA}, password {ADA_PASSWORD}\n");
    assert!(stderr(&output).contains(&user), "{output:?}");
}

#[test]
fn a_sign_out_of_nobody_names_both_ways_to_say_whose() {
    let output = Place::new().azbroker(&["logout"]).output().unwrap();
    assert_eq!((code(&output), stdout(&output)), (2, ""));
    for named in [
        "\n  <--username <USER>|--all>\n",
        "\nUsage: azbroker logout <--username <USER>|--all>\n",
    ] {
        assert!(stderr(&output).contains(named), "{output:?}");
    }
}

#[test]
fn a_tenant_is_known_by_the_domain_of_who_is_at_home_there() {
    let place = Place::new();
    let script = "\"$AZBROKER\" account default ada@contoso.example --tenant contoso.example && \
         \"$AZBROKER\" logout --username ada@contoso.example --tenant CONTOSO.example && \
         \"$AZBROKER\" accounts";
    let output = place.emulate(&["--signed-in", ADA], script);
    assert_eq!(code(&output), 0, "{output:?}");
    assert!(
        stderr(&output).contains("ada@contoso.example is forgotten; "),
        "{output:?}"
    );
}

#[test]
fn a_token_can_be_printed_as_text() {
    let place = Place::new();
    let script = "\"$AZBROKER\" token --scope https://vault.azure.net/.default --output text";
    let output = place.emulate(&["--signed-in", ADA], script);
    assert_eq!((code(&output), stdout(&output).lines().count()), (0, 1));
}

#[test]
fn a_folder_that_cannot_be_written_is_an_error_and_not_a_hang() {
    let place = Place::new();
    let output = place
        .azbroker(&["try"])
        .env("TMPDIR", "/proc/self")
        .output()
        .unwrap();
    assert_eq!(code(&output), 3);
    assert!(
        stderr(&output).contains("error: nothing can be written to /proc/self: "),
        "{output:?}"
    );
    assert!(
        stderr(&output).contains("hint: make room there, or name another folder in TMPDIR"),
        "{output:?}"
    );
}

/// Kills the one process that `emulate` has besides the shell which runs this, and waits until it is dead.
const KILL_BROKER: &str = "for p in $(cat /proc/$PPID/task/*/children); do \
     read -r name < /proc/$p/comm; [ \"$name\" = azbroker ] || continue; kill -9 $p; \
     while { read -r _ _ state _ < /proc/$p/stat; } 2>/dev/null && [ \"$state\" != Z ]; do :; done; done";

#[test]
fn a_full_disk_behind_standard_output_is_one_line_and_a_closed_pipe_none() {
    let place = Place::new();
    for (command, full) in [("try", "/dev/full"), ("emulate", "/dev/full")] {
        let output = place
            .azbroker(&[command])
            .stdout(std::fs::OpenOptions::new().write(true).open(full).unwrap())
            .output()
            .unwrap();
        assert_eq!(code(&output), 1, "{output:?}");
        assert_eq!(
            stderr(&output),
            "error: standard output cannot be written: No space left on device (os error 28)\n"
        );
    }
    let closed = place.emulate(
        &["--signed-in", ADA],
        "\"$AZBROKER\" token --scope https://vault.azure.net/.default >/dev/full; echo $?; \
         \"$AZBROKER\" accounts | true",
    );
    assert_eq!((code(&closed), stdout(&closed)), (0, "1\n"), "{closed:?}");
    let errors = stderr(&closed).lines().count();
    assert_eq!(errors, 1, "{closed:?}");
    place.assert_clean();
}

fn browser_that_notes(place: &Place) -> std::path::PathBuf {
    let browser = place.home.path().join("browser");
    crate::setup::script(&browser, "touch \"$HOME/opened\"");
    browser
}
