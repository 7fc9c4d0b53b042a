//! Where accounts rest, what says so, and which account is the default.

use crate::{
    setup::{Place, code, stderr, stdout},
    surroundings::{Surroundings, end},
};
use azbroker_emulator::default_world::{ADA, CAROL};
use serde_json::Value;
use std::{fs, os::unix::fs::PermissionsExt, path::Path};

const PASSPHRASE: &str = "correct-horse-battery-staple";
const TOKEN: [&str; 3] = ["token", "--scope", "https://vault.azure.net/.default"];

fn runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(2).enable_all().build().unwrap()
}

fn write_config(home: &Path, text: &str) {
    let folder = home.join(".config/azbroker");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("config.toml"), text).unwrap();
}

#[test]
fn a_configuration_that_other_users_may_write_is_not_followed() {
    let runtime = runtime();
    let world = Surroundings::new(&runtime);
    let home = world.home();
    write_config(&home, "approvals = \"same-user\"\n");
    let config = home.join(".config/azbroker/config.toml");
    fs::set_permissions(&config, fs::Permissions::from_mode(0o666)).unwrap();
    let refused = world.azbroker(&["serve"]).output().unwrap();
    assert_eq!(code(&refused), 2, "{refused:?}");
    assert!(
        stderr(&refused).contains(&format!(
            "error: {}: other users may write it; take their rights away\n",
            config.display()
        )),
        "{refused:?}"
    );
}

#[test]
fn accounts_in_a_file_under_a_passphrase_outlive_a_killed_broker() {
    let runtime = runtime();
    let world = Surroundings::new(&runtime);
    let home = world.home();
    let passphrase_file = home.join("passphrase");
    fs::write(&passphrase_file, format!("{PASSPHRASE}\n")).unwrap();
    fs::set_permissions(&passphrase_file, fs::Permissions::from_mode(0o600)).unwrap();
    write_config(
        &home,
        &format!("passphrase-file = \"{}\"\n", passphrase_file.display()),
    );
    let accounts = home.join(".local/state/azbroker/accounts");

    let (broker, first_said) = world.broker();
    let login = world.azbroker(&["login"]).output().unwrap();
    assert_eq!(code(&login), 0, "{login:?}");
    // As `kill -9`.
    end(broker);
    let (broker, second_said) = world.broker();
    let token = world.azbroker(&TOKEN).output().unwrap();
    assert_eq!(code(&token), 0, "{token:?}");

    let json = world
        .azbroker(&["status", "--output", "json"])
        .output()
        .unwrap();
    let status: Value = serde_json::from_str(stdout(&json)).unwrap();
    assert_eq!(status["process"], broker.id());
    assert_eq!(status["approvals"], "same-user");
    assert_eq!(status["accounts"], 1);
    assert_eq!(status["default_account"]["username"], ADA);
    assert_eq!(status["store"]["in_use"], "file");
    assert_eq!(status["store"]["passed_over"][0]["store"], "secret-service");
    let config = home.join(".config/azbroker/config.toml");
    assert_eq!(status["config_file"], config.to_str().unwrap());

    let text = world.azbroker(&["status"]).output().unwrap();
    let expected = format!(
        "broker:    azbroker {}, process {}\n\
         kept in:   encrypted file {}\n           \
         not in secret-service: the session bus has no Secret Service\n\
         approvals: same-user\n\
         {}\n\
         accounts:  1; the default is {ADA} in tenant 72f9a1c4-6d0b-4e53-9c1e-0d5a4b7c2e10 (signed in last)\n\
         settings:  {}\n",
        env!("CARGO_PKG_VERSION"),
        broker.id(),
        accounts.display(),
        match status["memory_locked"].as_bool().unwrap() {
            true => "memory:    locked, so nothing of it is swapped out",
            false => "memory:    not locked, as this session limits that; encrypt the swap space",
        },
        config.display()
    );
    assert_eq!(stdout(&text), expected);

    assert!(accounts.exists());
    let logout = world.azbroker(&["logout", "--all"]).output().unwrap();
    assert_eq!(code(&logout), 0, "{logout:?}");
    assert!(
        stderr(&logout).contains("1 account is forgotten; "),
        "{logout:?}"
    );
    assert!(!accounts.exists());
    end(broker);
    for said in [first_said, second_said] {
        assert!(!said.join().unwrap().contains(PASSPHRASE));
    }
}

