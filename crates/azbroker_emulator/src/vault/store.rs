//! The secrets of one vault.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    fmt::{Debug, Formatter},
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::VaultRefusal;
use crate::{random, world::Vault};

/// The secrets of one vault, alive and deleted.
pub(crate) struct VaultStore {
    /// By name in lower case: names that differ in case alone are the same secret.
    secrets: Mutex<BTreeMap<String, Secret>>,
}

/// A secret with all its versions.
#[derive(Clone)]
pub(super) struct Secret {
    pub(super) name: String,
    /// Oldest first, never empty.
    versions: Vec<Version>,
    pub(super) deletion: Option<Deletion>,
}

/// One version of a secret.
#[derive(Clone)]
pub(super) struct Version {
    pub(super) id: String,
    pub(super) value: String,
    pub(super) properties: Properties,
    pub(super) created: i64,
    pub(super) updated: i64,
}

/// What can be changed of a version.
#[derive(Clone)]
pub(super) struct Properties {
    pub(super) content_type: Option<String>,
    pub(super) tags: Option<BTreeMap<String, String>>,
    pub(super) enabled: bool,
    pub(super) not_before: Option<i64>,
    pub(super) expires: Option<i64>,
}

/// Changes to the properties; what is absent stays.
#[derive(Clone, Default)]
pub(super) struct Changes {
    pub(super) content_type: Option<String>,
    pub(super) tags: Option<BTreeMap<String, String>>,
    pub(super) enabled: Option<bool>,
    pub(super) not_before: Option<i64>,
    pub(super) expires: Option<i64>,
}

/// When a secret was deleted.
#[derive(Clone, Copy)]
pub(super) struct Deletion {
    pub(super) deleted: i64,
    pub(super) scheduled_purge: i64,
}

/// How many days a deleted secret can be recovered.
pub(super) const RECOVERABLE_DAYS: i64 = 90;

impl Secret {
    pub(super) fn latest(&self) -> &Version {
        self.versions
            .last()
            .expect("a secret has a version from its beginning")
    }

    pub(super) fn versions(&self) -> &[Version] {
        &self.versions
    }

    fn version_mut(&mut self, id: Option<&str>) -> Option<&mut Version> {
        match id {
            None => self.versions.last_mut(),
            Some(id) => self.versions.iter_mut().find(|version| version.id == id),
        }
    }
}

impl Properties {
    fn apply(&mut self, changes: Changes) {
        let Changes {
            content_type,
            tags,
            enabled,
            not_before,
            expires,
        } = changes;
        self.content_type = content_type.or(self.content_type.take());
        // An empty set of tags clears them.
        self.tags = tags.or(self.tags.take()).filter(|tags| !tags.is_empty());
        self.enabled = enabled.unwrap_or(self.enabled);
        self.not_before = not_before.or(self.not_before);
        self.expires = expires.or(self.expires);
    }
}

impl VaultStore {
    pub(crate) fn new(vault: &Vault, now: i64) -> Self {
        let store = Self {
            secrets: Mutex::default(),
        };
        for (name, value) in &vault.secrets {
            let secret = Secret {
                name: name.clone(),
                versions: vec![version(value.clone(), Changes::default(), now)],
                deletion: None,
            };
            store.secrets().insert(name.to_ascii_lowercase(), secret);
        }
        store
    }

    /// Adds a version; the secret is made if there is none.
    pub(super) fn set(
        &self,
        name: &str,
        value: String,
        changes: Changes,
        now: i64,
    ) -> Result<Secret, VaultRefusal> {
        let version = version(value, changes, now);
        match self.secrets().entry(name.to_ascii_lowercase()) {
            Entry::Occupied(occupied) if occupied.get().deletion.is_some() => {
                let message = format!(
                    "Secret {name} is currently in a deleted but recoverable state, and its name cannot be reused; in \
                     this state, the secret can only be recovered or purged."
                );
                Err(VaultRefusal::conflict(
                    "ObjectIsDeletedButRecoverable",
                    message,
                ))
            }
            Entry::Occupied(mut occupied) => {
                occupied.get_mut().versions.push(version);
                Ok(occupied.get().clone())
            }
            Entry::Vacant(vacant) => Ok(vacant
                .insert(Secret {
                    name: name.to_owned(),
                    versions: vec![version],
                    deletion: None,
                })
                .clone()),
        }
    }

