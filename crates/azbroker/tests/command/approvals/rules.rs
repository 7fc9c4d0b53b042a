//! What a rule covers and what it does not.

use super::{
    desktop::Desktop,
    programs::{self, Broker, Machine, call, call_of, context, sandboxed, status},
};
use crate::setup::{code, stderr, stdout};
use azbroker_emulator::{Behavior, Fault, Target, default_world::ADA};
use std::{fs, os::unix::fs::PermissionsExt, path::Path};

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
            good.replace("\"version\": 2", "\"version\": 3"),
            format!(
                "the rules in {shown} are of version 3, which this azbroker does not know; update it"
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

#[test]
fn a_rule_for_an_account_is_for_one_cloud_and_an_old_one_for_the_public_cloud() {
    let machine = Machine::new();
    let _broker = Broker::start(&machine, &["--approvals", "deny"]);
    let one = machine.program("one");
    let path = one.to_str().unwrap();
    let silent = || status(&call(&mut machine.at(&one), "acquireTokenSilently"));
    let gov = [
        "--account",
        ADA,
        "--authority-host",
        "login.usgovcloudapi.net",
    ];
    let allowed = machine.azbroker(&[&["rules", "allow", path][..], &gov].concat());
    assert_eq!(
        stderr(&allowed),
        format!(
            "allow  {path}  account {ADA} at login.microsoftonline.us  any resource  \
             application any  always\n"
        )
    );
    assert_eq!(silent(), Some(7), "hers is of the public cloud");
    machine.azbroker(&["rules", "allow", path, "--account", ADA]);
    assert_eq!(silent(), None);
    let listed = machine.azbroker(&["rules"]);
    assert_eq!(stdout(&listed).lines().count(), 2, "{listed:?}");

    let file = machine.state().join("rules.json");
    let old = |verdict: &str| {
        format!(
            r#"{{"version":1,"rules":[{{"program":"{path}","username":"{ADA}","for":"always","madeOn":0,"verdict":"{verdict}"}}]}}"#
        )
    };
    fs::write(&file, old("deny")).unwrap();
    assert_eq!(silent(), Some(7));
    fs::write(&file, old("allow")).unwrap();
    assert_eq!(silent(), None);
    // Whoever changes it writes the clouds.
    machine.azbroker(&["rules", "deny", "flatpak:org.example.App"]);
    let written = fs::read_to_string(&file).unwrap();
    assert!(written.contains("\"version\": 2"), "{written}");
    assert!(
        written.contains("\"environment\": \"login.microsoftonline.com\""),
        "{written}"
    );
    assert_eq!(silent(), None);
    let wrong = ["--account", ADA, "--authority-host", "no host"];
    let wrong = machine.azbroker(&[&["rules", "allow", path][..], &wrong].concat());
    assert_eq!(
        (code(&wrong), stderr(&wrong)),
        (
            2,
            "error: 'no host' is no authority host: give one such as login.microsoftonline.us\n"
        )
    );
}

#[test]
fn a_rule_for_one_request_is_used_up_by_a_token_given_alone() {
    let machine = Machine::new();
    let _broker = Broker::start(&machine, &["--approvals", "deny"]);
    let one = machine.program("one");
    let request = programs::request().replace("vault.azure.net", "management.azure.com");
    let asks = |method: &str| {
        let texts = ["0.0", programs::CORRELATION_ID, &request];
        status(&call_of(
            &mut machine.at(&one),
            programs::INTERFACE,
            method,
            &texts,
        ))
    };
    let allow = ["rules", "allow", one.to_str().unwrap(), "--for", "once"];
    let rules = || stdout(&machine.azbroker(&["rules"])).lines().count();
    assert_eq!(code(&machine.azbroker(&allow)), 0);

    // The network fails, then Entra ID refuses, then the user declines.
    let faults = machine.world.emulator.faults();
    faults.next(20, Target::Token, Fault::Drop);
    assert_eq!(asks("acquireTokenSilently"), Some(4));
    faults.clear();
    faults.next(1, Target::Token, blocked());
    assert_eq!(asks("acquireTokenSilently"), Some(2));
    machine.world.user.lock().unwrap().behavior = Behavior::Decline;
    assert_eq!(asks("acquireTokenInteractively"), Some(7));
    assert_eq!(rules(), 1);

    assert_eq!(asks("acquireTokenSilently"), None);
    assert_eq!(rules(), 0);
    assert_eq!(asks("acquireTokenSilently"), Some(7), "once is once");

    // It is used up by a sign-in, too.
    machine.world.user.lock().unwrap().behavior = Behavior::Complete;
    assert_eq!(code(&machine.azbroker(&allow)), 0);
    assert_eq!(asks("acquireTokenInteractively"), None);
    assert_eq!(asks("acquireTokenInteractively"), Some(7));
}

#[test]
fn of_many_requests_at_once_a_rule_for_one_allows_one() {
    let machine = Machine::new();
    let _broker = Broker::start(&machine, &["--approvals", "deny"]);
    let this_program = std::env::current_exe().unwrap();
    let allow = [
        "rules",
        "allow",
        this_program.to_str().unwrap(),
        "--for",
        "once",
    ];
    assert_eq!(code(&machine.azbroker(&allow)), 0);
    let answers = machine.runtime.block_on(async {
        let client = machine.world.bus_client().await;
        let asks = (0..8).map(|_| programs::ask(&client, "acquireTokenSilently"));
        futures_util::future::join_all(asks).await
    });
    let given = answers.iter().filter(|answer| status(answer).is_none());
    assert_eq!(given.count(), 1, "{answers:?}");
}

fn blocked() -> Fault {
    Fault::Oauth {
        error: "interaction_required".to_owned(),
        aadsts: 53003,
        suberror: None,
        claims: None,
    }
}
