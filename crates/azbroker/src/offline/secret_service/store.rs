//! What the secret service keeps. Knows nothing of the bus.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use zeroize::Zeroizing;

/// What an item is found by.
pub(super) type Attributes = HashMap<String, String>;

/// All collections and their aliases.
#[derive(Debug)]
pub(super) struct Store {
    collections: BTreeMap<String, Drawer>,
    aliases: BTreeMap<String, String>,
    made: u64,
}

/// A collection and its items, by number, so that they are in the order they were made.
#[derive(Debug)]
pub(super) struct Drawer {
    /// What people call it.
    pub(super) label: String,
    /// Its items.
    pub(super) items: BTreeMap<u64, StoredItem>,
    /// When it was made, in seconds since 1970.
    pub(super) created: u64,
    /// When it or its set of items was last changed, in seconds since 1970.
    pub(super) modified: u64,
}

/// An item.
#[derive(Debug)]
pub(super) struct StoredItem {
    /// What people call it.
    pub(super) label: String,
    /// What it is found by.
    pub(super) attributes: Attributes,
    /// What it keeps.
    pub(super) secret: StoredSecret,
    /// When it was made, in seconds since 1970.
    pub(super) created: u64,
    /// When it was last changed, in seconds since 1970.
    pub(super) modified: u64,
}

/// A secret at rest: wiped when dropped, never shown.
#[derive(Clone)]
pub(super) struct StoredSecret {
    /// The secret itself.
    pub(super) value: Zeroizing<Vec<u8>>,
    /// What the client says it is, as a MIME type.
    pub(super) content_type: String,
}

/// Names an item for good: numbers are not used twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ItemId {
    /// The collection's name.
    pub(super) collection: String,
    /// The item's number.
    pub(super) number: u64,
}

/// What became of an item that was stored.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stored {
    /// It is new.
    Created(ItemId),
    /// It took the place of one with the same attributes.
    Replaced(ItemId),
}

impl Store {
    /// Makes a store with the one collection that clients count on, empty.
    pub(super) fn new(now: u64) -> Self {
        let mut store = Self {
            collections: BTreeMap::new(),
            aliases: BTreeMap::new(),
            made: 0,
        };
        store
            .collections
            .insert(LOGIN.to_owned(), Drawer::new("Login".to_owned(), now));
        for alias in ALIASES {
            store.aliases.insert(alias.to_owned(), LOGIN.to_owned());
        }
        store
    }

    /// Names all collections.
    pub(super) fn collections(&self) -> Vec<String> {
        self.collections.keys().cloned().collect()
    }

    /// Names all aliases.
    pub(super) fn aliases(&self) -> Vec<String> {
        self.aliases.keys().cloned().collect()
    }

    /// The name of the collection behind an alias.
    pub(super) fn resolve(&self, alias: &str) -> Option<&str> {
        self.aliases.get(alias).map(String::as_str)
    }

    /// Points an alias at a collection, or at nothing.
    pub(super) fn set_alias(&mut self, alias: &str, collection: Option<&str>) {
        match collection {
            Some(collection) => self.aliases.insert(alias.to_owned(), collection.to_owned()),
            None => self.aliases.remove(alias),
        };
    }

    /// Makes a collection and names it.
    pub(super) fn create_collection(&mut self, label: String, now: u64) -> String {
        self.made += 1;
        let name = format!("c{}", self.made);
        self.collections
            .insert(name.clone(), Drawer::new(label, now));
        name
    }

    /// Removes a collection with its items and aliases, and names the items that went with it.
    pub(super) fn delete_collection(&mut self, name: &str) -> Option<Vec<ItemId>> {
        let gone = self.collections.remove(name)?;
        self.aliases.retain(|_, collection| collection != name);
        Some(
            gone.items
                .keys()
                .map(|number| ItemId {
                    collection: name.to_owned(),
                    number: *number,
                })
                .collect(),
        )
    }

    /// A collection.
    pub(super) fn collection(&self, name: &str) -> Option<&Drawer> {
        self.collections.get(name)
    }

    /// A collection, to change it.
    pub(super) fn collection_mut(&mut self, name: &str) -> Option<&mut Drawer> {
        self.collections.get_mut(name)
    }

    /// An item.
    pub(super) fn item(&self, id: &ItemId) -> Option<&StoredItem> {
        self.collection(&id.collection)?.items.get(&id.number)
    }

    /// An item, to change it.
    pub(super) fn item_mut(&mut self, id: &ItemId) -> Option<&mut StoredItem> {
        self.collection_mut(&id.collection)?
            .items
            .get_mut(&id.number)
    }

    /// Stores an item beside all others. `None` if there is no such collection.
    pub(super) fn add(&mut self, collection: &str, item: StoredItem) -> Option<Stored> {
        let drawer = self.collections.get_mut(collection)?;
        self.made += 1;
        drawer.modified = item.modified;
        drawer.items.insert(self.made, item);
        Some(Stored::Created(ItemId {
            collection: collection.to_owned(),
            number: self.made,
        }))
    }

    /// Stores an item in place of the one with exactly the same attributes, or beside all others.
    pub(super) fn replace(&mut self, collection: &str, item: StoredItem) -> Option<Stored> {
        let drawer = self.collections.get_mut(collection)?;
        let same = drawer
            .items
            .iter_mut()
            .find(|(_, old)| old.attributes == item.attributes);
        let Some((number, old)) = same else {
            return self.add(collection, item);
        };
        *old = StoredItem {
            created: old.created,
            ..item
        };
        Some(Stored::Replaced(ItemId {
            collection: collection.to_owned(),
            number: *number,
        }))
    }

    /// Removes an item; false if it was gone already.
    pub(super) fn delete(&mut self, id: &ItemId, now: u64) -> bool {
        let Some(drawer) = self.collections.get_mut(&id.collection) else {
            return false;
        };
        let gone = drawer.items.remove(&id.number).is_some();
        if gone {
            drawer.modified = now;
        }
        gone
    }

    /// Finds the items of all collections which have all of `wanted` among their attributes.
    pub(super) fn search(&self, wanted: &Attributes) -> Vec<ItemId> {
        self.collections
            .keys()
            .flat_map(|name| self.search_in(name, wanted))
            .collect()
    }

    /// Finds the items of one collection which have all of `wanted` among their attributes.
    pub(super) fn search_in(&self, collection: &str, wanted: &Attributes) -> Vec<ItemId> {
        let items = self
            .collection(collection)
            .into_iter()
            .flat_map(|drawer| &drawer.items);
        items
            .filter(|(_, item)| {
                wanted
                    .iter()
                    .all(|(key, value)| item.attributes.get(key) == Some(value))
            })
            .map(|(number, _)| ItemId {
                collection: collection.to_owned(),
                number: *number,
            })
            .collect()
    }
}

impl Drawer {
    fn new(label: String, now: u64) -> Self {
        Self {
            label,
            items: BTreeMap::new(),
            created: now,
            modified: now,
        }
    }
}

impl fmt::Debug for StoredSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StoredSecret")
    }
}

/// The one collection there is at first.
const LOGIN: &str = "login";

/// Under what the first collection is asked for: `login` by Microsoft's runtime, `default` by almost everybody,
/// `session` by those who want no file, which is all that this service has.
const ALIASES: [&str; 3] = ["default", "login", "session"];
