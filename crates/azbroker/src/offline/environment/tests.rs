//! The environment as data, and as a shell reads it.

use std::process::Command;

use super::*;

/// Parts with paths that need no quoting.
fn parts() -> Emulation<'static> {
    Emulation {
        proxy_url: "http://127.0.0.1:4000",
        ca: Path::new("/run/e/ca.pem"),
        bundle: Path::new("/run/e/bundle.pem"),
        preload: Path::new("/run/e/node-preload.cjs"),
        bus_address: "unix:path=/run/e/bus,guid=0",
        folder: Path::new("/run/e"),
        azure_config: Path::new("/run/e/azure"),
        single_tenant: false,
        browser: Some(Path::new("/run/e/browser")),
    }
}

fn variables<const N: usize>(pairs: [(&str, &str); N]) -> Variables {
    pairs
        .map(|(name, value)| (name.into(), value.into()))
        .into()
}

fn value(environment: &Environment, name: &str) -> Option<String> {
    let found = environment.set().find(|(set, _)| *set == name);
    found.map(|(_, value)| value.to_str().unwrap().to_owned())
}

#[test]
fn every_variable_has_its_value() {
    let environment = Environment::new(&parts(), &Variables::new());

    let set: Vec<_> = environment
        .set()
        .map(|(name, value)| (name, value.to_str().unwrap()))
        .collect();

    assert_eq!(
        set,
        [
            ("HTTPS_PROXY", "http://127.0.0.1:4000"),
            ("https_proxy", "http://127.0.0.1:4000"),
            ("HTTP_PROXY", "http://127.0.0.1:4000"),
            ("http_proxy", "http://127.0.0.1:4000"),
            ("ALL_PROXY", "http://127.0.0.1:4000"),
            ("all_proxy", "http://127.0.0.1:4000"),
            ("NO_PROXY", "localhost,127.0.0.1,::1"),
            ("no_proxy", "localhost,127.0.0.1,::1"),
            ("SSL_CERT_FILE", "/run/e/bundle.pem"),
            ("REQUESTS_CA_BUNDLE", "/run/e/bundle.pem"),
            ("CURL_CA_BUNDLE", "/run/e/bundle.pem"),
            ("NODE_EXTRA_CA_CERTS", "/run/e/ca.pem"),
            ("NODE_OPTIONS", "--require /run/e/node-preload.cjs"),
            ("AZURE_CORE_COLLECT_TELEMETRY", "0"),
            ("AZURE_CONFIG_DIR", "/run/e/azure"),
            ("DBUS_SESSION_BUS_ADDRESS", "unix:path=/run/e/bus,guid=0"),
            ("AZBROKER_EMULATION", "/run/e"),
            ("BROWSER", "/run/e/browser"),
        ]
    );
}

#[test]
fn without_a_browser_the_users_own_stays() {
    let environment = Environment::new(
        &Emulation {
            browser: None,
            ..parts()
        },
        &Variables::new(),
    );

    assert_eq!(value(&environment, "BROWSER"), None);
    assert!(!environment.removed().any(|name| name == "BROWSER"));
}

