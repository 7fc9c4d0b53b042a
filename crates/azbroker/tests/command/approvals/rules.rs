//! What a rule covers and what it does not.

use super::{
    desktop::Desktop,
    programs::{Broker, Machine, call, context, status},
};
use crate::setup::{code, stderr, stdout};
use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Command};

/// A program in a sandbox of bubblewrap's, as Flatpak makes them: another root, with these files mounted.
fn sandboxed(machine: &Machine, program: &Path, mounted: &[(&Path, &str)]) -> Command {
    let home = machine.home().to_str().unwrap();
    let mut command = machine.at("bwrap");
    command.args(["--tmpfs", "/", "--proc", "/proc", "--dev", "/dev"]);
    for system in ["/usr", "/lib", "/lib64", "/bin", "/etc"] {
        command.args(["--ro-bind-try", system, system]);
    }
    command.args(["--ro-bind", home, home]);
    for (from, to) in mounted {
        command.args(["--ro-bind", from.to_str().unwrap(), to]);
    }
    command.arg("--").arg(program);
    command
}

#[test]
fn a_flatpak_is_known_by_its_id_and_no_other_rule_covers_it() {
    let machine = Machine::new();
    let _broker = Broker::start(&machine, &["--approvals", "deny"]);
    let one = machine.program("one");
    let info = machine.home().join("info");
    fs::write(&info, "[Application]\nname=org.example.App\n").unwrap();
    let flatpak = || sandboxed(&machine, &one, &[(&info, "/.flatpak-info")]);
    machine.azbroker(&["rules", "allow", one.to_str().unwrap()]);
    assert_eq!(
        status(&call(&mut machine.at(&one), "acquireTokenSilently")),
        None
    );

    let answer = call(&mut flatpak(), "acquireTokenSilently");
    assert_eq!(status(&answer), Some(7), "{answer}");
    assert!(
        context(&answer).ends_with("allow it with `azbroker rules allow flatpak:org.example.App`"),
        "{answer}"
    );
    machine.azbroker(&["rules", "allow", "flatpak:org.example.App"]);
    assert_eq!(status(&call(&mut flatpak(), "acquireTokenSilently")), None);

    // Another sandbox has no name, and is no Flatpak.
    let answer = call(&mut sandboxed(&machine, &one, &[]), "acquireTokenSilently");
    assert!(
        context(&answer).ends_with("no rule can name it: it runs in a sandbox that has no name"),
        "{answer}"
    );

    // The command in a sandbox is the sandboxed program's hand, not the user's.
    let azbroker = Path::new(env!("CARGO_BIN_EXE_azbroker"));
    let own = sandboxed(
        &machine,
        azbroker,
        &[(azbroker, azbroker.to_str().unwrap())],
    )
    .args(["token", "--scope", "https://vault.azure.net/.default"])
    .output()
    .unwrap();
    assert_ne!(code(&own), 0, "{own:?}");
    assert!(
        stderr(&own).contains("it runs in a sandbox that has no name"),
        "{own:?}"
    );
}

#[test]
fn a_sandbox_that_keeps_the_machines_root_is_one_all_the_same() {
    let machine = Machine::new();
    let _broker = Broker::start(&machine, &["--approvals", "deny"]);
    let one = machine.program("one");
    machine.azbroker(&["rules", "allow", one.to_str().unwrap()]);
    let inside = |program: &Path| {
        let mut command = machine.at("bwrap");
        command.args(["--bind", "/", "/", "--dev-bind", "/dev", "/dev", "--"]);
        command.arg(program);
        command
    };
    let answer = call(&mut inside(&one), "acquireTokenSilently");
    assert_eq!(status(&answer), Some(7), "{answer}");
    assert!(
        context(&answer)
            .ends_with("no rule can name it: it runs in a sandbox, with mounts of its own"),
        "{answer}"
    );
    let own = inside(Path::new(env!("CARGO_BIN_EXE_azbroker")))
        .args(["token", "--scope", "https://vault.azure.net/.default"])
        .output()
        .unwrap();
    assert_ne!(code(&own), 0, "{own:?}");
    assert!(stderr(&own).contains("with mounts of its own"), "{own:?}");
}

