//! What the encrypted file hides: every grant, as JSON.

use super::{
    StoredGrant,
    key_source::KeySecret,
    record::Record,
    sealed::{self, SealError, StoreKey},
};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// The grants in the bytes of a file; as [`sealed::open`] with the key.
pub(super) fn open(
    sealed: &[u8],
    secret: &KeySecret,
    known: &mut Option<StoreKey>,
) -> Result<Vec<StoredGrant>, SealError> {
    let content = sealed::open(sealed, secret, known)?;
    let content: Option<Content> = serde_json::from_slice(&content).ok();
    content
        .and_then(|content| content.grants.into_iter().map(Record::into_grant).collect())
        .ok_or(SealError::Damaged)
}

/// The bytes of a file with these grants.
pub(super) fn seal(grants: &[StoredGrant], key: &StoreKey) -> Result<Vec<u8>, SealError> {
    let content = Content {
        grants: grants.iter().map(Record::of).collect(),
    };
    let json = Zeroizing::new(serde_json::to_vec(&content).map_err(|_| SealError::System)?);
    key.seal(&json)
}

#[derive(Serialize, Deserialize)]
struct Content {
    grants: Vec<Record>,
}
