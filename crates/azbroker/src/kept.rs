//! What the broker's words on its stores mean.

use azure_identity_broker::PassedOverStore;

/// Whether it is an encrypted file that was set up and is of no use: not one without a key.
pub(crate) fn cannot_be_read(store: &PassedOverStore) -> bool {
    store.store == "file" && !store.reason.starts_with("there is no ")
}