#[test]
fn a_file_that_is_not_the_one_at_its_path_is_not_taken_for_it() {
    let machine = Machine::new();
    let _broker = Broker::start(&machine, &["--approvals", "deny"]);
    let (one, two) = (machine.program("one"), machine.program("two"));
    machine.azbroker(&["rules", "allow", one.to_str().unwrap()]);
    // The same root, but another program where the allowed one is.
    let mut disguised = machine.at("bwrap");
    disguised
        .args([
            "--bind",
            "/",
            "/",
            "--dev-bind",
            "/dev",
            "/dev",
            "--ro-bind",
        ])
        .args([&two, &one])
        .arg("--")
        .arg(&one);
    let answer = call(&mut disguised, "acquireTokenSilently");
    assert_eq!(status(&answer), Some(7), "{answer}");
    assert!(
        context(&answer).contains("its file is not the one at its path"),
        "{answer}"
    );
}

#[test]
fn programs_of_other_users_get_nothing_even_where_everybody_may() {
    let machine = Machine::new();
    let _broker = Broker::start(&machine, &["--approvals", "same-user"]);
    let one = machine.program("one");
    assert_eq!(
        status(&call(&mut machine.at(&one), "acquireTokenSilently")),
        None
    );
    // In a user namespace everybody can be somebody else, but to the bus is still the same user.
    let mut inside = machine.at("unshare");
    inside.args(["--user", "--map-user=1234"]).arg(&one);
    assert_eq!(status(&call(&mut inside, "acquireTokenSilently")), None);
    let is_root = Command::new("id").arg("-u").output().unwrap().stdout == b"0\n";
    if is_root {
        // Only root can be another user. The folder is the test's own, and is opened for this.
        let open = fs::Permissions::from_mode(0o755);
        fs::set_permissions(machine.home(), open).unwrap();
        let mut other = machine.at("setpriv");
        other.args(["--reuid=65534", "--clear-groups"]).arg(&one);
        let answer = call(&mut other, "acquireTokenSilently");
        assert_eq!(
            (status(&answer), context(&answer)),
            (
                Some(7),
                "this broker gives tokens to the programs of its own user alone; use a broker of yours"
            )
        );
    }
}

