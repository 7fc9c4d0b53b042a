//! `Debug` for the parts of a world that hold secrets.

use std::fmt::{Debug, Formatter, Result};

use super::{User, Vault};

impl Debug for User {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.debug_struct("User")
            .field("username", &self.username)
            .field("name", &self.name)
            .field("object_id", &self.object_id)
            .finish_non_exhaustive()
    }
}

impl Debug for Vault {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.debug_struct("Vault")
            .field("name", &self.name)
            .field("tenant", &self.tenant)
            .field("secrets", &self.secrets.keys())
            .field("roles", &self.roles)
            .finish()
    }
}
