//! What travels between the secret service and its clients.
//!
//! Our copies of a secret are wiped; the buffers of the D-Bus library, which held it under way, are not ours to wipe.

use std::collections::HashMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use zbus::zvariant::{OwnedObjectPath, OwnedValue, Type};
use zeroize::Zeroizing;

use super::store::{Attributes, StoredSecret};

/// A secret under way, in the form of a plain session.
#[derive(Serialize, Deserialize, Type)]
pub(super) struct WireSecret {
    /// The session it is meant for.
    pub(super) session: OwnedObjectPath,
    /// The initialisation vector of an encrypted session; empty in a plain one.
    parameters: Vec<u8>,
    value: Vec<u8>,
    content_type: String,
}

impl WireSecret {
    /// Puts a secret in the form of a plain session.
    pub(super) fn plain(session: OwnedObjectPath, secret: &StoredSecret) -> Self {
        let value = secret.value.to_vec();
        Self {
            session,
            parameters: Vec::new(),
            value,
            content_type: secret.content_type.clone(),
        }
    }
}

impl From<WireSecret> for StoredSecret {
    fn from(mut wire: WireSecret) -> Self {
        let value = Zeroizing::new(std::mem::take(&mut wire.value));
        Self {
            value,
            content_type: std::mem::take(&mut wire.content_type),
        }
    }
}

impl Drop for WireSecret {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.value);
    }
}

impl fmt::Debug for WireSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WireSecret")
    }
}

/// The properties a client gives a new collection or item.
pub(super) type Properties = HashMap<String, OwnedValue>;

/// The label among `properties`, empty if there is none.
pub(super) fn label(properties: &mut Properties, interface: &str) -> String {
    let value = properties.remove(&format!("{interface}.Label"));
    value
        .and_then(|value| value.try_into().ok())
        .unwrap_or_default()
}

/// The attributes among `properties`, empty if there are none.
pub(super) fn attributes(properties: &mut Properties, interface: &str) -> Attributes {
    let value = properties.remove(&format!("{interface}.Attributes"));
    value
        .and_then(|value| value.try_into().ok())
        .unwrap_or_default()
}
