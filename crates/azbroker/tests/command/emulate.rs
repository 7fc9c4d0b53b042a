use crate::setup::{Place, code, script, stderr, stdout};
use azbroker_emulator::default_world::{ADA, ADA_PASSWORD, SECRET_VALUE};
use std::{
    io::{BufRead, BufReader},
    net::TcpListener,
    process::Stdio,
};

#[test]
fn the_exit_code_of_the_program_is_passed_through() {
    let place = Place::new();
    for (script, expected) in [("exit 0", 0), ("exit 7", 7), ("kill -9 $$", 137)] {
        assert_eq!(code(&place.emulate(&[], script)), expected, "{script}");
    }
    place.assert_clean();
}

#[test]
fn a_signed_in_account_is_used_silently() {
    let place = Place::new();
    let output = place.emulate(
        &["--signed-in", ADA],
        "\"$AZBROKER\" accounts && \"$AZBROKER\" key-vault-secret",
    );
    assert_eq!(code(&output), 0, "{output:?}");
    assert_eq!(
        stdout(&output),
        format!(
            "ada@contoso.example  tenant 72f9a1c4-6d0b-4e53-9c1e-0d5a4b7c2e10  login.microsoftonline.com  (default)\n\
             kept in: Secret Service\nMySecret = {SECRET_VALUE}\n"
        )
    );
    place.assert_clean();
}

#[test]
fn a_user_completes_the_page_that_is_opened() {
    let place = Place::new();
    let output = place.emulate(&["--user", ADA], "\"$AZBROKER\" key-vault-secret");
    assert_eq!(
        (code(&output), stdout(&output)),
        (0, &*format!("MySecret = {SECRET_VALUE}\n")),
        "{output:?}"
    );
}