#[test]
fn logout_of_all_says_that_what_could_not_be_read_is_erased() {
    let runtime = runtime();
    let world = Surroundings::new(&runtime);
    let home = world.home();
    let passphrase_file = home.join("passphrase");
    write_private(&passphrase_file, PASSPHRASE);
    write_config(
        &home,
        &format!("passphrase-file = \"{}\"\n", passphrase_file.display()),
    );
    let accounts = home.join(".local/state/azbroker/accounts");
    let logout = || {
        let mut logout = world.place.azbroker(&["logout", "--all"]);
        world.lead(&mut logout);
        let output = logout.output().unwrap();
        assert_eq!(code(&output), 0, "{output:?}");
        stderr(&output).to_owned()
    };
    let erased = "no account was held; what the broker could not read is erased\n";
    let (broker, _said) = world.broker();
    assert_eq!(logout(), "no account was signed in\n");
    fs::create_dir_all(accounts.parent().unwrap()).unwrap();
    write_private(&accounts, "not a store");
    end(broker);
    let (broker, _said) = world.broker();
    assert_eq!(logout(), erased);
    assert!(!accounts.exists());
    assert_eq!(logout(), "no account was signed in\n");
    write_private(&accounts, "not a store");
    end(broker);
    let (broker, _said) = world.broker();
    let login = world.azbroker(&["login"]).output().unwrap();
    assert_eq!(code(&login), 0, "{login:?}");
    assert_eq!(
        logout(),
        "1 account is forgotten; access tokens given out stay valid until they expire\n\
         what the broker could not read is erased, too\n"
    );
    end(broker);
    // A key that cannot be read is no account that cannot be.
    fs::remove_file(&passphrase_file).unwrap();
    let (broker, _said) = world.broker();
    let status = world.azbroker(&["status"]).output().unwrap();
    assert!(stdout(&status).contains("not in file: "), "{status:?}");
    assert_eq!(logout(), "no account was signed in\n");
    end(broker);
}

