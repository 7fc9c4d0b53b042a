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

    /// Whether it is the one of all personal accounts, by its word or by its ID.
    pub fn is_personal(&self) -> bool {
        matches!(self.as_str(), "consumers" | CONSUMERS)
    }

    /// Whether it has room for an account that is at home in `home`: that of personal accounts for these alone. Every other
    /// tenant may have any as its guest, and `organizations` lets personal ones pass through to some applications.
    pub fn may_have(&self, home: &str) -> bool {
        !self.is_personal() || home.eq_ignore_ascii_case(CONSUMERS)
    }

    /// Whether an account that is at home in `home` is rather meant by it than another one: by `organizations` no personal
    /// one.
    pub fn means(&self, home: &str) -> bool {
        match self.as_str() {
            "organizations" => !home.eq_ignore_ascii_case(CONSUMERS),
            _ => self.may_have(home),
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

/// The tenant of all personal accounts.
const CONSUMERS: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

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
        const WORK: &str = "72f9a1c4-6d0b-4e53-9c1e-0d5a4b7c2e10";
        for (tenant, may_have, means) in [
            ("consumers", [true, false], [true, false]),
            (CONSUMERS, [true, false], [true, false]),
            ("organizations", [true, true], [false, true]),
            ("common", [true, true], [true, true]),
            ("contoso.example", [true, true], [true, true]),
        ] {
            let tenant = Tenant::parse(tenant).unwrap();
            let homes = [CONSUMERS, WORK];
            assert_eq!(
                homes.map(|home| tenant.may_have(home)),
                may_have,
                "{tenant}"
            );
            assert_eq!(homes.map(|home| tenant.means(home)), means, "{tenant}");
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
