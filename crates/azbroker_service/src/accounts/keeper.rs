use crate::{
    configuration::Configuration,
    token_store::{
        FileStore, KeySource, MemoryStore, SecretServiceStore, StoreChoice, StoreError,
        StoredGrant, TokenStore,
    },
};
use std::{path::PathBuf, sync::Arc};

/// The store in use, why it is that one, and what is wrong with it.
#[derive(Debug)]
pub(super) struct Keeper {
    places: Places,
    /// The store, once one could be opened. Until then there is only memory.
    open: Option<Open>,
    /// Why the store did not take the last change.
    pub(super) fault: Option<StoreError>,
    /// Why a store may still have somebody who was signed out.
    pub(super) still_kept: Option<StoreError>,
    /// The better ones, and why each is not in use.
    passed_over: Vec<(StoreChoice, StoreError)>,
    /// What is to be emptied when all of it is in the store in use.
    left: Option<Arc<dyn TokenStore>>,
}

#[derive(Clone, Debug)]
struct Open {
    store: Arc<dyn TokenStore>,
    /// `None` for one that was given.
    kind: Option<StoreChoice>,
}

#[derive(Debug)]
enum Places {
    Given(Arc<dyn TokenStore>),
    Chosen {
        choice: StoreChoice,
        key_source: Option<KeySource>,
        folder: Option<PathBuf>,
    },
}

/// What a store had when it was opened.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// It keeps these.
    pub(super) kept: Vec<StoredGrant>,
    /// These must move to it.
    pub(super) elsewhere: Vec<StoredGrant>,
}

/// Which store is in use, and why.
#[derive(Clone, Debug, Default)]
pub(crate) struct StoreReport {
    pub(crate) in_use: &'static str,
    pub(crate) wanted: &'static str,
    pub(crate) description: String,
    pub(crate) fault: Option<String>,
    pub(crate) still_kept: Option<String>,
    pub(crate) passed_over: Vec<PassedOver>,
}

/// A better store that is not in use.
#[derive(Clone, Debug)]
pub(crate) struct PassedOver {
    pub(crate) store: StoreChoice,
    pub(crate) reason: String,
    /// It is not there at all, rather than of no use.
    pub(crate) is_absent: bool,
}

/// What became of the stores that were to be empty.
#[derive(Debug, Default)]
pub(crate) struct Erased {
    /// There was one that could not be read.
    pub(crate) unread: bool,
    /// What may still have some, and why.
    pub(crate) left: Vec<String>,
}

impl Keeper {
    pub(super) fn new(configuration: &Configuration, given: Option<Box<dyn TokenStore>>) -> Self {
        let places = match given {
            Some(store) => Places::Given(store.into()),
            None => Places::Chosen {
                choice: configuration.store,
                key_source: configuration.key_source.clone(),
                folder: configuration.state_folder.clone(),
            },
        };
        Self {
            places,
            open: None,
            fault: None,
            still_kept: None,
            passed_over: Vec::new(),
            left: None,
        }
    }

    /// The store, where one could be opened.
    pub(super) fn store(&self) -> Option<Arc<dyn TokenStore>> {
        self.open.as_ref().map(|open| open.store.clone())
    }

