//! `org.freedesktop.Secret.Item`: one secret and what it is found by.

use std::sync::Arc;

use zbus::fdo;
use zbus::message::Header;
use zbus::object_server::{ObjectServer, SignalEmitter};
use zbus::zvariant::OwnedObjectPath;

use super::collection::Collection;
use super::paths;
use super::refusal::Refusal;
use super::shared::Shared;
use super::store::{Attributes, ItemId, StoredItem};
use super::wire::WireSecret;

/// The object of an item.
#[derive(Debug)]
pub(super) struct Item {
    shared: Arc<Shared>,
    id: ItemId,
}

/// The interface's name, which is also the prefix of the properties of a new item.
pub(super) const INTERFACE: &str = "org.freedesktop.Secret.Item";

impl Item {
    /// Makes the object of an item.
    pub(super) fn new(shared: &Arc<Shared>, id: ItemId) -> Self {
        Self {
            shared: shared.clone(),
            id,
        }
    }

    fn gone(&self) -> String {
        format!("there is no item {} any more", paths::item(&self.id))
    }

    fn read<T>(&self, body: impl FnOnce(&StoredItem) -> T) -> Result<T, Refusal> {
        let read = self
            .shared
            .with_store(|store| store.item(&self.id).map(body));
        read.ok_or_else(|| Refusal::NoSuchObject(self.gone()))
    }

    fn property<T>(&self, body: impl FnOnce(&StoredItem) -> T) -> fdo::Result<T> {
        self.read(body)
            .map_err(|_| fdo::Error::UnknownObject(self.gone()))
    }

    fn change(&self, body: impl FnOnce(&mut StoredItem)) -> Result<(), Refusal> {
        let now = self.shared.now();
        let changed = self.shared.with_store(|store| {
            store.item_mut(&self.id).map(|item| {
                body(item);
                item.modified = now;
            })
        });
        changed.ok_or_else(|| Refusal::NoSuchObject(self.gone()))
    }

    /// Tells the clients that watch the collection.
    async fn announce_change(&self, emitter: &SignalEmitter<'_>) -> zbus::Result<()> {
        let collection =
            SignalEmitter::new(emitter.connection(), paths::collection(&self.id.collection))?;
        Collection::item_changed(&collection, paths::item(&self.id)).await
    }
}

#[zbus::interface(name = "org.freedesktop.Secret.Item")]
impl Item {
    /// Removes the item. Answers that no prompt is needed.
    async fn delete(
        &self,
        #[zbus(object_server)] server: &ObjectServer,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> Result<OwnedObjectPath, Refusal> {
        let now = self.shared.now();
        if !self.shared.with_store(|store| store.delete(&self.id, now)) {
            return Err(Refusal::NoSuchObject(self.gone()));
        }
        let path = paths::item(&self.id);
        server.remove::<Self, _>(&path).await?;
        let collection =
            SignalEmitter::new(emitter.connection(), paths::collection(&self.id.collection))?;
        Collection::item_deleted(&collection, path).await?;
        Ok(paths::none())
    }

    /// Sends the secret.
    async fn get_secret(
        &self,
        session: OwnedObjectPath,
        #[zbus(header)] header: Header<'_>,
    ) -> Result<(WireSecret,), Refusal> {
        self.shared.check_session(&session, &header)?;
        // A tuple of one: the signature is `(oayays)`, and without it would be four arguments.
        Ok((self.read(|item| WireSecret::plain(session, &item.secret))?,))
    }

    /// Takes another secret.
    async fn set_secret(
        &self,
        secret: WireSecret,
        #[zbus(header)] header: Header<'_>,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> Result<(), Refusal> {
        self.shared.check_session(&secret.session, &header)?;
        self.change(|item| item.secret = secret.into())?;
        Ok(self.announce_change(&emitter).await?)
    }

    /// Never locked.
    #[zbus(property)]
    fn locked(&self) -> bool {
        false
    }

    /// What the item is found by.
    #[zbus(property)]
    fn attributes(&self) -> fdo::Result<Attributes> {
        self.property(|item| item.attributes.clone())
    }

    /// Changes what the item is found by.
    #[zbus(property)]
    async fn set_attributes(
        &self,
        attributes: Attributes,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> zbus::Result<()> {
        self.change(|item| item.attributes = attributes)
            .map_err(|_| fdo::Error::UnknownObject(self.gone()))?;
        self.announce_change(&emitter).await
    }

    /// What people call the item.
    #[zbus(property)]
    fn label(&self) -> fdo::Result<String> {
        self.property(|item| item.label.clone())
    }

    /// Renames the item.
    #[zbus(property)]
    async fn set_label(
        &self,
        label: String,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> zbus::Result<()> {
        self.change(|item| item.label = label)
            .map_err(|_| fdo::Error::UnknownObject(self.gone()))?;
        self.announce_change(&emitter).await
    }

    /// When the item was made.
    #[zbus(property(emits_changed_signal = "false"))]
    fn created(&self) -> fdo::Result<u64> {
        self.property(|item| item.created)
    }

    /// When the item was last changed.
    #[zbus(property(emits_changed_signal = "false"))]
    fn modified(&self) -> fdo::Result<u64> {
        self.property(|item| item.modified)
    }
}