#[test]
fn node_options_keep_what_is_there() {
    let plain = "/run/e/node-preload.cjs";
    let cases = [
        (plain, "", "--require /run/e/node-preload.cjs"),
        (
            plain,
            "--max-old-space-size=64",
            "--max-old-space-size=64 --require /run/e/node-preload.cjs",
        ),
        (
            plain,
            "--require /run/e/node-preload.cjs --inspect",
            "--require /run/e/node-preload.cjs --inspect",
        ),
        ("/a b/p.cjs", "", r#"--require "/a b/p.cjs""#),
        (
            "/a b/p.cjs",
            r#"--require "/a b/p.cjs""#,
            r#"--require "/a b/p.cjs""#,
        ),
        (
            r#"/a"b\c/p.cjs"#,
            "--inspect",
            r#"--inspect --require "/a\"b\\c/p.cjs""#,
        ),
        (r"/a\c/p.cjs", "", r"--require /a\c/p.cjs"),
    ];
    for (preload, present, expected) in cases {
        let parts = Emulation {
            preload: Path::new(preload),
            ..parts()
        };
        let environment = Environment::new(&parts, &variables([("NODE_OPTIONS", present)]));
        assert_eq!(
            value(&environment, "NODE_OPTIONS").unwrap(),
            expected,
            "{preload} {present}"
        );
    }
}

#[test]
fn what_configures_the_program_is_kept_and_what_leads_past_the_emulator_is_not() {
    let environment = Environment::new(&parts(), &Variables::new());
    let touched: Vec<_> = environment
        .removed()
        .chain(environment.set().map(|(name, _)| name))
        .collect();

    for kept in [
        "AZURE_TENANT_ID",
        "AZURE_CLIENT_ID",
        "AZURE_CLIENT_SECRET",
        "PIP_CERT",
        "PATH",
        "HOME",
    ] {
        assert!(!touched.contains(&kept), "{kept}");
    }
    for removed in [
        "SSL_CERT_DIR",
        "AZURE_AUTHORITY_HOST",
        "IDENTITY_ENDPOINT",
        "MSI_ENDPOINT",
    ] {
        assert!(
            environment.removed().any(|name| name == removed),
            "{removed}"
        );
    }
}

#[test]
fn no_variable_is_both_set_and_removed() {
    let environment = Environment::new(&parts(), &Variables::new());

    assert!(
        environment
            .removed()
            .all(|removed| environment.set().all(|(set, _)| set != removed))
    );
}

#[test]
fn export_lines_are_one_a_variable() {
    let lines = Environment::new(&parts(), &Variables::new())
        .export_lines()
        .into_string()
        .unwrap();

    assert!(lines.starts_with("unset SSL_CERT_DIR\n"), "{lines}");
    assert!(
        lines.contains("\nexport NODE_OPTIONS='--require /run/e/node-preload.cjs'\n"),
        "{lines}"
    );
    assert!(
        lines.ends_with("export BROWSER='/run/e/browser'\n"),
        "{lines}"
    );
}

#[test]
fn a_shell_reads_back_what_was_meant() {
    let awkward = [
        "",
        "plain",
        "two words",
        "it's",
        "''",
        r"back\slash",
        "$HOME `id` $(id) \"q\"",
        "a\nb",
        "*;&|#~ é",
    ];
    for meant in awkward {
        let quoted = String::from_utf8(shell_quoted(meant.as_bytes())).unwrap();
        // A letter after it, because the shell cuts newlines from the end.
        let script = format!("printf %s {quoted}x");
        let output = Command::new("/bin/sh")
            .arg("-c")
            .arg(script)
            .output()
            .unwrap();
        assert_eq!(
            String::from_utf8(output.stdout).unwrap(),
            format!("{meant}x"),
            "{quoted}"
        );
    }
}

#[test]
fn a_shell_takes_the_export_lines_whole() {
    let parts = Emulation {
        azure_config: Path::new("/it's a \"folder\"\n$HOME"),
        single_tenant: false,
        ..parts()
    };
    let script = Environment::new(&parts, &Variables::new())
        .export_lines()
        .into_string()
        .unwrap();

    let output = Command::new("/bin/sh")
        .env("SSL_CERT_DIR", "/somewhere")
        .arg("-euc")
        .arg(script + "printf '%s %s' \"${SSL_CERT_DIR-gone}\" \"$AZURE_CONFIG_DIR\"")
        .output()
        .unwrap();

    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        "gone /it's a \"folder\"\n$HOME"
    );
}

#[test]
fn a_path_that_is_not_text_survives() {
    let path = OsStr::from_bytes(b"/f\xff'/azure");
    let parts = Emulation {
        azure_config: Path::new(path),
        single_tenant: false,
        ..parts()
    };

    let lines = Environment::new(&parts, &Variables::new()).export_lines();

    let expected: &[u8] = b"export AZURE_CONFIG_DIR='/f\xff'\\''/azure'\n";
    assert!(
        lines
            .as_bytes()
            .windows(expected.len())
            .any(|part| part == expected)
    );
}