/// Writes a file that nobody else may read.
fn write_private(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn the_credential_of_systemd_is_the_key_before_any_passphrase_file() {
    let runtime = runtime();
    let mut world = Surroundings::new(&runtime);
    let home = world.home();
    let passphrase_file = home.join("passphrase");
    write_private(&passphrase_file, PASSPHRASE);
    let config = format!("passphrase-file = \"{}\"\n", passphrase_file.display());
    write_config(&home, &config);
    // As systemd names the folder to a unit with `LoadCredentialEncrypted=azbroker-key`.
    let credentials = home.join("credentials");
    fs::create_dir(&credentials).unwrap();
    write_private(
        &credentials.join("azbroker-key"),
        "0123456789abcdef0123456789abcdef",
    );
    let variable = format!("CREDENTIALS_DIRECTORY={}", credentials.display());
    let with_credential = [variable.as_str()];
    let serve = ["serve", "--approvals", "same-user"];

    let (broker, _said) = world.broker_in("env", &with_credential, &serve);
    let login = world.azbroker(&["login"]).output().unwrap();
    assert_eq!(code(&login), 0, "{login:?}");
    end(broker);
    // The passphrase file alone is another key.
    let (broker, _said) = world.broker_in("env", &[], &serve);
    let status = world.azbroker(&["status"]).output().unwrap();
    assert!(
        stdout(&status).contains("           not in file: "),
        "{status:?}"
    );
    end(broker);
    let (broker, _said) = world.broker_in("env", &with_credential, &serve);
    let token = world.azbroker(&TOKEN).output().unwrap();
    assert_eq!(code(&token), 0, "{token:?}");
    end(broker);

    // `run` brings a broker that has it too, and needs no passphrase file.
    fs::remove_file(home.join(".config/azbroker/config.toml")).unwrap();
    world.bus = "unix:path=/nonexistent".to_owned();
    let program = env!("CARGO_BIN_EXE_azbroker");
    let token = world
        .azbroker(&[&["run", "--", program], &TOKEN[..]].concat())
        .env("CREDENTIALS_DIRECTORY", &credentials)
        .output()
        .unwrap();
    assert_eq!(code(&token), 0, "{token:?}");
    assert!(
        stderr(&token).contains("accounts are to rest in the encrypted file"),
        "{token:?}"
    );
}

#[test]
fn a_passphrase_may_come_through_a_file_descriptor() {
    let runtime = runtime();
    let world = Surroundings::new(&runtime);
    // The shell's here-document is a pipe or a file, as it likes.
    let script = "exec \"$0\" \"$@\" 5<<END\ncorrect horse\nEND";
    let serve = ["serve", "--store", "file", "--passphrase-fd", "5"];
    let (broker, _said) = world.broker_in("sh", &["-c", script], &serve);
    let login = world.azbroker(&["login"]).output().unwrap();
    assert_eq!(code(&login), 0, "{login:?}");
    let status = world.azbroker(&["status"]).output().unwrap();
    assert!(
        stdout(&status).contains("kept in:   encrypted file "),
        "{status:?}"
    );
    end(broker);
}

#[test]
fn without_a_keyring_and_a_key_accounts_rest_in_memory_and_status_says_why() {
    let runtime = runtime();
    let world = Surroundings::new(&runtime);
    let (broker, _said) = world.broker();
    let status = world.azbroker(&["status"]).output().unwrap();
    let said = stdout(&status);
    for line in [
        "kept in:   memory, until the broker ends (",
        "           not in secret-service: the session bus has no Secret Service\n",
        "           not in file: there is no key for an encrypted file: name a passphrase-file in config.toml\n",
        "accounts:  0; `azbroker login` signs one in\n",
        "settings:  no configuration file\n",
    ] {
        assert!(said.contains(line), "{said}");
    }
    end(broker);

    let (broker, said) = world.broker_in("env", &[], &["serve", "--store", "secret-service"]);
    let status = world.azbroker(&["status"]).output().unwrap();
    let loud = "NOT in secret-service, as the broker was told to: sign-ins are lost when it ends\n";
    assert!(stdout(&status).contains(loud), "{status:?}");
    end(broker);
    let warning = "accounts rest in memory: the session bus has no Secret Service";
    assert!(said.join().unwrap().contains(warning));
}

#[test]
fn the_default_account_is_shown_pinned_and_unset() {
    let place = Place::new();
    let whose = "\"$AZBROKER\" account default";
    let output = place.emulate(
        &["--signed-in", ADA, "--signed-in", CAROL],
        &format!(
            "{whose}; {whose} {ADA}; {whose}; \"$AZBROKER\" accounts; {whose} --unset; {whose}; \
             {whose} eve@contoso.example; echo $?; {whose} {ADA} --tenant fabrikam; echo $?; \
             {whose} {ADA} --unset; echo $?"
        ),
    );
    let tenant = "tenant 72f9a1c4-6d0b-4e53-9c1e-0d5a4b7c2e10  login.microsoftonline.com";
    let last = "(signed in last; a request that names a tenant gets the one last used there)";
    assert_eq!(
        stdout(&output),
        format!(
            "{CAROL}  {tenant}  {last}\n{ADA}  {tenant}  (pinned)\n\
             {ADA}    {tenant}  (default)\n{CAROL}  {tenant}\n\
             kept in: Secret Service\n{CAROL}  {tenant}  {last}\n1\n1\n2\n"
        ),
        "{output:?}"
    );
    for message in [
        "ada@contoso.example in tenant 72f9a1c4-6d0b-4e53-9c1e-0d5a4b7c2e10 is the default account",
        "error: the broker holds no account 'eve@contoso.example'\nhint: see `azbroker accounts`",
        "error: the broker holds no account 'ada@contoso.example' in tenant fabrikam",
    ] {
        assert!(stderr(&output).contains(message), "{output:?}");
    }
}

#[test]
fn a_setting_that_cannot_be_followed_says_why() {
    let place = Place::new();
    let serve = |options: &[&str], config: &str| {
        write_config(place.home.path(), config);
        let arguments = [&["serve"], options].concat();
        let output = place.azbroker(&arguments).output().unwrap();
        (code(&output), stderr(&output).to_owned())
    };
    for (options, config, message) in [
        (
            &["--store", "disk"][..],
            "",
            "'disk' is no store: use auto, secret-service, file or memory",
        ),
        (
            &["--store", "file"],
            "",
            "error: the store is to be a file, and there is no key to encrypt it with\nhint: name a passphrase-file in config.toml, give the unit the credential \
             azbroker-key, or run `azbroker serve --foreground` or `azbroker run` at a terminal, which asks; a forgotten \
             passphrase gives up the file: `azbroker serve --store auto`, then `azbroker logout --all` in another terminal\n",
        ),
        (
            &[],
            "store = \"disk\"",
            "/config.toml: line 1: 'disk' is no store: use auto, ",
        ),
        (
            &[],
            "\nkeyring = true",
            "/config.toml: line 2: unknown key 'keyring', expected one of 'store', ",
        ),
        (
            &["--store", "file", "--passphrase-fd", "77"],
            "",
            "the passphrase at file descriptor 77 cannot be read: ",
        ),
    ] {
        let (code, said) = serve(options, config);
        assert_eq!(code, 2, "{said}");
        assert!(said.contains(message), "{said}");
    }
}

#[test]
fn status_without_a_broker_asks_for_one() {
    let place = Place::new();
    let output = place
        .azbroker(&["status"])
        .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent")
        .output()
        .unwrap();
    assert_eq!((code(&output), stdout(&output)), (3, ""), "{output:?}");
    assert!(stderr(&output).starts_with("error: "), "{output:?}");
}
