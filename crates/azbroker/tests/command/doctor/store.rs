//! Where accounts rest, beside where they were wanted.

use super::{assert_hop, assert_not_tried, hop};
use crate::{
    setup::{code, stdout},
    surroundings::{Surroundings, end},
};
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Output,
};
use tokio::runtime::Runtime;

fn runtime() -> Runtime {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(2).enable_all().build().unwrap()
}

/// A machine whose broker has an encrypted file, by this setting.
fn with_file(runtime: &Runtime, store: &str) -> Surroundings {
    let world = Surroundings::new(runtime);
    let folder = world.home().join(".config/azbroker");
    fs::create_dir_all(&folder).unwrap();
    let passphrase = passphrase_file(&world.home());
    let config = format!(
        "store = \"{store}\"\npassphrase-file = \"{}\"\n",
        passphrase.display()
    );
    fs::write(folder.join("config.toml"), config).unwrap();
    set_passphrase(&world.home(), "correct-horse");
    world
}

fn passphrase_file(home: &Path) -> PathBuf {
    home.join("passphrase")
}

fn set_passphrase(home: &Path, passphrase: &str) {
    let path = passphrase_file(home);
    fs::write(&path, passphrase).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
}

fn accounts(world: &Surroundings) -> PathBuf {
    world.home().join(".local/state/azbroker/accounts")
}

fn sign_in(world: &Surroundings) {
    let login = world.azbroker(&["login"]).output().unwrap();
    assert_eq!(code(&login), 0, "{login:?}");
}

fn doctor(world: &Surroundings) -> Output {
    let mut doctor = world.place.azbroker(&["doctor"]);
    world.lead(&mut doctor);
    doctor.output().unwrap()
}

#[test]
fn a_store_that_is_in_use_is_named() {
    let runtime = runtime();
    let world = with_file(&runtime, "file");
    let (broker, _said) = world.broker();
    sign_in(&world);
    let output = doctor(&world);
    assert_eq!(code(&output), 0, "{output:?}");
    let named = format!(
        "✓ store           encrypted file {}",
        accounts(&world).display()
    );
    assert_eq!(hop(&output, "store").0, named);
    end(broker);
}

#[test]
fn a_file_under_another_passphrase() {
    let runtime = runtime();
    for store in ["file", "auto"] {
        let world = with_file(&runtime, store);
        let (broker, _said) = world.broker();
        sign_in(&world);
        end(broker);
        set_passphrase(&world.home(), "wrong");
        let (broker, _said) = world.broker();
        let output = doctor(&world);
        assert_eq!(code(&output), 3, "{output:?}");
        let found = format!(
            "accounts rest in memory, until the broker ends, not in the encrypted file: \
             {} was encrypted under another key or passphrase",
            accounts(&world).display()
        );
        assert_hop(&output, "store", &found, "give the broker that one");
        end(broker);
    }
}

#[test]
fn a_file_that_is_truncated() {
    let runtime = runtime();
    let world = with_file(&runtime, "file");
    let (broker, _said) = world.broker();
    sign_in(&world);
    end(broker);
    let file = fs::File::options()
        .write(true)
        .open(accounts(&world))
        .unwrap();
    file.set_len(20).unwrap();
    let (broker, _said) = world.broker();
    let output = doctor(&world);
    assert_eq!(code(&output), 3, "{output:?}");
    assert_hop(
        &output,
        "store",
        "is truncated",
        "bring it back from a backup, or move it away and sign in again",
    );
    end(broker);
}

#[test]
fn a_disk_on_which_nothing_more_can_be_written() {
    let runtime = runtime();
    let world = with_file(&runtime, "file");
    // No file of the broker can have a byte.
    let full = "trap '' XFSZ; ulimit -f 0; exec \"$0\" \"$@\"";
    let serve = ["serve", "--approvals", "same-user"];
    let (broker, _said) = world.broker_in("sh", &["-c", full], &serve);
    sign_in(&world);
    let output = doctor(&world);
    assert_eq!(code(&output), 3, "{output:?}");
    let found = format!(
        "the last change is in memory alone: {} cannot be written: ",
        accounts(&world).display()
    );
    let cure = "mend that, as by making room; the next sign-in saves all that is held";
    assert_hop(&output, "store", &found, cure);
    end(broker);
}

#[test]
fn a_keyring_that_was_asked_for_and_is_not_there() {
    let runtime = runtime();
    let world = Surroundings::new(&runtime);
    let (broker, _said) = world.broker_that(&["--store", "secret-service"]);
    let output = doctor(&world);
    assert_eq!(code(&output), 3, "{output:?}");
    let found = "not in the Secret Service: the session bus has no Secret Service";
    assert_hop(&output, "store", found, "or set store = \"auto\"");
    end(broker);
}

#[test]
fn memory_is_no_fault_where_nothing_else_is_set_up() {
    let runtime = runtime();
    let world = Surroundings::new(&runtime);
    for (options, line, cure) in [
        (
            &[][..],
            "! store           memory, until the broker ends",
            "name a passphrase-file",
        ),
        (
            &["--store", "memory"],
            "✓ store           memory, until the broker ends (as it was told to)",
            "",
        ),
    ] {
        let (broker, _said) = world.broker_that(options);
        let output = doctor(&world);
        assert_eq!(code(&output), 0, "{output:?}");
        let (found, its_cure) = hop(&output, "store");
        assert_eq!(found, line, "{}", stdout(&output));
        assert!(its_cure.contains(cure), "{its_cure}");
        end(broker);
    }
}

#[test]
fn where_no_broker_answers_its_store_is_not_tried() {
    let runtime = runtime();
    let mut world = Surroundings::new(&runtime);
    world.bus = "unix:path=/nonexistent".to_owned();
    assert_not_tried(&doctor(&world), &["broker", "store"]);
}
