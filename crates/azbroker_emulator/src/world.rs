//! Who and what exists in the emulated cloud.

mod check;
mod debug;
pub mod default_world;
mod error;
mod secret_text;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub(crate) use check::is_secret_name;
pub use error::WorldError;

/// Everything the emulated cloud knows when it starts.
///
/// [`World::default`] has one tenant with three users and a vault, see [`default_world`]. A file holds the same
/// as JSON, with the names of these fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct World {
    /// Directories, each with its people and applications.
    pub tenants: Vec<Tenant>,
    /// Key Vaults, each at `https://<name>.vault.azure.net`.
    #[serde(default)]
    pub vaults: Vec<Vault>,
    /// How far the emulator's clock is ahead of this machine's, or behind if negative.
    #[serde(default)]
    pub clock_offset_seconds: i64,
    /// How long access tokens are good for.
    #[serde(default = "default_access_token_lifetime_seconds")]
    pub access_token_lifetime_seconds: u32,
}

impl World {
    /// Reads a world from JSON and checks it.
    ///
    /// # Errors
    ///
    /// [`WorldError`] names the line or the field, and what is wrong with it.
    pub fn from_json(json: &str) -> Result<Self, WorldError> {
        let world: Self =
            serde_json::from_str(json).map_err(|error| WorldError::from_json(&error))?;
        world.check()?;
        Ok(world)
    }

    /// Checks what the types cannot: that names are well-formed, unique and known.
    ///
    /// # Errors
    ///
    /// [`WorldError::Invalid`] for the first field that is wrong.
    pub fn check(&self) -> Result<(), WorldError> {
        check::world(self)
    }
}

impl Default for World {
    fn default() -> Self {
        default_world::world()
    }
}

/// A directory of people and applications.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tenant {
    /// The tenant ID, a GUID.
    pub id: String,
    /// The domain that stands for the tenant in URLs.
    pub domain: String,
    /// The name on the sign-in pages.
    pub name: String,
    /// The people who can sign in.
    #[serde(default)]
    pub users: Vec<User>,
    /// The applications that can ask for tokens.
    #[serde(default)]
    pub applications: Vec<Application>,
}

/// A person who can sign in.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// What the person types, such as `ada@contoso.example`; unique in the world.
    pub username: String,
    /// The password the sign-in page wants.
    #[serde(deserialize_with = "secret_text::one")]
    pub password: String,
    /// The name shown.
    pub name: String,
    /// The object ID, a GUID unique in the world.
    pub object_id: String,
}

/// The registration of a public client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Application {
    /// The client ID, a GUID.
    pub client_id: String,
    /// The name on the consent page.
    pub name: String,
    /// Where answers may go. The port of `http://localhost` and `http://127.0.0.1` does not count.
    #[serde(default)]
    pub redirect_uris: Vec<String>,
    /// Whether people must agree first.
    #[serde(default)]
    pub consent: Consent,
}

/// Whether an application needs the agreement of each user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Consent {
    /// The consent page is shown once to each user.
    #[default]
    Asked,
    /// An administrator agreed for everybody, no page is shown.
    Granted,
}

/// A Key Vault.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vault {
    /// The first label of the vault's host.
    pub name: String,
    /// The tenant whose tokens the vault accepts, by ID or domain.
    pub tenant: String,
    /// The secrets in it at the start, value by name.
    #[serde(default, deserialize_with = "secret_text::map")]
    pub secrets: BTreeMap<String, String>,
    /// What each user of the tenant may do, by username. Nobody else may do anything.
    #[serde(default)]
    pub roles: BTreeMap<String, Role>,
}

/// What a user may do in a vault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Role {
    /// Reads and lists secrets (Key Vault Secrets User).
    Reader,
    /// Also writes, deletes, recovers and purges them (Key Vault Secrets Officer).
    Officer,
}

fn default_access_token_lifetime_seconds() -> u32 {
    DEFAULT_ACCESS_TOKEN_LIFETIME_SECONDS
}

const DEFAULT_ACCESS_TOKEN_LIFETIME_SECONDS: u32 = 3599;