#[test]
fn a_user_without_a_role_is_told_so() {
    let place = Place::new();
    let output = place.emulate(
        &["--signed-in", "bob@contoso.example"],
        "\"$AZBROKER\" key-vault-secret",
    );
    assert_eq!(code(&output), 1);
    assert_eq!(stdout(&output), "");
    assert!(
        stderr(&output).contains("not authorized"),
        "{}",
        stderr(&output)
    );
    assert!(
        stderr(&output).contains("bob@contoso.example"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn a_missing_secret_is_named() {
    let place = Place::new();
    let world = world(&place, |world| {
        world["vaults"][0]["secrets"] = serde_json::json!({})
    });
    let output = place.emulate(
        &["--signed-in", ADA, "--world", &world],
        "\"$AZBROKER\" key-vault-secret",
    );
    assert_eq!((code(&output), stdout(&output)), (1, ""), "{output:?}");
    assert!(stderr(&output).contains("MySecret"), "{output:?}");
    assert!(stderr(&output).contains("not found"), "{output:?}");
}

#[test]
fn a_clock_that_is_an_hour_off_is_said_and_costs_nothing() {
    let place = Place::new();
    let world = world(&place, |world| world["clock_offset_seconds"] = 3600.into());
    let output = place.emulate(
        &["--user", ADA, "--world", &world],
        "\"$AZBROKER\" key-vault-secret && \"$AZBROKER\" key-vault-secret",
    );
    let secret = "MySecret = its value\n".repeat(2);
    assert_eq!(
        (code(&output), stdout(&output)),
        (0, &*secret),
        "{output:?}"
    );
    let warning = "this machine's clock is 60 minutes behind login.microsoftonline.com: set it, or tokens will be refused";
    assert!(stderr(&output).contains(warning), "{output:?}");
}

/// The world of the documentation with something changed, as a file.
fn world(place: &Place, change: impl FnOnce(&mut serde_json::Value)) -> String {
    let page = include_str!("../../../../docs/world.md");
    let json = page
        .split("```json")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    let mut world = serde_json::from_str(json).unwrap();
    change(&mut world);
    let path = place.home.path().join("changed-world.json");
    std::fs::write(&path, world.to_string()).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_wrong_vault_is_refused_by_name() {
    let place = Place::new();
    let output = place.emulate(
        &["--signed-in", ADA],
        "AZURE_KEYVAULT_URL=https://wrong.vault.azure.net \"$AZBROKER\" key-vault-secret",
    );
    assert_eq!((code(&output), stdout(&output)), (1, ""), "{output:?}");
    assert!(
        stderr(&output).contains("error: the emulated world has no vault 'wrong'; it has demo"),
        "{output:?}"
    );
    let line =
        "azbroker: refused wrong.vault.azure.net: it is not emulated, and nothing is forwarded";
    assert_eq!(
        stderr(&output).matches(line).count(),
        1,
        "{}",
        stderr(&output)
    );
}

#[test]
fn wrong_arguments_say_what_would_be_right() {
    let place = Place::new();
    let world = place.home.path().join("world.json");
    std::fs::write(&world, "{\"tenants\": 5}").unwrap();
    let world = world.to_str().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = listener.local_addr().unwrap().port().to_string();
    for (arguments, expected, texts) in [
        (
            vec!["emulate", "--user", "eve@contoso.example", "--", "true"],
            2,
            vec![
                "error: the emulated world has no user 'eve@contoso.example'",
                "hint: its users are ada@contoso.example, bob@contoso.example, carol@contoso.example",
            ],
        ),
        (
            vec!["emulate", "--world", "/nonexistent", "--", "true"],
            2,
            vec!["error: the world file /nonexistent cannot be read: No such file or directory"],
        ),
        (
            vec!["emulate", "--world", world, "--", "true"],
            2,
            vec!["world.json is wrong: ", "line 1"],
        ),
        (
            vec!["emulate", "--port", &taken, "--", "true"],
            1,
            vec![
                "error: cannot listen on 127.0.0.1:",
                "in use",
                "hint: give another --port, or none",
            ],
        ),
        (
            vec!["emulate", "--", "/nonexistent/program"],
            127,
            vec!["error: '/nonexistent/program' cannot be run: No such file or directory"],
        ),
        (
            vec!["emulate", "--", "/dev/null"],
            126,
            vec!["error: '/dev/null' cannot be run: Permission denied"],
        ),
    ] {
        let output = place.azbroker(&arguments).output().unwrap();
        assert_eq!(code(&output), expected, "{arguments:?}: {output:?}");
        for text in texts {
            assert!(
                stderr(&output).contains(text),
                "{text}\n{}",
                stderr(&output)
            );
        }
    }
    place.assert_clean();
}

#[test]
fn without_a_command_it_prints_the_lines_for_a_shell_and_ends_when_asked() {
    let place = Place::new();
    for signal in ["INT", "TERM", "HUP"] {
        let mut emulate = place
            .azbroker(&["emulate", "--signed-in", ADA])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(emulate.stderr.take().unwrap());
        let mut ready = String::new();
        said.read_line(&mut ready).unwrap();
        assert!(ready.contains("until Ctrl-C"), "{ready}");

        let kill = place
            .program("sh")
            .args(["-c", &format!("kill -{signal} {}", emulate.id())])
            .status();
        assert!(kill.unwrap().success());
        let mut lines = String::new();
        std::io::Read::read_to_string(&mut emulate.stdout.take().unwrap(), &mut lines).unwrap();
        assert_eq!(emulate.wait().unwrap().code(), Some(0), "{signal}");
        assert!(
            lines.contains("export HTTPS_PROXY='http://127.0.0.1:"),
            "{lines}"
        );
        assert!(
            lines.contains("export DBUS_SESSION_BUS_ADDRESS='unix:path="),
            "{lines}"
        );
        place.assert_clean();
    }
}

#[test]
fn a_program_that_is_under_way_is_ended_with_it() {
    for signal in ["TERM", "HUP"] {
        let place = Place::new();
        let mut emulate = place
            .azbroker(&[
                "emulate",
                "--",
                "sh",
                "-c",
                "echo begun; exec tail -f /dev/null",
            ])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut begun = String::new();
        let mut shown = BufReader::new(emulate.stdout.take().unwrap());
        shown.read_line(&mut begun).unwrap();
        let kill = place
            .program("sh")
            .args(["-c", &format!("kill -{signal} {}", emulate.id())])
            .status();
        assert!(kill.unwrap().success());
        let expected = if signal == "TERM" { 143 } else { 129 };
        assert_eq!(emulate.wait().unwrap().code(), Some(expected), "{signal}");
        place.assert_clean();
        crate::setup::no_process_stays(place.home.path());
    }
}

#[test]
fn without_a_user_the_page_opens_on_this_machine_and_never_at_the_real_entra_id() {
    let place = Place::new();
    let noted = place.home.path().join("noted");
    let browser = place.home.path().join("browser");
    crate::setup::script(&browser, &format!("echo \"$1\" > '{}'", noted.display()));
    let output = place
        .patient_azbroker(&[
            "emulate",
            "--",
            "sh",
            "-c",
            "\"$AZBROKER\" login & while [ ! -s \"$HOME/noted\" ]; do :; done; kill $!",
        ])
        .env("AZBROKER", env!("CARGO_BIN_EXE_azbroker"))
        .env("BROWSER", &browser)
        .output()
        .unwrap();
    let page = std::fs::read_to_string(&noted).unwrap();
    assert!(page.starts_with("http://127.0.0.1:"), "{page}");
    assert!(
        stderr(&output).contains(&format!(
            "sign in here: {}\n           sign in as {ADA}, password {ADA_PASSWORD}\n",
            page.trim()
        )),
        "{output:?}"
    );
}

#[test]
fn its_folder_holds_certificates_but_no_key_token_or_password_and_goes_with_it() {
    let place = Place::new();
    let output = place.emulate(
        &["--signed-in", ADA],
        "token=$(\"$AZBROKER\" token --scope https://vault.azure.net/.default) && \
         test -n \"$token\" && cd \"$TMPDIR\" && grep -rlE 'BEGIN CERTIFICATE' . | wc -l && \
         ! grep -rlaE 'PRIVATE KEY' . && ! grep -rlaF \"$token\" .",
    );
    assert_eq!(code(&output), 0, "{output:?}");
    let certificates: u32 = stdout(&output).trim().parse().unwrap();
    assert!(certificates > 0, "{output:?}");
    place.assert_clean();
}

#[test]
fn rules_and_log_below_it_are_those_of_its_broker_and_the_users_own_stay() {
    let place = Place::new();
    let mine = place
        .azbroker(&["rules", "deny", "sleep"])
        .output()
        .unwrap();
    assert_eq!(code(&mine), 0, "{mine:?}");
    let call = "busctl --user --timeout=60 call com.microsoft.identity.broker1 \
                /com/microsoft/identity/broker1 com.microsoft.identity.Broker1 \
                acquireTokenSilently sss 0.0 '' \
                '{\"authParameters\":{\"clientId\":\"04b07795-8ddb-461a-bbee-02f9e1bf7b46\",\
                \"authority\":\"https://login.microsoftonline.com/organizations\",\
                \"requestedScopes\":[\"https://vault.azure.net/.default\"]}}'";
    let output = place.emulate(
        &["--signed-in", ADA],
        &format!(
            "\"$AZBROKER\" rules; {call} | grep -c accessToken; \
             \"$AZBROKER\" rules deny busctl && {call} | grep -c 'a rule denies'; \
             \"$AZBROKER\" rules | wc -l; echo \"${{XDG_STATE_HOME-unchanged}}\"; \
             until \"$AZBROKER\" log | grep -o 'refused  /[^ ]*/busctl'; do :; done; \
             DBUS_SESSION_BUS_ADDRESS=unix:path=/nowhere \"$AZBROKER\" rules | grep -o /sleep",
        ),
    );
    assert_eq!(
        stdout(&output),
        "1\n1\n1\nunchanged\nrefused  /usr/bin/busctl\n/sleep\n",
        "{output:?}"
    );
    let rules = place.azbroker(&["rules"]).output().unwrap();
    let rules = stdout(&rules);
    assert!(
        !rules.contains("busctl") && rules.lines().count() == 1,
        "{rules}"
    );
    place.assert_clean();
}

#[test]
fn an_emulation_is_no_place_to_install_for() {
    let place = Place::new();
    for command in ["install", "uninstall"] {
        let output = place.emulate(&[], &format!("\"$AZBROKER\" {command}"));
        assert_eq!(code(&output), 3, "{output:?}");
        assert!(
            stderr(&output).ends_with(
                "error: this is the session of an emulation, and what is installed is for your own\n\
                 hint: run it outside of `azbroker emulate`\n"
            ),
            "{output:?}"
        );
    }
    place.assert_clean();
}

#[test]
fn a_code_of_the_emulation_is_for_its_own_page() {
    let place = Place::new();
    // The browser of the person at this machine.
    let browser = place.home.path().join("browser");
    let shown = place.home.path().join("shown");
    let line = format!(
        "echo \"$1\" >'{0}.new' && mv '{0}.new' '{0}'",
        shown.display()
    );
    script(&browser, &line);
    let azbroker = env!("CARGO_BIN_EXE_azbroker");
    let run = format!(
        "'{azbroker}' login --device-code 2>said & \
         until grep -q BROWSER said; do :; done; \
         \"$BROWSER\" https://login.microsoft.com/device; \
         until [ -e '{}' ]; do :; done; \
         kill $!; wait; cat said",
        shown.display()
    );
    let output = place
        .patient_azbroker(&["emulate", "--", "sh", "-c", &run])
        .current_dir(place.home.path())
        .env("BROWSER", &browser)
        .output()
        .unwrap();
    let page = "opens it; any other browser asks the real Entra ID, which knows nothing of it\n";
    let said = stdout(&output);
    let expected =
        format!("in this emulation `\"$BROWSER\" 'https://login.microsoft.com/device'` {page}");
    assert!(said.contains(&expected), "{output:?}");
    let address = std::fs::read_to_string(shown).unwrap();
    assert!(address.starts_with("http://127.0.0.1:"), "{address}");
    assert!(address.ends_with("/device\n"), "{address}");
}
