//! Files and keys that cannot be used, and who may read the file.

use super::*;

#[tokio::test]
async fn only_the_user_may_read_what_is_written() {
    let home = Home::new();
    home.store()
        .save(&grant("ada@contoso.example", 1))
        .await
        .unwrap();
    let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(home.accounts()), 0o600);
    assert_eq!(mode(home.state()), 0o700);
    let bytes = fs::read(home.accounts()).unwrap();
    let readable = |text: &str| {
        bytes
            .windows(text.len())
            .any(|part| part == text.as_bytes())
    };
    assert!(!readable("ada@contoso") && !readable("rrrrrrrr"));
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_named_with_its_fault_and_left_alone() {
    let home = Home::new();
    home.store().save(&grant("ada", 1)).await.unwrap();
    let whole = fs::read(home.accounts()).unwrap();
    let middle = whole.len() / 2;
    let mut tampered = whole.clone();
    tampered[middle] ^= 1;
    let mut newer = whole.clone();
    newer[8] = 2;
    for (bytes, key, message) in [
        (
            &whole,
            8,
            "was encrypted under another key or passphrase; give the broker that one",
        ),
        (&tampered, 7, "was damaged or tampered with; "),
        (&whole[..middle].to_vec(), 7, "is truncated; "),
        (&Vec::new(), 7, "is truncated; "),
        (
            &newer,
            7,
            "is of version 2, which this broker does not know; use the broker that wrote it",
        ),
        (
            &b"{\"refresh_token\":1}".to_vec(),
            7,
            "is no store of azbroker; move it away",
        ),
    ] {
        home.give_key(key);
        fs::write(home.accounts(), bytes).unwrap();
        let fault = home.store().load().await.unwrap_err().to_string();
        let expected = format!("{} {message}", home.accounts().display());
        assert!(fault.starts_with(&expected), "{fault}");
        let refused = home.store().save(&grant("bob", 1)).await.unwrap_err();
        assert_eq!(refused.to_string(), fault);
        assert_eq!(fs::read(home.accounts()).unwrap(), *bytes, "{message}");
    }
    assert!(
        FileStore::erase(&home.state()).await.unwrap(),
        "but when all is to go"
    );
    assert!(!home.accounts().exists());
}

#[tokio::test]
async fn a_key_that_cannot_be_had_says_what_to_do() {
    let home = Home::new();
    let folder = home.folder.path();
    let file = |name: &str, mode: u32, content: &[u8]| {
        let path = folder.join(name);
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    };
    let pipe = folder.join("pipe");
    let made = std::process::Command::new("mkfifo")
        .args(["-m", "600"])
        .arg(&pipe)
        .status();
    assert!(made.unwrap().success());
    for (source, message) in [
        (
            KeySource::PassphraseFile(pipe),
            "pipe' cannot be read: it is no file",
        ),
        (
            KeySource::PassphraseFile(file("open", 0o640, b"words")),
            "others may read the passphrase file '",
        ),
        (
            KeySource::PassphraseFile(file("open", 0o640, b"words")),
            "; run `chmod 600 '",
        ),
        (
            KeySource::PassphraseFile(file("empty", 0o600, b"\n")),
            "empty' is empty",
        ),
        (
            KeySource::PassphraseFile(file("bytes", 0o600, b"\xff\xfe")),
            "bytes' is no text",
        ),
        (
            KeySource::PassphraseFile(folder.join("nowhere")),
            "nowhere' cannot be read: No such file",
        ),
        (
            KeySource::Credential(file("short", 0o400, b"short")),
            "has 5 bytes of key material; give it 16 or more",
        ),
    ] {
        let store = FileStore::new(&home.state(), source);
        let fault = store.load().await.unwrap_err().to_string();
        assert!(fault.contains(message), "{fault}");
    }
}

#[tokio::test]
async fn a_link_in_the_place_of_the_file_is_neither_read_nor_replaced_nor_removed() {
    let home = Home::new();
    let store = home.store();
    store.save(&grant("ada", 1)).await.unwrap();
    let elsewhere = home.folder.path().join("elsewhere");
    fs::rename(home.accounts(), &elsewhere).unwrap();
    let kept = fs::read(&elsewhere).unwrap();
    let refused = format!(
        "{} is a link; put the file itself in its place",
        home.accounts().display()
    );
    for target in [elsewhere.clone(), home.folder.path().join("nothing")] {
        std::os::unix::fs::symlink(&target, home.accounts()).unwrap();
        let errors = [
            store.load().await.map(drop),
            store.save(&grant("carol", 1)).await,
            store.save_renewed(&grant("ada", 2)).await.map(drop),
            store.remove_all().await,
            FileStore::erase(&home.state()).await.map(drop),
        ];
        for error in errors {
            assert_eq!(error.unwrap_err().to_string(), refused);
        }
        assert_eq!(fs::read_link(home.accounts()).unwrap(), target);
        fs::remove_file(home.accounts()).unwrap();
    }
    assert_eq!(fs::read(&elsewhere).unwrap(), kept);
}
