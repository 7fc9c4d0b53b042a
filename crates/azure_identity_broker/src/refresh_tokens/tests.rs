use super::{file::FileStore, *};
use crate::{
    Error, ErrorKind, InteractiveBrowserCredentialOptions, TokenCachePersistence,
    test_broker::{VAULT, with_default_account},
    test_cloud::Setting,
};
use azbroker_emulator::Behavior;
use azbroker_entra::{HomeAccountId, SystemClock};
use azure_core::credentials::TokenCredential;
use std::{fs, os::unix::fs::PermissionsExt, path::Path};

fn held(username: &str, token: &str, kind: TokenKind) -> HeldToken {
    HeldToken {
        client_id: ClientId::azure_cli(),
        account: Account {
            environment: "login.microsoftonline.com".to_owned(),
            home_account_id: HomeAccountId::new(username, "t"),
            local_account_id: username.to_owned(),
            tenant_id: "t".to_owned(),
            username: username.to_owned(),
            name: String::new(),
            given_name: String::new(),
            family_name: String::new(),
        },
        refresh_token: RefreshToken::new(token.to_owned()),
        kind,
    }
}

fn in_file(path: &Path) -> RefreshTokens {
    RefreshTokens::kept_in(FileStore::new(path.to_owned(), Arc::new(SystemClock)))
}

async fn tokens(store: &RefreshTokens, kind: TokenKind) -> Vec<String> {
    let held = store.list(&ClientId::azure_cli(), kind).await.unwrap();
    let texts = held
        .iter()
        .map(|held| held.refresh_token.expose().to_owned());
    texts.collect()
}

#[tokio::test]
async fn every_store_keeps_the_kinds_apart_and_forgets_only_what_was_refused() {
    let folder = tempfile::tempdir().unwrap();
    for store in [
        RefreshTokens::kept_in(MemoryStore::default()),
        in_file(&folder.path().join("c/cache.json")),
    ] {
        let (plain, cae) = (TokenKind::Plain, TokenKind::ContinuousAccessEvaluation);
        for token in [
            held("ada", "1", plain),
            held("bob", "2", plain),
            held("ada", "3", cae),
            held("ada", "4", plain),
        ] {
            store.keep(token).await.unwrap();
        }
        assert_eq!(tokens(&store, plain).await, ["2", "4"]);
        assert_eq!(tokens(&store, cae).await, ["3"]);
        // Somebody else has put a newer one there meanwhile.
        store
            .forget_refused(&held("ada", "1", plain))
            .await
            .unwrap();
        assert_eq!(tokens(&store, plain).await, ["2", "4"]);
        store
            .forget_refused(&held("ada", "4", plain))
            .await
            .unwrap();
        assert_eq!(tokens(&store, plain).await, ["2"]);
        let ada = held("ada", "", plain).account;
        store
            .forget_account(&ClientId::azure_cli(), &ada)
            .await
            .unwrap();
        assert!(tokens(&store, cae).await.is_empty());
        assert_eq!(
            store.accounts(&ClientId::azure_cli()).await.unwrap().len(),
            1
        );
    }
}

#[tokio::test]
async fn programs_at_the_same_time_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache.json");
    let mut tasks = tokio::task::JoinSet::new();
    // No more than can all have had their turn within the patience of each on a busy machine.
    for number in 0..8 {
        let store = in_file(&path);
        tasks.spawn(async move {
            let token = held(&format!("user{number}"), "t", TokenKind::Plain);
            store.keep(token).await.unwrap();
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    assert_eq!(tokens(&in_file(&path), TokenKind::Plain).await.len(), 8);
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn a_file_that_makes_no_sense_is_named_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache.json");
    fs::write(&path, "no json").unwrap();
    let store = in_file(&path);
    let error = store
        .keep(held("ada", "1", TokenKind::Plain))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(
        error
            .to_string()
            .contains("cache.json cannot keep the sign-in")
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), "no json");
}

fn persistent(unsafe_allow_unencrypted_storage: bool) -> InteractiveBrowserCredentialOptions {
    let mut options = with_default_account();
    options.broker.enabled = false;
    options.token_cache_persistence = Some(TokenCachePersistence {
        unsafe_allow_unencrypted_storage,
        ..Default::default()
    });
    options
}

#[tokio::test]
async fn the_next_run_is_silent_where_the_program_allowed_clear_text() {
    let setting = Setting::with(Behavior::Complete).await;
    for _ in 0..2 {
        let credential = setting.credential(persistent(true));
        credential.get_token(&[VAULT], None).await.unwrap();
    }
    assert_eq!(setting.visits(), 1);
}

#[tokio::test]
async fn nothing_is_written_in_clear_text_by_itself() {
    let setting = Setting::with(Behavior::Complete).await;
    let credential = setting.credential(persistent(false));
    let error = credential.get_token(&[VAULT], None).await.unwrap_err();
    let error = Error::find(&error).unwrap();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(
        error
            .to_string()
            .starts_with("the keyring cannot keep the sign-in: ")
    );
    assert_eq!(setting.visits(), 0);
    assert_eq!(
        fs::read_dir(setting.cache_folder.path()).unwrap().count(),
        0
    );
}

#[test]
fn a_name_that_is_no_file_name_is_refused() {
    for name in ["", "../x", "a b", ".hidden", "a/b"] {
        let persistence = TokenCachePersistence {
            name: name.to_owned(),
            ..Default::default()
        };
        let error = persistence.check().unwrap_err();
        assert!(error.to_string().contains("may have letters"), "{name}");
    }
}
