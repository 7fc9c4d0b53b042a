//! What is allowed while the rules cannot be read.

use super::programs::{Broker, Machine, call, context, status};
use crate::setup::{code, stdout};
use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
};

type Change<'a> = &'a dyn Fn();

#[test]
fn nothing_is_allowed_unasked_while_a_denial_cannot_be_read() {
    let machine = Machine::new();
    let _broker = Broker::start(&machine, &["--approvals", "same-user"]);
    let [denied, other] = ["denied", "other"].map(|name| machine.program(name));
    let deny = machine.azbroker(&["rules", "deny", denied.to_str().unwrap()]);
    assert_eq!(code(&deny), 0, "{deny:?}");
    let silent = |program: &Path| call(&mut machine.at(program), "acquireTokenSilently");
    let as_written = || {
        assert!(context(&silent(&denied)).starts_with("a rule denies 'denied' "));
        assert_eq!(status(&silent(&other)), None);
        let said = machine.azbroker(&["status"]);
        assert!(!stdout(&said).contains("NO rule"), "{said:?}");
    };
    as_written();

    let file = machine.state().join("rules.json");
    let rules = fs::read(&file).unwrap();
    let mode = |mode| fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
    let damages: [(&str, Change<'_>, Change<'_>); 3] = [
        (
            "make no sense: ",
            &|| fs::write(&file, [&*rules, b"x"].concat()).unwrap(),
            &|| fs::write(&file, &rules).unwrap(),
        ),
        ("other users may write them", &|| mode(0o666), &|| {
            mode(0o600)
        }),
        (
            "it is a link to nothing; mend or remove it",
            &|| {
                fs::remove_file(&file).unwrap();
                symlink("/nonexistent", &file).unwrap();
            },
            &|| {
                fs::remove_file(&file).unwrap();
                fs::write(&file, &rules).unwrap();
            },
        ),
    ];
    for (why, damage, mend) in damages {
        damage();
        for program in [&denied, &other] {
            let answer = silent(program);
            let said = context(&answer);
            assert_eq!(status(&answer), Some(7), "{answer}");
            assert!(
                said.contains("while it is not known whether a rule denies it: ")
                    && said.contains(why),
                "{said}"
            );
            let accounts = call(&mut machine.at(program), "getAccounts");
            assert!(!accounts.to_string().contains("ada"), "{accounts}");
        }
        let said = machine.azbroker(&["status"]);
        let line = stdout(&said)
            .lines()
            .find(|line| line.contains("NO rule is followed: "));
        assert!(line.is_some_and(|line| line.contains(why)), "{said:?}");
        mend();
        as_written();
    }
}