    /// Opens the best store that is better than the one in use, and returns what it keeps.
    ///
    /// # Errors
    ///
    /// Says why there is none; it may be tried again.
    pub(super) async fn open_best(&mut self) -> Result<Found, StoreError> {
        if let Places::Given(store) = &self.places {
            let store = store.clone();
            let kept = match self.open.is_some() {
                true => Vec::new(),
                false => store.load().await?,
            };
            self.open = Some(Open { store, kind: None });
            return Ok(Found {
                kept,
                elsewhere: Vec::new(),
            });
        }
        let in_use = self.open.as_ref().and_then(|open| open.kind);
        let mut passed_over = Vec::new();
        for kind in self.candidates() {
            if Some(*kind) == in_use {
                self.passed_over = passed_over;
                return Ok(Found::default());
            }
            match self.open_one(*kind).await {
                Ok((store, kept)) => {
                    tracing::debug!(
                        grants = kept.len(),
                        "accounts rest in: {}",
                        store.description()
                    );
                    let elsewhere = self.lesser(*kind).await;
                    let kind = Some(*kind);
                    self.open = Some(Open { store, kind });
                    self.passed_over = passed_over;
                    return Ok(Found { kept, elsewhere });
                }
                Err(reason) => passed_over.push((*kind, reason)),
            }
        }
        self.passed_over = passed_over;
        match self.reasons() {
            Some(reasons) => Err(StoreError::new(reasons)),
            None => Err(StoreError::new("as it was told to")),
        }
    }

    /// Connects anew to the store in use: a keyring that was ended and has come back knows nothing of its callers.
    pub(super) async fn reopen(&mut self) -> Option<Arc<dyn TokenStore>> {
        let open = self.open.as_mut()?;
        if open.kind != Some(StoreChoice::SecretService) {
            return None;
        }
        open.store = Arc::new(SecretServiceStore::open().await.ok()?);
        Some(open.store.clone())
    }

    /// Empties what all grants have left. Called when they are in the store in use.
    pub(super) async fn empty_left(&mut self) {
        let Some(left) = self.left.take() else {
            return;
        };
        if let Err(fault) = left.remove_all().await {
            tracing::warn!(
                "accounts that moved are still in the {}: {fault}",
                left.description()
            );
            self.left = Some(left);
        }
    }

    /// Erases every store that may have something.
    pub(super) async fn erase(&mut self) -> Erased {
        let mut erased = Erased::default();
        let mut note = |done: Result<(), StoreError>| {
            if let Err(fault) = done
                && !fault.is_absent()
            {
                erased.left.push(fault.to_string());
            }
        };
        match &self.places {
            Places::Given(store) => note(store.remove_all().await),
            Places::Chosen { folder, .. } => {
                let in_use = self.open.as_ref().and_then(|open| open.kind);
                // All that a store has which was left for a better one is held.
                let file_was_read = in_use == Some(StoreChoice::File) || self.left.is_some();
                for kind in self.candidates() {
                    note(match kind {
                        StoreChoice::SecretService => match SecretServiceStore::open().await {
                            Ok(store) => store.remove_all().await,
                            Err(fault) => Err(fault),
                        },
                        _ => match folder {
                            Some(folder) => FileStore::erase(folder).await.map(|was_there| {
                                erased.unread |= was_there && !file_was_read;
                            }),
                            None => Ok(()),
                        },
                    });
                }
            }
        }
        erased
    }

    /// Why a store that may keep something is not to be had.
    pub(super) fn out_of_reach(&self) -> Option<StoreError> {
        let closed = self.fault.iter().filter(|_| self.open.is_none());
        let passed_over = self.passed_over.iter().map(|(_, reason)| reason);
        let mut reasons: Box<dyn Iterator<Item = &StoreError>> = match &self.places {
            Places::Given(_) => Box::new(closed),
            Places::Chosen { .. } => Box::new(passed_over),
        };
        reasons.find(|reason| !reason.is_absent()).cloned()
    }

    pub(super) fn report(&self) -> StoreReport {
        let wanted = match &self.places {
            Places::Given(_) => "given",
            Places::Chosen { choice, .. } => choice.as_str(),
        };
        let in_use = match &self.open {
            Some(open) => open.kind.map_or("given", StoreChoice::as_str),
            None => StoreChoice::Memory.as_str(),
        };
        let passed_over = self.passed_over.iter();
        StoreReport {
            in_use,
            wanted,
            description: self.description(),
            fault: self
                .open
                .as_ref()
                .and(self.fault.as_ref())
                .map(ToString::to_string),
            still_kept: self.still_kept.as_ref().map(still_kept),
            passed_over: passed_over
                .map(|(store, reason)| PassedOver {
                    store: *store,
                    reason: reason.to_string(),
                    is_absent: reason.is_absent(),
                })
                .collect(),
        }
    }

