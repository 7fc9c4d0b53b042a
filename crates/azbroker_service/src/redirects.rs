//! Which redirect URI works for which application: what is known, what was learned, and what somebody named.

use crate::state_file::{StateFile, read_all};
use azbroker_entra::{Authority, ClientId, RedirectUri};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// What is remembered of redirect URIs, in memory and in one file.
#[derive(Debug)]
pub(crate) struct Redirects {
    folder: Option<PathBuf>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// By cloud and application; `None` until the file was read.
    learned: Option<BTreeMap<String, RedirectUri>>,
    /// What `azbroker login --redirect` asked for, until it has worked.
    named: BTreeMap<String, RedirectUri>,
}

impl Redirects {
    /// Remembers in this folder, or only as long as the broker runs.
    pub(crate) fn new(folder: Option<PathBuf>) -> Self {
        Self {
            folder,
            state: Mutex::default(),
        }
    }

    /// The redirect URI for an application, where one is known.
    pub(crate) fn of(&self, authority: &Authority, client_id: &ClientId) -> Option<RedirectUri> {
        let key = key(authority, client_id);
        let mut state = self.state();
        let named = state.named.get(&key).copied();
        named
            .or_else(|| self.learned(&mut state).get(&key).copied())
            .or_else(|| {
                DEVELOPER_TOOLS
                    .contains(&client_id.as_str())
                    .then_some(RedirectUri::Loopback)
            })
    }

    /// Uses a redirect URI for an application from now on, because somebody said so.
    pub(crate) fn name(&self, authority: &Authority, client_id: &ClientId, uri: RedirectUri) {
        let key = key(authority, client_id);
        let mut state = self.state();
        if state.named.len() >= MOST_NAMED && !state.named.contains_key(&key) {
            state.named.pop_first();
        }
        state.named.insert(key, uri);
    }

    /// Remembers what has worked, or what Entra ID said would.
    pub(crate) fn learn(&self, authority: &Authority, client_id: &ClientId, uri: RedirectUri) {
        let key = key(authority, client_id);
        let mut state = self.state();
        state.named.remove(&key);
        if self.learned(&mut state).insert(key, uri) != Some(uri) {
            self.save(&mut state);
        }
    }

    /// Forgets what did not work this time: the registration may have changed.
    pub(crate) fn forget(&self, authority: &Authority, client_id: &ClientId) {
        let key = key(authority, client_id);
        let mut state = self.state();
        state.named.remove(&key);
        if self.learned(&mut state).remove(&key).is_some() {
            self.save(&mut state);
        }
    }

