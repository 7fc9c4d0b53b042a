use std::fmt;

/// Whose accounts may sign in: a tenant ID, one of its domains, or a word for many tenants.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tenant(String);

impl Tenant {
    /// Reads a tenant ID, a domain name, `organizations`, `common` or `consumers`.
    ///
    /// # Errors
    ///
    /// When it is empty or has a character that none of these has.
    pub fn parse(text: &str) -> Result<Self, TenantError> {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
        // A URL takes these two for steps between folders, and the tenant would be gone from it.
        let is_step = matches!(text, "." | "..");
        if text.is_empty() || text.len() > 253 || is_step || !text.chars().all(fits) {
            return Err(TenantError(text.chars().take(80).collect()));
        }
        Ok(Self(text.to_ascii_lowercase()))
    }

    /// Any work or school account: what programs use that name no tenant.
    pub fn organizations() -> Self {
        Self("organizations".to_owned())
    }

    /// The tenant as it stands in a URL, in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this stands for many tenants.
    pub fn is_multi_tenant(&self) -> bool {
        matches!(self.as_str(), "organizations" | "common" | "consumers")
    }

    /// Whether it has room for an account that is at home in `home`: `consumers` for personal accounts alone,
    /// `organizations` for all others; every other tenant may have any as its guest.
    pub fn may_have(&self, home: &str) -> bool {
        /// The tenant of all personal accounts.
        const CONSUMERS: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";
        let is_personal = home.eq_ignore_ascii_case(CONSUMERS);
        match self.as_str() {
            "consumers" => is_personal,
            "organizations" => !is_personal,
            _ => true,
        }
    }

    /// Whether this is a tenant's ID.
    pub fn is_id(&self) -> bool {
        azure_core::Uuid::parse_str(&self.0).is_ok()
    }
}

impl fmt::Display for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text that is no tenant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{0}' is no tenant: give a tenant ID, a domain name, 'organizations', 'common' or 'consumers'"
)]
pub struct TenantError(String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn personal_accounts_are_apart_from_those_of_organizations() {
        const PERSONAL: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";
        const WORK: &str = "72f9a1c4-6d0b-4e53-9c1e-0d5a4b7c2e10";
        for (tenant, personal, work) in [
            ("consumers", true, false),
            ("organizations", false, true),
            ("common", true, true),
            ("contoso.example", true, true),
        ] {
            let tenant = Tenant::parse(tenant).unwrap();
            assert_eq!(tenant.may_have(PERSONAL), personal, "{tenant}");
            assert_eq!(tenant.may_have(WORK), work, "{tenant}");
        }
    }

    #[test]
    fn what_a_path_would_not_keep_is_no_tenant() {
        for text in ["", ".", "..", "a/b", "a b", "%2e"] {
            assert!(Tenant::parse(text).is_err(), "{text}");
        }
        assert_eq!(
            Tenant::parse("..").unwrap_err().to_string(),
            "'..' is no tenant: give a tenant ID, a domain name, 'organizations', 'common' or 'consumers'"
        );
    }
}
