//! `org.freedesktop.Secret.Service`: the way to sessions, collections and items.

use std::collections::HashMap;
use std::sync::Arc;

use zbus::fdo;
use zbus::message::Header;
use zbus::object_server::{ObjectServer, SignalEmitter};
use zbus::zvariant::{OwnedObjectPath, OwnedValue, Str, Value};

use super::collection::{self, Collection};
use super::paths::{self, Meaning};
use super::refusal::Refusal;
use super::session::Session;
use super::shared::{self, Shared};
use super::store::Attributes;
use super::wire::{self, Properties, WireSecret};

/// The object at the root.
#[derive(Debug)]
pub(super) struct Service {
    shared: Arc<Shared>,
}

impl Service {
    /// Makes the object.
    pub(super) fn new(shared: &Arc<Shared>) -> Self {
        Self {
            shared: shared.clone(),
        }
    }

    /// Points `alias` at a collection, and makes the object under which clients reach it that way.
    async fn point(
        &self,
        alias: &str,
        name: Option<&str>,
        server: &ObjectServer,
    ) -> Result<(), Refusal> {
        if !paths::is_element(alias) {
            return Err(Refusal::NoSuchObject(format!(
                "`{alias}` cannot be an alias"
            )));
        }
        self.shared.with_store(|store| store.set_alias(alias, name));
        // Already there if the alias was used before; it follows.
        server
            .at(
                paths::alias(alias),
                Collection::aliased(&self.shared, alias.to_owned()),
            )
            .await?;
        Ok(())
    }

    /// The own name of an existing collection.
    fn collection_at(&self, path: &str) -> Option<String> {
        self.shared.with_store(|store| match paths::read(path)? {
            Meaning::Collection(name) => store.collection(&name).map(|_| name),
            Meaning::Alias(alias) => store.resolve(&alias).map(str::to_owned),
            Meaning::Item(_) => None,
        })
    }

    /// Whether there is a collection or item at `path`.
    fn exists(&self, path: &str) -> bool {
        match paths::read(path) {
            Some(Meaning::Item(id)) => self.shared.with_store(|store| store.item(&id).is_some()),
            _ => self.collection_at(path).is_some(),
        }
    }
}

#[zbus::interface(name = "org.freedesktop.Secret.Service")]
impl Service {
    /// Opens a plain session; refuses every other, upon which clients ask for a plain one.
    #[zbus(out_args("output", "result"))]
    async fn open_session(
        &self,
        algorithm: &str,
        _input: Value<'_>,
        #[zbus(header)] header: Header<'_>,
        #[zbus(object_server)] server: &ObjectServer,
    ) -> fdo::Result<(OwnedValue, OwnedObjectPath)> {
        if algorithm != "plain" {
            return Err(fdo::Error::NotSupported(format!(
                "only plain sessions, not `{algorithm}`"
            )));
        }
        let caller = shared::caller(&header).ok_or_else(|| {
            fdo::Error::AccessDenied("the bus did not say who is calling".to_owned())
        })?;
        let session = self.shared.open_session(caller);
        server
            .at(&session, Session::new(&self.shared, session.clone()))
            .await?;
        Ok((OwnedValue::from(Str::from_static("")), session))
    }

    /// Makes a collection. Answers its path, and that no prompt is needed.
    #[zbus(out_args("collection", "prompt"))]
    async fn create_collection(
        &self,
        mut properties: Properties,
        alias: &str,
        #[zbus(object_server)] server: &ObjectServer,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> Result<(OwnedObjectPath, OwnedObjectPath), Refusal> {
        // Who asks for an alias that is there wants that collection, says the specification.
        let existing = self
            .shared
            .with_store(|store| store.resolve(alias).map(str::to_owned));
        if let Some(name) = existing {
            return Ok((paths::collection(&name), paths::none()));
        }
        let label = wire::label(&mut properties, collection::INTERFACE);
        let now = self.shared.now();
        let name = self
            .shared
            .with_store(|store| store.create_collection(label, now));
        let path = paths::collection(&name);
        server
            .at(&path, Collection::named(&self.shared, name.clone()))
            .await?;
        if !alias.is_empty() {
            self.point(alias, Some(&name), server).await?;
        }
        Self::collection_created(&emitter, path.clone()).await?;
        Ok((path, paths::none()))
    }

