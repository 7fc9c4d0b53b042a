//! A rule for one resource, however that is named.

use super::programs::{Broker, Machine, call, status};
use crate::setup::{code, stderr, stdout};
use std::fs;

#[test]
fn a_denial_holds_however_its_resource_is_named_or_is_refused() {
    let machine = Machine::new();
    let _broker = Broker::start(&machine, &["--approvals", "same-user"]);
    let one = machine.program("one");
    let path = one.to_str().unwrap();
    let silent = || status(&call(&mut machine.at(&one), "acquireTokenSilently"));
    let deny = |resource: &str| machine.azbroker(&["rules", "deny", path, "--resource", resource]);
    for resource in [
        "https://vault.azure.net/.default",
        "https://vault.azure.net/user_impersonation",
        "vault.azure.net",
        "cfa8b339-82a2-471a-a3c9-0fc0be7a4093",
    ] {
        assert_eq!(silent(), None);
        let denied = deny(resource);
        assert_eq!(
            stderr(&denied),
            format!(
                "deny  {path}  account any  https://vault.azure.net  application any  always\n"
            )
        );
        assert_eq!(silent(), Some(7), "{resource}");
        machine.azbroker(&["rules", "remove", "--all"]);
    }
    let other = deny("https://storage.azure.com/.default");
    assert_eq!(code(&other), 0, "{other:?}");
    assert_eq!(silent(), None);
    machine.azbroker(&["rules", "remove", "--all"]);

    for (resource, message) in [
        (
            "nonsense",
            "'nonsense' is no resource: give one such as https://vault.azure.net",
        ),
        (
            "contoso.example",
            "'contoso.example' is no resource: give one such as https://vault.azure.net",
        ),
        (
            "https://demo.vault.azure.net",
            "'https://demo.vault.azure.net' is no resource by itself: give \
             https://vault.azure.net, which its tokens are for",
        ),
        (
            "api://contoso/read",
            "'api://contoso/read' may be a resource or a scope of one: give \
             api://contoso/read/.default or api://contoso/.default",
        ),
    ] {
        let refused = deny(resource);
        assert_eq!(
            (code(&refused), stderr(&refused)),
            (
                2,
                &*format!(
                    "error: {message}\nhint: a resource is a URI or an application ID, without a \
                     permission\n"
                )
            )
        );
    }
    assert_eq!(
        stderr(&machine.azbroker(&["rules"])),
        "there are no rules\n"
    );
}

#[test]
fn a_denial_in_the_file_that_could_never_match_denies_all() {
    let machine = Machine::new();
    let _broker = Broker::start(&machine, &["--approvals", "same-user"]);
    let one = machine.program("one");
    let path = one.display();
    let silent = || status(&call(&mut machine.at(&one), "acquireTokenSilently"));
    assert_eq!(silent(), None);
    let file = machine.state().join("rules.json");
    for (verdict, resource, answer, shown) in [
        (
            "deny",
            "https://vault.azure.net/.default",
            Some(7),
            "https://vault.azure.net",
        ),
        (
            "deny",
            "nonsense",
            Some(7),
            "any resource, as 'nonsense' is none",
        ),
        ("deny", "api://contoso", None, "api://contoso"),
        (
            "allow",
            "nonsense",
            None,
            "'nonsense', which is no resource",
        ),
    ] {
        let text = format!(
            r#"{{"version":2,"rules":[{{"program":"{path}","resource":"{resource}","for":"always","madeOn":0,"verdict":"{verdict}"}}]}}"#
        );
        fs::write(&file, text).unwrap();
        assert_eq!(silent(), answer, "{verdict} {resource}");
        assert_eq!(
            stdout(&machine.azbroker(&["rules"])),
            format!("  1  {verdict}  {path}  account any  {shown}  application any  always\n")
        );
    }
    // It stays what it was when another one is added.
    machine.azbroker(&["rules", "deny", "flatpak:org.example.App"]);
    let written = fs::read_to_string(&file).unwrap();
    assert!(written.contains(r#""resource": "nonsense""#), "{written}");
}