    /// Whether a store was asked for by name and is not there.
    pub(super) fn lacks_what_was_named(&self) -> bool {
        let named = match &self.places {
            Places::Given(_) => false,
            Places::Chosen { choice, .. } => {
                matches!(choice, StoreChoice::SecretService | StoreChoice::File)
            }
        };
        named && self.open.is_none()
    }

    fn description(&self) -> String {
        let description = self.description_of_held();
        match &self.still_kept {
            Some(fault) => format!(
                "{description}; who was signed out may still be in the store ({})",
                fault.what()
            ),
            None => description,
        }
    }

    fn description_of_held(&self) -> String {
        match (&self.open, &self.fault) {
            (Some(open), None) => open.store.description().to_owned(),
            (Some(open), Some(fault)) => format!(
                "{}; the last change is in memory only ({fault})",
                open.store.description()
            ),
            (None, fault) => {
                let reason = fault.as_ref().map(StoreError::to_string);
                MemoryStore::new(&reason.unwrap_or_default())
                    .description()
                    .to_owned()
            }
        }
    }

    fn reasons(&self) -> Option<String> {
        let reasons: Vec<_> = self
            .passed_over
            .iter()
            .map(|(_, why)| why.to_string())
            .collect();
        (!reasons.is_empty()).then(|| reasons.join("; "))
    }

    /// The best first.
    fn candidates(&self) -> &'static [StoreChoice] {
        let Places::Chosen { choice, .. } = &self.places else {
            return &[];
        };
        match choice {
            StoreChoice::Auto => &[StoreChoice::SecretService, StoreChoice::File],
            StoreChoice::SecretService => &[StoreChoice::SecretService],
            StoreChoice::File => &[StoreChoice::File],
            StoreChoice::Memory => &[],
        }
    }

    async fn open_one(
        &self,
        kind: StoreChoice,
    ) -> Result<(Arc<dyn TokenStore>, Vec<StoredGrant>), StoreError> {
        let store: Arc<dyn TokenStore> = match kind {
            StoreChoice::File => Arc::new(self.file()?),
            _ => Arc::new(SecretServiceStore::open().await?),
        };
        let kept = store.load().await?;
        Ok((store, kept))
    }

    fn file(&self) -> Result<FileStore, StoreError> {
        let Places::Chosen {
            key_source, folder, ..
        } = &self.places
        else {
            return Err(StoreError::absent("there is no file"));
        };
        let Some(folder) = folder else {
            return Err(StoreError::absent(
                "there is no folder for an encrypted file: set HOME or XDG_STATE_HOME",
            ));
        };
        let Some(source) = key_source else {
            return Err(StoreError::absent(
                "there is no key for an encrypted file: name a passphrase-file in config.toml",
            ));
        };
        Ok(FileStore::new(folder, source.clone()))
    }

    /// What rests in a store that is not as good: it moves, or a sign-out would not reach it.
    async fn lesser(&mut self, than: StoreChoice) -> Vec<StoredGrant> {
        if let Some(open) = self.open.take() {
            self.left = Some(open.store);
            // All of it is held.
            return Vec::new();
        }
        if than != StoreChoice::SecretService || self.candidates().len() < 2 {
            return Vec::new();
        }
        let Ok((file, kept)) = self.open_one(StoreChoice::File).await else {
            return Vec::new();
        };
        if !kept.is_empty() {
            self.left = Some(file);
        }
        kept
    }
}

/// Says that a store may still have somebody who was signed out, and what helps.
pub(crate) fn still_kept(fault: &StoreError) -> String {
    format!(
        "the account may still be in the store: {}; {}, then sign out again",
        fault.what(),
        fault.cure()
    )
}