    /// Finds the items of all collections that have all of these attributes. None is ever locked.
    #[zbus(out_args("unlocked", "locked"))]
    async fn search_items(
        &self,
        attributes: Attributes,
    ) -> (Vec<OwnedObjectPath>, Vec<OwnedObjectPath>) {
        let found = self.shared.with_store(|store| store.search(&attributes));
        (found.iter().map(paths::item).collect(), Vec::new())
    }

    /// Answers that all of these that exist are unlocked, without a prompt.
    #[zbus(out_args("unlocked", "prompt"))]
    async fn unlock(
        &self,
        objects: Vec<OwnedObjectPath>,
    ) -> (Vec<OwnedObjectPath>, OwnedObjectPath) {
        let unlocked = objects
            .into_iter()
            .filter(|path| self.exists(path.as_str()))
            .collect();
        (unlocked, paths::none())
    }

    /// Answers that nothing was locked: there is no password to unlock it again.
    #[zbus(out_args("locked", "prompt"))]
    async fn lock(
        &self,
        _objects: Vec<OwnedObjectPath>,
    ) -> (Vec<OwnedObjectPath>, OwnedObjectPath) {
        (Vec::new(), paths::none())
    }

    /// Sends the secrets of several items. Items that do not exist are left out.
    async fn get_secrets(
        &self,
        items: Vec<OwnedObjectPath>,
        session: OwnedObjectPath,
        #[zbus(header)] header: Header<'_>,
    ) -> Result<HashMap<OwnedObjectPath, WireSecret>, Refusal> {
        self.shared.check_session(&session, &header)?;
        let secrets = items.into_iter().filter_map(|path| {
            let Some(Meaning::Item(id)) = paths::read(path.as_str()) else {
                return None;
            };
            let secret = self
                .shared
                .with_store(|store| store.item(&id).map(|item| item.secret.clone()))?;
            Some((path, WireSecret::plain(session.clone(), &secret)))
        });
        Ok(secrets.collect())
    }

    /// The collection behind an alias, or "no object".
    async fn read_alias(&self, name: &str) -> OwnedObjectPath {
        let collection = self
            .shared
            .with_store(|store| store.resolve(name).map(paths::collection));
        collection.unwrap_or_else(paths::none)
    }

    /// Points an alias at a collection, or at nothing.
    async fn set_alias(
        &self,
        name: &str,
        collection: OwnedObjectPath,
        #[zbus(object_server)] server: &ObjectServer,
    ) -> Result<(), Refusal> {
        if collection == paths::none() {
            return self.point(name, None, server).await;
        }
        let existing = self.collection_at(collection.as_str());
        let existing = existing
            .ok_or_else(|| Refusal::NoSuchObject(format!("there is no collection {collection}")))?;
        self.point(name, Some(&existing), server).await
    }

    /// Tells that there is a new collection.
    #[zbus(signal)]
    pub(super) async fn collection_created(
        emitter: &SignalEmitter<'_>,
        collection: OwnedObjectPath,
    ) -> zbus::Result<()>;

    /// Tells that a collection is gone.
    #[zbus(signal)]
    pub(super) async fn collection_deleted(
        emitter: &SignalEmitter<'_>,
        collection: OwnedObjectPath,
    ) -> zbus::Result<()>;

    /// Tells that a collection is another than it was.
    #[zbus(signal)]
    pub(super) async fn collection_changed(
        emitter: &SignalEmitter<'_>,
        collection: OwnedObjectPath,
    ) -> zbus::Result<()>;

    /// The collections. Changes are told by the three signals above.
    #[zbus(property(emits_changed_signal = "false"))]
    fn collections(&self) -> Vec<OwnedObjectPath> {
        let names = self.shared.with_store(|store| store.collections());
        names.iter().map(|name| paths::collection(name)).collect()
    }
}
