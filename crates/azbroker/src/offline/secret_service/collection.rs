//! `org.freedesktop.Secret.Collection`: items that belong together.

use std::sync::Arc;

use zbus::fdo;
use zbus::message::Header;
use zbus::object_server::{ObjectServer, SignalEmitter};
use zbus::zvariant::OwnedObjectPath;

use super::item::{self, Item};
use super::paths;
use super::refusal::Refusal;
use super::service::Service;
use super::shared::Shared;
use super::store::{Attributes, Drawer, Store, Stored, StoredItem};
use super::wire::{self, Properties, WireSecret};

/// The object of a collection, under its own name or an alias.
#[derive(Debug)]
pub(super) struct Collection {
    shared: Arc<Shared>,
    address: Address,
}

/// How the collection was asked for.
#[derive(Debug)]
enum Address {
    Name(String),
    Alias(String),
}

/// The interface's name, which is also the prefix of the properties of a new collection.
pub(super) const INTERFACE: &str = "org.freedesktop.Secret.Collection";

impl Collection {
    /// Makes the object under the collection's own name.
    pub(super) fn named(shared: &Arc<Shared>, name: String) -> Self {
        Self {
            shared: shared.clone(),
            address: Address::Name(name),
        }
    }

    /// Makes the object under an alias; it follows the alias.
    pub(super) fn aliased(shared: &Arc<Shared>, alias: String) -> Self {
        Self {
            shared: shared.clone(),
            address: Address::Alias(alias),
        }
    }

    /// The collection's own name, as of now.
    fn name(&self, store: &Store) -> Option<String> {
        match &self.address {
            Address::Name(name) => store.collection(name).map(|_| name.clone()),
            Address::Alias(alias) => store.resolve(alias).map(str::to_owned),
        }
    }

    fn gone(&self) -> String {
        match &self.address {
            Address::Name(name) => format!("there is no collection {name} any more"),
            Address::Alias(alias) => format!("there is no collection behind the alias {alias}"),
        }
    }

    fn existing_name(&self) -> Result<String, Refusal> {
        let name = self.shared.with_store(|store| self.name(store));
        name.ok_or_else(|| Refusal::NoSuchObject(self.gone()))
    }

    fn property<T>(&self, body: impl FnOnce(&str, &Drawer) -> T) -> fdo::Result<T> {
        let value = self.shared.with_store(|store| {
            let name = self.name(store)?;
            store.collection(&name).map(|drawer| body(&name, drawer))
        });
        value.ok_or_else(|| fdo::Error::UnknownObject(self.gone()))
    }
}

#[zbus::interface(name = "org.freedesktop.Secret.Collection")]
impl Collection {
    /// Removes the collection and all that is in it. Answers that no prompt is needed.
    async fn delete(
        &self,
        #[zbus(object_server)] server: &ObjectServer,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> Result<OwnedObjectPath, Refusal> {
        let name = self.existing_name()?;
        let items = self
            .shared
            .with_store(|store| store.delete_collection(&name))
            .unwrap_or_default();
        for id in &items {
            server.remove::<Item, _>(paths::item(id)).await?;
        }
        // The objects of its aliases stay and follow the alias, which may be given to another collection.
        let path = paths::collection(&name);
        server.remove::<Self, _>(&path).await?;
        let service = SignalEmitter::new(emitter.connection(), paths::SERVICE)?;
        Service::collection_deleted(&service, path).await?;
        Ok(paths::none())
    }

    /// Finds the items that have all of these attributes.
    async fn search_items(&self, attributes: Attributes) -> Result<Vec<OwnedObjectPath>, Refusal> {
        let name = self.existing_name()?;
        let found = self
            .shared
            .with_store(|store| store.search_in(&name, &attributes));
        Ok(found.iter().map(paths::item).collect())
    }

    /// Stores a secret. Answers its path, and that no prompt is needed.
    #[zbus(out_args("item", "prompt"))]
    async fn create_item(
        &self,
        mut properties: Properties,
        secret: WireSecret,
        replace: bool,
        #[zbus(header)] header: Header<'_>,
        #[zbus(object_server)] server: &ObjectServer,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> Result<(OwnedObjectPath, OwnedObjectPath), Refusal> {
        self.shared.check_session(&secret.session, &header)?;
        let name = self.existing_name()?;
        let now = self.shared.now();
        let item = StoredItem {
            label: wire::label(&mut properties, item::INTERFACE),
            attributes: wire::attributes(&mut properties, item::INTERFACE),
            secret: secret.into(),
            created: now,
            modified: now,
        };
        let stored = self.shared.with_store(|store| match replace {
            true => store.replace(&name, item),
            false => store.add(&name, item),
        });
        // Signals come from the collection's own path, whatever path it was asked under.
        let emitter = SignalEmitter::new(emitter.connection(), paths::collection(&name))?;
        let path = match stored.ok_or_else(|| Refusal::NoSuchObject(self.gone()))? {
            Stored::Created(id) => {
                let path = paths::item(&id);
                server.at(&path, Item::new(&self.shared, id)).await?;
                Self::item_created(&emitter, path.clone()).await?;
                path
            }
            Stored::Replaced(id) => {
                let path = paths::item(&id);
                Self::item_changed(&emitter, path.clone()).await?;
                path
            }
        };
        Ok((path, paths::none()))
    }

    /// Tells that there is a new item.
    #[zbus(signal)]
    pub(super) async fn item_created(
        emitter: &SignalEmitter<'_>,
        item: OwnedObjectPath,
    ) -> zbus::Result<()>;

    /// Tells that an item is gone.
    #[zbus(signal)]
    pub(super) async fn item_deleted(
        emitter: &SignalEmitter<'_>,
        item: OwnedObjectPath,
    ) -> zbus::Result<()>;

    /// Tells that an item is another than it was.
    #[zbus(signal)]
    pub(super) async fn item_changed(
        emitter: &SignalEmitter<'_>,
        item: OwnedObjectPath,
    ) -> zbus::Result<()>;

    /// The items. Changes are told by the three signals above.
    #[zbus(property(emits_changed_signal = "false"))]
    fn items(&self) -> fdo::Result<Vec<OwnedObjectPath>> {
        let found = self.property(|name, _| name.to_owned())?;
        let all = self
            .shared
            .with_store(|store| store.search_in(&found, &Attributes::new()));
        Ok(all.iter().map(paths::item).collect())
    }

    /// What people call the collection.
    #[zbus(property)]
    fn label(&self) -> fdo::Result<String> {
        self.property(|_, drawer| drawer.label.clone())
    }

    /// Renames the collection.
    #[zbus(property)]
    async fn set_label(
        &self,
        label: String,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> zbus::Result<()> {
        let name = self.property(|name, _| name.to_owned())?;
        let now = self.shared.now();
        self.shared.with_store(|store| {
            if let Some(drawer) = store.collection_mut(&name) {
                drawer.label = label;
                drawer.modified = now;
            }
        });
        let service = SignalEmitter::new(emitter.connection(), paths::SERVICE)?;
        Service::collection_changed(&service, paths::collection(&name)).await
    }

    /// Never locked.
    #[zbus(property)]
    fn locked(&self) -> bool {
        false
    }

    /// When the collection was made.
    #[zbus(property(emits_changed_signal = "false"))]
    fn created(&self) -> fdo::Result<u64> {
        self.property(|_, drawer| drawer.created)
    }

    /// When the collection or its set of items was last changed.
    #[zbus(property(emits_changed_signal = "false"))]
    fn modified(&self) -> fdo::Result<u64> {
        self.property(|_, drawer| drawer.modified)
    }
}