    /// Finds a secret that is not deleted.
    pub(super) fn secret(&self, name: &str) -> Result<Secret, VaultRefusal> {
        self.secrets()
            .get(&name.to_ascii_lowercase())
            .filter(|secret| secret.deletion.is_none())
            .cloned()
            .ok_or_else(|| VaultRefusal::not_found(name))
    }

    /// Finds a secret that is deleted.
    pub(super) fn deleted(&self, name: &str) -> Result<Secret, VaultRefusal> {
        self.secrets()
            .get(&name.to_ascii_lowercase())
            .filter(|secret| secret.deletion.is_some())
            .cloned()
            .ok_or_else(|| VaultRefusal::not_found(name))
    }

    /// All that are not deleted, by name.
    pub(super) fn all(&self) -> Vec<Secret> {
        self.secrets()
            .values()
            .filter(|secret| secret.deletion.is_none())
            .cloned()
            .collect()
    }

    /// All that are deleted, by name.
    pub(super) fn all_deleted(&self) -> Vec<Secret> {
        self.secrets()
            .values()
            .filter(|secret| secret.deletion.is_some())
            .cloned()
            .collect()
    }

    /// Changes a version, the latest unless one is named, and returns the secret's name and the version.
    pub(super) fn update(
        &self,
        name: &str,
        id: Option<&str>,
        changes: Changes,
        now: i64,
    ) -> Result<(String, Version), VaultRefusal> {
        let mut secrets = self.secrets();
        let secret = secrets
            .get_mut(&name.to_ascii_lowercase())
            .filter(|secret| secret.deletion.is_none())
            .ok_or_else(|| VaultRefusal::not_found(name))?;
        let full_name = secret.name.clone();
        let version = secret
            .version_mut(id)
            .ok_or_else(|| VaultRefusal::not_found(name))?;
        version.properties.apply(changes);
        version.updated = now;
        Ok((full_name, version.clone()))
    }

    /// Deletes a secret, which completes at once.
    pub(super) fn delete(&self, name: &str, now: i64) -> Result<Secret, VaultRefusal> {
        let deletion = Deletion {
            deleted: now,
            scheduled_purge: now + RECOVERABLE_DAYS * 86_400,
        };
        self.change_deletion(name, Some(deletion))
    }

    /// Brings a deleted secret back, at once.
    pub(super) fn recover(&self, name: &str) -> Result<Secret, VaultRefusal> {
        self.change_deletion(name, None)
    }

    /// Removes a deleted secret for ever.
    pub(super) fn purge(&self, name: &str) -> Result<(), VaultRefusal> {
        match self.secrets().entry(name.to_ascii_lowercase()) {
            Entry::Occupied(occupied) if occupied.get().deletion.is_some() => {
                occupied.remove();
                Ok(())
            }
            _ => Err(VaultRefusal::not_found(name)),
        }
    }

    fn change_deletion(
        &self,
        name: &str,
        deletion: Option<Deletion>,
    ) -> Result<Secret, VaultRefusal> {
        let mut secrets = self.secrets();
        let secret = secrets
            .get_mut(&name.to_ascii_lowercase())
            .filter(|secret| secret.deletion.is_some() != deletion.is_some())
            .ok_or_else(|| VaultRefusal::not_found(name))?;
        secret.deletion = deletion;
        Ok(secret.clone())
    }

    fn secrets(&self) -> MutexGuard<'_, BTreeMap<String, Secret>> {
        self.secrets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Debug for VaultStore {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VaultStore")
            .field("secrets", &self.secrets().keys())
            .finish()
    }
}

fn version(value: String, changes: Changes, now: i64) -> Version {
    let mut properties = Properties {
        content_type: None,
        tags: None,
        enabled: true,
        not_before: None,
        expires: None,
    };
    properties.apply(changes);
    Version {
        id: random::hex(),
        value,
        properties,
        created: now,
        updated: now,
    }
}