#[test]
fn a_file_of_rules_that_makes_no_sense_allows_nothing_and_is_left_alone() {
    let machine = Machine::new();
    let desktop = Desktop::start(&machine, Some("always"));
    let _broker = Broker::start(&machine, &["--approvals", "ask"]);
    let one = machine.program("one");
    machine.azbroker(&["rules", "allow", one.to_str().unwrap()]);
    let silent = || call(&mut machine.at(&one), "acquireTokenSilently");
    assert_eq!(status(&silent()), None);
    let path = machine.state().join("rules.json");
    let good = fs::read_to_string(&path).unwrap();
    let shown = path.display();
    for (text, message) in [
        (
            good.replace("\"version\": 1", "\"version\": 2"),
            format!(
                "the rules in {shown} are of version 2, which this azbroker does not know; update it"
            ),
        ),
        (
            good.replace("\"allow\"", "\"permit\""),
            format!("the rules in {shown} make no sense: unknown variant `permit`"),
        ),
        (
            good.replace(one.to_str().unwrap(), "one"),
            format!("the rules in {shown} make no sense: rule 1: 'one' names no program"),
        ),
        (
            good.replace("\"for\"", "\"fro\""),
            format!("the rules in {shown} make no sense: unknown field `fro`"),
        ),
        (
            "{".to_owned(),
            format!("the rules in {shown} make no sense: EOF"),
        ),
    ] {
        fs::write(&path, &text).unwrap();
        assert_eq!(status(&silent()), Some(2), "{text}");
        for arguments in [
            &["rules"][..],
            &["rules", "remove", "--all"],
            &["rules", "allow", "sh"],
        ] {
            let output = machine.azbroker(arguments);
            assert_eq!(code(&output), 3, "{output:?}");
            assert!(
                stderr(&output).starts_with(&format!("error: {message}")),
                "{output:?}"
            );
        }
        // What the user answers holds all the same, until the broker ends.
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
    assert!(desktop.shown().is_empty());
    assert_eq!(
        status(&call(&mut machine.at(&one), "acquireTokenInteractively")),
        None
    );
    assert_eq!(status(&silent()), None);
    assert_eq!(fs::read_to_string(&path).unwrap(), "{");

    fs::write(&path, &good).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
    let two = machine.program("two");
    assert_eq!(
        status(&call(&mut machine.at(&two), "acquireTokenSilently")),
        Some(2)
    );
    let output = machine.azbroker(&["rules"]);
    assert!(
        stderr(&output).contains("are not yours alone: other users may write them"),
        "{output:?}"
    );
}

#[test]
fn rules_are_listed_replaced_and_removed() {
    let machine = Machine::new();
    let one = machine.program("one");
    let path = one.to_str().unwrap();
    let rules = |arguments: &[&str]| machine.azbroker(&[&["rules"], arguments].concat());
    let empty = rules(&[]);
    assert_eq!(
        (stdout(&empty), stderr(&empty)),
        ("", "there are no rules\n")
    );
    let narrow = [
        "--client-id",
        "04b07795-8ddb-461a-bbee-02f9e1bf7b46",
        "--account",
        "bob@contoso.example",
        "--resource",
        "https://Vault.azure.net/",
        "--for",
        "day",
    ];
    assert_eq!(code(&rules(&[&["allow", path][..], &narrow].concat())), 0);
    assert_eq!(code(&rules(&["allow", path])), 0);
    let denied = rules(&["deny", path]);
    assert_eq!(
        stderr(&denied),
        format!("deny  {path}  account any  any resource  application any  always\n")
    );
    assert_eq!(
        stdout(&rules(&[])),
        format!(
            "  1  allow  {path}  account bob@contoso.example  https://vault.azure.net  \
             application 04b07795-8ddb-461a-bbee-02f9e1bf7b46  for a day\n  \
             2  deny  {path}  account any  any resource  application any  always\n"
        )
    );
    let allowed = rules(&["allow", path, "--resource", "https://vault.azure.net"]);
    assert!(
        stderr(&allowed).contains("where both are about a request, this one wins: deny"),
        "{allowed:?}"
    );
    let json: serde_json::Value =
        serde_json::from_str(stdout(&rules(&["--output", "json"]))).unwrap();
    assert_eq!(json["rules"][1]["verdict"], "deny");
    assert_eq!(json["rules"][0]["resource"], "https://vault.azure.net");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&machine.state().join("rules.json")), 0o600);
    assert_eq!(mode(&machine.state()), 0o700);

    assert_eq!(code(&rules(&["remove", "2"])), 0);
    let none = rules(&["remove", "9"]);
    assert_eq!(
        (code(&none), stderr(&none)),
        (1, "error: there is no rule 9\nhint: see `azbroker rules`\n")
    );
    assert_eq!(code(&rules(&["remove", "--all"])), 0);
    assert_eq!(stdout(&rules(&[])), "");

    let script = machine.home().join("bin/script");
    crate::setup::script(&script, "true");
    for (arguments, message) in [
        (
            &["allow", "no-such-program"][..],
            "error: there is no program 'no-such-program'\n".to_owned(),
        ),
        (
            &["allow", "/nowhere/x"],
            "error: there is no program '/nowhere/x'\n".to_owned(),
        ),
        (
            &["allow", "flatpak:"],
            "error: there is no program 'flatpak:'\n".to_owned(),
        ),
        (
            &["allow", script.to_str().unwrap()],
            format!(
                "error: {} is a script: the program that runs is /bin/sh\n",
                script.display()
            ),
        ),
        (&["allow", path, "--client-id", "x y"], "error: ".to_owned()),
        (
            &["allow", path, "--resource", "/"],
            "error: '/' is no resource: give one such as https://vault.azure.net\n".to_owned(),
        ),
        (
            &["remove"],
            "error: the following required arguments".to_owned(),
        ),
    ] {
        let output = rules(arguments);
        assert_eq!(code(&output), 2, "{output:?}");
        assert!(stderr(&output).starts_with(&message), "{output:?}");
    }
    assert_eq!(stdout(&rules(&[])), "");
}