    fn learned<'a>(&self, state: &'a mut State) -> &'a mut BTreeMap<String, RedirectUri> {
        state.learned.get_or_insert_with(|| {
            let read = self.folder.as_deref().map(read).transpose();
            read.unwrap_or_else(|error| {
                tracing::warn!("{NAME} cannot be read, and is learned anew: {error}");
                None
            })
            .unwrap_or_default()
        })
    }

    fn save(&self, state: &mut State) {
        let learned = self.learned(state);
        if let Some(folder) = &self.folder
            && let Err(error) = write(folder, learned)
        {
            tracing::warn!("{NAME} cannot be written, and is forgotten with the broker: {error}");
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const NAME: &str = "redirects.json";
const VERSION: u32 = 1;

/// Far more than anybody uses.
const LARGEST: u64 = 1024 * 1024;

/// Sign-ins wait meanwhile.
const PATIENCE: Duration = Duration::from_millis(200);

/// More than anybody signs in to by hand before it has worked.
const MOST_NAMED: usize = 256;

/// Client IDs of Microsoft's developer tools that are known to have `http://localhost`: the Azure CLI, Azure
/// PowerShell, Visual Studio (two) and VS Code.
const DEVELOPER_TOOLS: [&str; 5] = [
    ClientId::AZURE_CLI,
    "1950a258-227b-4e31-a9cf-717495945fc2",
    "04f0c124-f2bc-4f59-8241-bf6df9866bbd",
    "872cd9fa-d31f-45e0-9eab-6e460a02d1f1",
    "aebc6443-996d-45c2-90f0-388ff96faa56",
];

/// What stands in the file.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    version: u32,
    /// By cloud and client ID, such as `login.microsoftonline.com/04b0…`: the word of a redirect URI.
    redirects: BTreeMap<String, String>,
}

fn key(authority: &Authority, client_id: &ClientId) -> String {
    format!("{}/{client_id}", authority.environment())
}

fn read(folder: &Path) -> io::Result<BTreeMap<String, RedirectUri>> {
    let Some(file) = StateFile::new(folder, NAME).open()? else {
        return Ok(BTreeMap::new());
    };
    let json = read_all(file, LARGEST)?;
    let kept: Kept = serde_json::from_slice(&json)?;
    if kept.version != VERSION {
        return Err(io::Error::other("it is of another version"));
    }
    let known = kept.redirects.into_iter();
    // A word of a later version says nothing to this one.
    Ok(known
        .filter_map(|(key, word)| Some((key, RedirectUri::of_word(&word)?)))
        .collect())
}

fn write(folder: &Path, learned: &BTreeMap<String, RedirectUri>) -> io::Result<()> {
    let redirects = learned.iter();
    let kept = Kept {
        version: VERSION,
        redirects: redirects
            .map(|(key, uri)| (key.clone(), uri.word().to_owned()))
            .collect(),
    };
    let json = serde_json::to_vec_pretty(&kept)?;
    StateFile::new(folder, NAME).lock(PATIENCE)?.replace(&json)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, os::unix::fs::PermissionsExt};

    fn client(id: &str) -> ClientId {
        ClientId::parse(id).unwrap()
    }

    #[test]
    fn what_was_learned_outlives_the_broker_and_is_forgotten_when_it_fails() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state");
        let (cloud, app) = (Authority::public_cloud(), client("app"));
        let redirects = Redirects::new(Some(state.clone()));
        assert_eq!(redirects.of(&cloud, &app), None);
        assert_eq!(
            redirects.of(&cloud, &ClientId::azure_cli()),
            Some(RedirectUri::Loopback)
        );
        redirects.learn(&cloud, &app, RedirectUri::NativeClient);

        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&state), mode(&state.join(NAME))), (0o700, 0o600));
        let later = Redirects::new(Some(state.clone()));
        assert_eq!(later.of(&cloud, &app), Some(RedirectUri::NativeClient));
        let alias = Authority::parse("https://login.windows.net/organizations").unwrap();
        assert_eq!(later.of(&alias, &app), Some(RedirectUri::NativeClient));
        let china = Authority::parse("https://login.partner.microsoftonline.cn/x").unwrap();
        assert_eq!(later.of(&china, &app), None);
        later.forget(&cloud, &app);
        assert_eq!(Redirects::new(Some(state)).of(&cloud, &app), None);
    }

    #[test]
    fn a_named_one_wins_until_it_has_worked_or_failed() {
        let redirects = Redirects::new(None);
        let (cloud, cli) = (Authority::public_cloud(), ClientId::azure_cli());
        redirects.name(&cloud, &cli, RedirectUri::NativeClient);
        assert_eq!(redirects.of(&cloud, &cli), Some(RedirectUri::NativeClient));
        redirects.forget(&cloud, &cli);
        assert_eq!(redirects.of(&cloud, &cli), Some(RedirectUri::Loopback));
    }

    #[test]
    fn what_another_broker_is_writing_is_left_to_it() {
        let folder = tempfile::tempdir().unwrap();
        let (cloud, app) = (Authority::public_cloud(), client("app"));
        let redirects = Redirects::new(Some(folder.path().to_owned()));
        let file = StateFile::new(folder.path(), NAME);
        let held = file.lock(Duration::ZERO).unwrap();
        redirects.learn(&cloud, &app, RedirectUri::NativeClient);
        assert_eq!(redirects.of(&cloud, &app), Some(RedirectUri::NativeClient));
        assert_eq!(file.read().unwrap(), None);
        drop(held);
    }

    #[test]
    fn whoever_names_ever_more_applications_fills_no_memory() {
        let redirects = Redirects::new(None);
        let cloud = Authority::public_cloud();
        for number in 0..1_000 {
            let app = client(&format!("app-{number}"));
            redirects.name(&cloud, &app, RedirectUri::NativeClient);
            assert_eq!(redirects.of(&cloud, &app), Some(RedirectUri::NativeClient));
        }
        assert_eq!(redirects.state().named.len(), MOST_NAMED);
    }

    #[test]
    fn a_spoilt_file_is_learned_anew() {
        let folder = tempfile::tempdir().unwrap();
        let (cloud, app) = (Authority::public_cloud(), client("app"));
        for spoilt in ["", "{", r#"{"version":2,"redirects":{}}"#] {
            fs::write(folder.path().join(NAME), spoilt).unwrap();
            let redirects = Redirects::new(Some(folder.path().to_owned()));
            assert_eq!(redirects.of(&cloud, &app), None);
            redirects.learn(&cloud, &app, RedirectUri::Loopback);
            let later = Redirects::new(Some(folder.path().to_owned()));
            assert_eq!(later.of(&cloud, &app), Some(RedirectUri::Loopback));
        }
    }
}
