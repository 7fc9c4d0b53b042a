//! Secrets as JSON.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Site, VaultRefusal,
    store::{Changes, Deletion, RECOVERABLE_DAYS, Secret, Version},
};

/// The body of a request that sets a secret or changes one.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SecretBody {
    pub(super) value: Option<String>,
    content_type: Option<String>,
    tags: Option<BTreeMap<String, String>>,
    attributes: Option<Attributes>,
}

#[derive(Default, Deserialize)]
struct Attributes {
    enabled: Option<bool>,
    nbf: Option<i64>,
    exp: Option<i64>,
}

impl SecretBody {
    pub(super) fn parse(body: &[u8]) -> Result<Self, VaultRefusal> {
        // Why it does not parse is not said: the text of the error may hold the secret.
        let body: Self = serde_json::from_slice(body).map_err(|_| {
            VaultRefusal::bad_parameter("The request body is not the JSON of a secret.")
        })?;
        if body
            .value
            .as_ref()
            .is_some_and(|value| value.len() > LARGEST_VALUE)
        {
            return Err(VaultRefusal::bad_parameter(
                "The secret value must not be larger than 25k bytes.",
            ));
        }
        let tags = body.tags.iter().flatten();
        if tags.clone().count() > MOST_TAGS
            || tags
                .clone()
                .any(|(name, value)| name.len() > 256 || value.len() > 256)
        {
            return Err(VaultRefusal::bad_parameter(
                "A secret has at most 15 tags, with names and values of at most 256 characters.",
            ));
        }
        Ok(body)
    }

    pub(super) fn changes(self) -> Changes {
        let attributes = self.attributes.unwrap_or_default();
        Changes {
            content_type: self.content_type,
            tags: self.tags,
            enabled: attributes.enabled,
            not_before: attributes.nbf,
            expires: attributes.exp,
        }
    }
}

/// A version with its value.
pub(super) fn bundle(site: &Site, name: &str, version: &Version) -> Value {
    let mut bundle = bundle_without_value(site, name, version);
    bundle["value"] = json!(version.value);
    bundle
}

/// A version as updates answer it, and as lists of versions hold it.
pub(super) fn bundle_without_value(site: &Site, name: &str, version: &Version) -> Value {
    describe(
        format!("{}/secrets/{name}/{}", site.url(), version.id),
        version,
    )
}

/// A secret as lists hold it: its latest version, with the ID of the secret.
pub(super) fn item(site: &Site, secret: &Secret) -> Value {
    describe(
        format!("{}/secrets/{}", site.url(), secret.name),
        secret.latest(),
    )
}

/// A deleted secret.
pub(super) fn deleted_bundle(site: &Site, secret: &Secret) -> Value {
    with_deletion(
        bundle_without_value(site, &secret.name, secret.latest()),
        site,
        secret,
    )
}

/// A deleted secret as lists hold it.
pub(super) fn deleted_item(site: &Site, secret: &Secret) -> Value {
    with_deletion(item(site, secret), site, secret)
}

fn describe(id: String, version: &Version) -> Value {
    let properties = &version.properties;
    let mut bundle = json!({
        "id": id,
        "attributes": {
            "enabled": properties.enabled,
            "created": version.created,
            "updated": version.updated,
            "recoveryLevel": "Recoverable+Purgeable",
            "recoverableDays": RECOVERABLE_DAYS,
        },
    });
    // What is not set is left out; `null` would be a value.
    if let Some(not_before) = properties.not_before {
        bundle["attributes"]["nbf"] = json!(not_before);
    }
    if let Some(expires) = properties.expires {
        bundle["attributes"]["exp"] = json!(expires);
    }
    if let Some(content_type) = &properties.content_type {
        bundle["contentType"] = json!(content_type);
    }
    if let Some(tags) = &properties.tags {
        bundle["tags"] = json!(tags);
    }
    bundle
}

fn with_deletion(mut bundle: Value, site: &Site, secret: &Secret) -> Value {
    if let Some(Deletion {
        deleted,
        scheduled_purge,
    }) = secret.deletion
    {
        bundle["recoveryId"] = json!(format!("{}/deletedsecrets/{}", site.url(), secret.name));
        bundle["deletedDate"] = json!(deleted);
        bundle["scheduledPurgeDate"] = json!(scheduled_purge);
    }
    bundle
}

const LARGEST_VALUE: usize = 25 * 1024;
const MOST_TAGS: usize = 15;
