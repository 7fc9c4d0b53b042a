//! A store that does not take what a command brings, or does not give it up.

use crate::{
    setup::{code, stderr, stdout},
    surroundings::{Surroundings, end},
};
use azbroker_emulator::default_world::ADA;
use serde_json::Value;
use std::{fs, os::unix::fs::PermissionsExt, path::Path};

const TOKEN: [&str; 3] = ["token", "--scope", "https://vault.azure.net/.default"];

fn runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(2).enable_all().build().unwrap()
}

/// Has brokers keep accounts in the file, under a passphrase whose file has this mode.
fn set_passphrase(home: &Path, mode: u32) {
    let path = home.join("passphrase");
    fs::write(&path, "correct-horse-battery-staple").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    let folder = home.join(".config/azbroker");
    fs::create_dir_all(&folder).unwrap();
    let config = format!("passphrase-file = \"{}\"\n", path.display());
    fs::write(folder.join("config.toml"), config).unwrap();
}

#[test]
fn a_sign_out_that_the_file_does_not_take_says_what_helps_and_is_repeated() {
    let runtime = runtime();
    let world = Surroundings::new(&runtime);
    let home = world.home();
    set_passphrase(&home, 0o600);
    let accounts = home.join(".local/state/azbroker/accounts");
    // What is to take the file's place cannot be written there, not even by root.
    let in_the_way = home.join(".local/state/azbroker/accounts.new");
    let (broker, _said) = world.broker();
    let login = world.azbroker(&["login"]).output().unwrap();
    assert_eq!(code(&login), 0, "{login:?}");
    fs::create_dir(&in_the_way).unwrap();
    let one = ["logout", "--username", ADA];
    let fault = format!(
        "the account may still be in the store: {} cannot be written: Is a directory (os error 21)",
        accounts.display()
    );
    for _ in 0..2 {
        let logout = world.azbroker(&one).output().unwrap();
        assert_eq!(code(&logout), 3, "{logout:?}");
        let said = format!("{fault}\nhint: mend that, then sign out again\n");
        assert!(stderr(&logout).contains(&said), "{logout:?}");
    }
    let token = world.azbroker(&TOKEN).output().unwrap();
    assert_eq!((code(&token), stdout(&token)), (3, ""), "{token:?}");
    let status = world.azbroker(&["status"]).output().unwrap();
    let shown = "; who was signed out may still be in the store (";
    assert!(stdout(&status).contains(shown), "{status:?}");
    let json = ["status", "--output", "json"];
    let status = world.azbroker(&json).output().unwrap();
    let status: Value = serde_json::from_str(stdout(&status)).unwrap();
    let expected = format!("{fault}; mend that, then sign out again");
    assert_eq!(status["store"]["still_kept"], expected);
    let doctor = world.azbroker(&["doctor"]).output().unwrap();
    let shown =
        format!("✗ store           {fault}\n                  → mend that, then sign out again\n");
    assert!(stdout(&doctor).contains(&shown), "{doctor:?}");

    fs::remove_dir(&in_the_way).unwrap();
    let logout = world.azbroker(&one).output().unwrap();
    assert_eq!(code(&logout), 0, "{logout:?}");
    end(broker);
    let (broker, _said) = world.broker();
    let status = world.azbroker(&["status"]).output().unwrap();
    assert!(stdout(&status).contains("accounts:  0; "), "{status:?}");

    fs::create_dir(&in_the_way).unwrap();
    let all = ["logout", "--all"];
    let logout = world.azbroker(&all).output().unwrap();
    assert_eq!(code(&logout), 3, "{logout:?}");
    assert!(!stderr(&logout).contains("no account was"), "{logout:?}");
    fs::remove_dir(&in_the_way).unwrap();
    let logout = world.azbroker(&all).output().unwrap();
    assert_eq!(code(&logout), 0, "{logout:?}");
    end(broker);
}

#[test]
fn login_says_that_the_account_is_lost_with_the_broker_where_another_store_was_wanted() {
    let runtime = runtime();
    let world = Surroundings::new(&runtime);
    let home = world.home();
    let login = || {
        let mut login = world.place.azbroker(&["login"]);
        world.lead(&mut login);
        let login = login.output().unwrap();
        assert_eq!(code(&login), 0, "{login:?}");
        let said = stderr(&login).lines().map(str::to_owned);
        let said: Vec<_> = said
            .skip_while(|line| !line.starts_with("signed in as "))
            .collect();
        said[1..].to_vec()
    };
    let lost = |reason: String| {
        [format!(
            "it is kept in memory until the broker ends: {reason}"
        )]
    };

    // Nobody set anything up.
    let (broker, _said) = world.broker();
    assert!(login().is_empty());
    end(broker);
    let (broker, _said) = world.broker_that(&["--store", "memory", "--approvals", "same-user"]);
    assert!(login().is_empty());
    end(broker);
    let options = ["--store", "secret-service", "--approvals", "same-user"];
    let (broker, _said) = world.broker_that(&options);
    let reason = "the session bus has no Secret Service";
    assert_eq!(login(), lost(reason.to_owned()));
    end(broker);

    set_passphrase(&home, 0o644);
    let (broker, _said) = world.broker();
    let said = login();
    let reason = format!("{}: ", home.join("passphrase").display());
    let [said] = &said[..] else {
        panic!("{said:?}");
    };
    assert!(said.contains("until the broker ends: "), "{said}");
    assert!(said.contains(reason.trim_end_matches(": ")), "{said}");
    set_passphrase(&home, 0o600);
    assert!(login().is_empty(), "it is in the file now");
    let logout = world.azbroker(&["logout", "--all"]).output().unwrap();
    assert_eq!(code(&logout), 0, "{logout:?}");
    let state = home.join(".local/state/azbroker");
    fs::create_dir(state.join("accounts.new")).unwrap();
    let reason = format!(
        "{} cannot be written: Is a directory (os error 21)",
        state.join("accounts").display()
    );
    assert_eq!(login(), lost(reason));
    end(broker);
}
