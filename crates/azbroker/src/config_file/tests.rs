use super::*;
use std::collections::BTreeSet;

fn fault(text: &str) -> String {
    let failure = ConfigFile::parse(text, Path::new("/c/config.toml")).unwrap_err();
    failure.to_string()
}

#[test]
fn every_key_is_read() {
    let file = ConfigFile::parse(
        r#"
        # A comment.
        store = "file"
        passphrase-file = "/etc/azbroker/passphrase"
        authority-hosts = ["login.contoso.example:8443"]
        sign-in-deadline = 120
        browser = "firefox"
        "#,
        Path::new("/c/config.toml"),
    )
    .unwrap();
    assert_eq!(file.store, Some(StoreChoice::File));
    assert_eq!(
        file.passphrase_file.as_deref(),
        Some(Path::new("/etc/azbroker/passphrase"))
    );
    assert_eq!(
        file.authority_hosts[0].to_string(),
        "login.contoso.example:8443"
    );
    assert_eq!(file.sign_in_deadline, Some(120));
    assert_eq!(file.browser.as_deref(), Some("firefox"));
}

#[test]
fn an_empty_file_says_nothing() {
    let file = ConfigFile::parse("", Path::new("/c/config.toml")).unwrap();
    assert_eq!(file.store, None);
    assert!(file.authority_hosts.is_empty());
}

#[test]
fn what_is_wrong_is_named_with_file_line_and_what_is_allowed() {
    for (text, message) in [
        (
            "\nstore = \"disk\"",
            "line 2: 'disk' is no store: use auto, secret-service, file or memory",
        ),
        (
            "# a\n\nstor = \"file\"",
            "line 3: unknown key 'stor', expected one of 'store', 'passphrase-file', ",
        ),
        (
            "store = 5",
            "line 1: invalid type: integer '5', expected a string",
        ),
        (
            "authority-hosts = \"a.example\"",
            "line 1: invalid type: string \"a.example\", expected a list in [ ]",
        ),
        (
            "sign-in-deadline = \"270\"",
            "line 1: invalid type: string \"270\", expected a whole number",
        ),
        (
            "passphrase-file = 5",
            "line 1: invalid type: integer '5', expected a string",
        ),
        (
            "store = \"file\"\nstore = \"auto\"",
            "line 2: duplicate key",
        ),
        (
            "passphrase-file = \"secret\"",
            "line 1: 'secret' is no absolute path: begin it with /",
        ),
        (
            "authority-hosts = [\n \"a.example\",\n \"http://b.example\"]",
            "authority host 'http://b.example' is not HTTPS",
        ),
        (
            "sign-in-deadline = 300",
            "line 1: a sign-in deadline of 300 s is none: it is 1 to 299",
        ),
        (
            "store = file",
            "line 1: a value in letters stands in quotes, as in store = \"file\"",
        ),
        (
            "\nbrowser = xdg-open",
            "line 2: a value in letters stands in quotes",
        ),
        (
            "browser = netscape",
            "line 1: a value in letters stands in quotes",
        ),
        ("store = ", "line 1: "),
    ] {
        let said = fault(text);
        assert!(said.contains(message), "{text}\n{said}");
        assert!(said.starts_with("error: /c/config.toml: "), "{said}");
        assert!(said.contains("\nhint: mend the file"), "{said}");
        assert_eq!(said.lines().count(), 2, "{said}");
    }
}

#[test]
fn the_page_of_settings_shows_every_key_and_no_other() {
    let page = include_str!("../../../../docs/settings.md");
    let example = page.split("```toml\n").nth(1).unwrap();
    let example = example.split("```").next().unwrap();
    ConfigFile::parse(example, Path::new("/c/config.toml")).unwrap();
    let shown: BTreeSet<_> = example
        .lines()
        .filter_map(|line| Some(line.split_once('=')?.0.trim()))
        .collect();

    // The reader itself lists what it knows, when it meets what it does not.
    let said = fault("no-such-key = 1");
    let (_, known) = said.split_once("expected one of ").unwrap();
    let known = known.lines().next().unwrap();
    let known: BTreeSet<_> = known.split('\'').skip(1).step_by(2).collect();
    assert_eq!(shown, known);
}
