//! A machine on which no certificate authority is trusted.

use crate::{
    setup::{code, stderr},
    surroundings::{Surroundings, end},
};
use std::{fs, os::unix::fs::PermissionsExt};

const TOKEN: [&str; 3] = ["token", "--scope", "https://vault.azure.net/.default"];

#[test]
fn where_nothing_is_trusted_the_broker_says_so_goes_on_and_works_once_that_is_mended() {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = builder.worker_threads(2).enable_all().build().unwrap();
    let world = Surroundings::new(&runtime);
    keep_accounts_in_a_file(&world);
    let (broker, _said) = world.broker();
    let login = world.azbroker(&["login"]).output().unwrap();
    assert_eq!(code(&login), 0, "{login:?}");
    end(broker);
    let asked = world.emulator.ledger().entries().len();

    let file = world.home().join("later.pem");
    let with = format!("SSL_CERT_FILE={}", file.display());
    let serve = ["serve", "--approvals", "same-user"];
    let (mut broker, _said) = world.broker_in("env", &[&with], &serve);
    for command in [
        &TOKEN[..],
        &["login"],
        &["login", "--redirect", "paste"],
        &["login", "--device-code"],
    ] {
        let output = world.azbroker(command).output().unwrap();
        assert_eq!(code(&output), 3, "{output:?}");
        let said = stderr(&output);
        let error = format!(
            "no certificate authority is trusted on this machine: there is none in {with}\n"
        );
        assert!(said.contains(&error), "{said}");
        let hint = "hint: correct or unset SSL_CERT_FILE, or install the system's certificates";
        assert!(said.contains(hint), "{said}");
        assert!(broker.try_wait().unwrap().is_none(), "the broker goes on");
    }
    let entries = world.emulator.ledger().entries().len();
    assert_eq!(entries, asked, "nobody was shown a page");

    fs::copy(world.home().join("ca.pem"), &file).unwrap();
    let token = world.azbroker(&TOKEN).output().unwrap();
    assert_eq!(code(&token), 0, "{token:?}");
    end(broker);
}

fn keep_accounts_in_a_file(world: &Surroundings) {
    let passphrase = world.home().join("passphrase");
    fs::write(&passphrase, "correct-horse").unwrap();
    fs::set_permissions(&passphrase, fs::Permissions::from_mode(0o600)).unwrap();
    let folder = world.home().join(".config/azbroker");
    fs::create_dir_all(&folder).unwrap();
    let config = format!("passphrase-file = \"{}\"\n", passphrase.display());
    fs::write(folder.join("config.toml"), config).unwrap();
}
