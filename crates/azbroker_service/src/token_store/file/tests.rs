mod unusable;

use super::*;
use azbroker_entra::Account;
use azure_core::time::OffsetDateTime;
use std::{
    env, fs,
    io::{BufRead, BufReader, Write},
    os::unix::{fs::PermissionsExt, process::ExitStatusExt},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use tempfile::TempDir;
use zeroize::Zeroizing;

/// A state folder and a key.
struct Home {
    folder: TempDir,
}

impl Home {
    fn new() -> Self {
        let home = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        home.give_key(7);
        home
    }

    fn give_key(&self, byte: u8) {
        fs::write(self.key(), [byte; 32]).unwrap();
        fs::set_permissions(self.key(), fs::Permissions::from_mode(0o600)).unwrap();
    }

    fn key(&self) -> PathBuf {
        self.folder.path().join("key")
    }

    fn state(&self) -> PathBuf {
        self.folder.path().join("state/azbroker")
    }

    fn accounts(&self) -> PathBuf {
        self.state().join("accounts")
    }

    fn store(&self) -> FileStore {
        FileStore::new(&self.state(), KeySource::Credential(self.key()))
    }

    /// This test program again, to do nothing but `saves_what_it_is_told`.
    fn saver(&self, name: &str, numbers: std::ops::Range<u32>, limit: &str) -> Child {
        let this = env::current_exe().unwrap();
        Command::new("sh")
            .args(["-c", &format!("{limit} exec \"$0\" \"$@\"")])
            .arg(this)
            .args(["--exact", "--nocapture", "--test-threads=1"])
            .arg("token_store::file::tests::saves_what_it_is_told")
            .env(SAVER, format!("{name} {} {}", numbers.start, numbers.end))
            .env("SAVER_HOME", self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }
}

const SAVER: &str = "AZBROKER_TEST_SAVER";

fn grant(username: &str, token: u32) -> StoredGrant {
    StoredGrant {
        account: Arc::new(Account {
            environment: "login.microsoftonline.com".to_owned(),
            home_account_id: HomeAccountId::new(username, "72f9a1c4-6d0b-4e53-9c1e-0d5a4b7c2e10"),
            local_account_id: String::new(),
            tenant_id: "72f9a1c4-6d0b-4e53-9c1e-0d5a4b7c2e10".to_owned(),
            username: username.to_owned(),
            name: "Somebody".to_owned(),
            given_name: String::new(),
            family_name: String::new(),
        }),
        client_id: ClientId::azure_cli(),
        // As long as real ones are.
        refresh_token: Some(RefreshToken::new(format!("{token}.{}", "r".repeat(1_200)))),
        signed_in_on: OffsetDateTime::UNIX_EPOCH,
    }
}

/// The number in each account's token, by username.
fn numbers(grants: &[StoredGrant]) -> Vec<(String, u32)> {
    let number = |grant: &StoredGrant| {
        let token = grant.refresh_token.as_ref().unwrap().expose();
        token.split('.').next().unwrap().parse().unwrap()
    };
    let mut numbers: Vec<_> = grants
        .iter()
        .map(|grant| (grant.account.username.clone(), number(grant)))
        .collect();
    numbers.sort();
    numbers
}

/// What the file has after the saver `name` has saved 0 to `count`: five accounts in turn.
fn after(name: &str, count: u32) -> Vec<(String, u32)> {
    let accounts = (0..5).filter(|account| *account < count);
    accounts
        .map(|account| {
            (
                format!("{name}{account}"),
                (count - 1 - account) / 5 * 5 + account,
            )
        })
        .collect()
}

/// Alone it saves one grant; for another test it is a process that saves on and on, and says what it has saved.
#[tokio::test]
async fn saves_what_it_is_told() {
    let Ok(told) = env::var(SAVER) else {
        let home = Home::new();
        home.store().save(&grant("ada", 1)).await.unwrap();
        let kept = home.store().load().await.unwrap();
        assert_eq!(numbers(&kept), [("ada".to_owned(), 1)]);
        return;
    };
    let words: Vec<_> = told.split(' ').collect();
    let (first, end): (u32, u32) = (words[1].parse().unwrap(), words[2].parse().unwrap());
    let folder = PathBuf::from(env::var_os("SAVER_HOME").unwrap());
    let store = FileStore::new(
        &folder.join("state/azbroker"),
        KeySource::Credential(folder.join("key")),
    );
    for number in first..end {
        let saved = store
            .save(&grant(&format!("{}{}", words[0], number % 5), number))
            .await;
        let mut output = std::io::stdout().lock();
        match saved {
            Ok(()) => writeln!(output, "saved {number}").unwrap(),
            Err(fault) => {
                writeln!(output, "fault {fault}").unwrap();
                return;
            }
        }
    }
}

fn saved(lines: impl Iterator<Item = String>) -> impl Iterator<Item = u32> {
    lines.filter_map(|line| line.strip_prefix("saved ")?.parse().ok())
}

#[tokio::test]
async fn a_broker_that_is_killed_while_it_saves_leaves_the_old_state_or_the_new_one() {
    let home = Home::new();
    let mut count = 0;
    let mut killed_in_between = 0;
    // Until a kill has come within a write, which on some machines few do.
    for round in 0..500 {
        if round >= 25 && killed_in_between > 0 {
            break;
        }
        let mut saver = home.saver("ada", count..u32::MAX, "");
        let mut lines = BufReader::new(saver.stdout.take().unwrap()).lines();
        let mut random = [0; 2];
        aws_lc_rs::rand::fill(&mut random).unwrap();
        let mut said = saved(lines.by_ref().map(Result::unwrap));
        for _ in 0..=random[0] % 8 {
            said.next().unwrap();
        }
        // Somewhere within the next one or two.
        let moment = Duration::from_micros(u64::from(random[1]) * 20);
        let begun = Instant::now();
        while begun.elapsed() < moment {
            std::thread::yield_now();
        }
        drop(said);
        saver.kill().unwrap();
        assert_eq!(
            saver.wait().unwrap().signal(),
            Some(9),
            "it saves on and on"
        );
        let rest = lines.map_while(Result::ok);
        let last = saved(rest).last();

        let kept = numbers(&home.store().load().await.unwrap());
        let highest = kept.iter().map(|(_, number)| *number).max().unwrap();
        assert!(
            last.is_none_or(|last| highest >= last),
            "what was said is kept"
        );
        assert_eq!(
            kept,
            after("ada", highest + 1),
            "one state and nothing in between"
        );
        killed_in_between += usize::from(home.state().join("accounts.new").exists());
        count = highest + 1;
    }
    assert!(count > 25, "{count} saves");
    assert!(killed_in_between > 0, "no kill came within a write");
}

#[tokio::test]
async fn two_brokers_at_once_lose_nothing_of_each_other() {
    let home = Home::new();
    let savers = ["ada", "bob", "eve"].map(|name| home.saver(name, 0..30, ""));
    for saver in savers {
        let output = saver.wait_with_output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }
    let kept = numbers(&home.store().load().await.unwrap());
    let expected: Vec<_> = ["ada", "bob", "eve"]
        .into_iter()
        .flat_map(|name| after(name, 30))
        .collect();
    assert_eq!(kept, expected);
}

#[tokio::test]
async fn a_full_disk_leaves_the_old_state_and_no_rubbish() {
    let home = Home::new();
    home.store().save(&grant("ada0", 0)).await.unwrap();
    let before = fs::read(home.accounts()).unwrap();
    // The kernel lets no file grow beyond 4 blocks of 512 bytes, which one account fits into and two do not.
    let output = home
        .saver("bob", 0..5, "trap '' XFSZ; ulimit -f 4;")
        .wait_with_output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let fault = format!(
        "fault {} cannot be written: File too large",
        home.accounts().display()
    );
    assert!(said.contains(&fault), "{said}");
    assert_eq!(fs::read(home.accounts()).unwrap(), before);
    assert!(!home.state().join("accounts.new").exists());
    home.store().save(&grant("bob0", 0)).await.unwrap();
    assert_eq!(home.store().load().await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_passphrase_does_as_well_as_a_key() {
    let home = Home::new();
    let words = Zeroizing::new("correct horse battery staple\n".to_owned());
    let source = KeySource::Passphrase(crate::Passphrase::new(words).unwrap());
    let store = FileStore::new(&home.state(), source.clone());
    store.save(&grant("ada", 1)).await.unwrap();
    let again = FileStore::new(&home.state(), source);
    assert_eq!(again.load().await.unwrap().len(), 1);
    let fault = home.store().load().await.unwrap_err().to_string();
    assert!(
        fault.contains(
            "was encrypted under a passphrase, and the broker was given a systemd credential"
        ),
        "{fault}"
    );
}

#[tokio::test]
async fn a_refused_token_is_dropped_and_no_newer_one() {
    let home = Home::new();
    let store = home.store();
    store.save(&grant("ada", 2)).await.unwrap();
    let signed_out = StoredGrant {
        refresh_token: None,
        ..grant("ada", 0)
    };
    let refused = |number| grant("ada", number).refresh_token.unwrap();
    store
        .save_in_place_of(&signed_out, &refused(1))
        .await
        .unwrap();
    let kept = store.load().await.unwrap();
    assert_eq!(numbers(&kept), [("ada".to_owned(), 2)], "another broker's");
    store
        .save_in_place_of(&signed_out, &refused(2))
        .await
        .unwrap();
    let kept = store.load().await.unwrap();
    assert_eq!((kept.len(), kept[0].refresh_token.is_none()), (1, true));
}

#[tokio::test]
async fn an_account_is_removed_for_one_application_or_for_all() {
    let home = Home::new();
    let store = home.store();
    let other = ClientId::parse("5eed0000-0000-4000-8000-000000000001").unwrap();
    for name in ["ada", "bob"] {
        for client_id in [ClientId::azure_cli(), other.clone()] {
            let grant = grant(name, 1);
            store
                .save(&StoredGrant { client_id, ..grant })
                .await
                .unwrap();
        }
    }
    let ada = grant("ada", 1).account;
    let remove = |client_id| store.remove(&ada.environment, &ada.home_account_id, client_id);
    remove(Some(&other)).await.unwrap();
    assert_eq!(store.load().await.unwrap().len(), 3);
    remove(None).await.unwrap();
    let left = store.load().await.unwrap();
    assert!(left.len() == 2 && left.iter().all(|kept| kept.account.username == "bob"));
    store.remove_all().await.unwrap();
    assert!(!home.accounts().exists());
}
