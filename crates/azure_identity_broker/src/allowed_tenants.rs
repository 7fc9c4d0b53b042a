use crate::{Error, ErrorKind, Result};
use azbroker_entra::Tenant;

/// The tenants that a credential may be asked for.
///
/// A challenge names the tenant it wants, and whoever runs the resource writes the challenge: without a list
/// a foreign resource could have the user's tokens issued by a tenant of its own choice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AllowedTenants {
    own: Tenant,
    further: Further,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Further {
    All,
    These(Vec<Tenant>),
    /// Multi-tenant authentication is turned off: what a request names is passed over.
    Ignored,
}

impl AllowedTenants {
    /// `*` among the further ones allows them all; so does a credential that is of no tenant by itself.
    pub(crate) fn parse(own: Tenant, named: Named, further: &[String]) -> Result<Self> {
        let further = match named {
            Named::NoTenant => Further::All,
            Named::Tenant if further.iter().any(|tenant| tenant == "*") => Further::All,
            Named::Tenant => Further::These(
                further
                    .iter()
                    .map(|tenant| Tenant::parse(tenant))
                    .collect::<std::result::Result<_, _>>()
                    .map_err(|error| Error::new(ErrorKind::InvalidRequest, error.to_string()))?,
            ),
        };
        Ok(Self { own, further })
    }

    /// Has the credential keep to its own tenant, whatever a request names.
    pub(crate) fn without_others(self) -> Self {
        Self {
            further: Further::Ignored,
            ..self
        }
    }

    /// The tenant for a request that names one or none.
    pub(crate) fn choose(&self, asked: Option<&str>) -> Result<Tenant> {
        let Some(asked) = asked else {
            return Ok(self.own.clone());
        };
        let asked = Tenant::parse(asked)
            .map_err(|error| Error::new(ErrorKind::InvalidRequest, error.to_string()))?;
        let allowed = match &self.further {
            Further::Ignored => return Ok(self.own.clone()),
            Further::All => true,
            Further::These(these) => these.contains(&asked),
        };
        if allowed || asked == self.own {
            return Ok(asked);
        }
        Err(Error::new(
            ErrorKind::InvalidRequest,
            format!("the credential may not acquire tokens of tenant {asked}"),
        )
        .with_next_step(format!(
            "add {asked} to `additionally_allowed_tenants`, or \"*\" for every tenant"
        )))
    }
}

/// Whether a credential was made for a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Named {
    Tenant,
    NoTenant,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(named: Named, further: &[&str]) -> AllowedTenants {
        let further: Vec<_> = further.iter().map(|&tenant| tenant.to_owned()).collect();
        let own = Tenant::parse("home.example").unwrap();
        AllowedTenants::parse(own, named, &further).unwrap()
    }

    fn chosen(allowed: &AllowedTenants, asked: &str) -> Option<String> {
        let tenant = allowed.choose(Some(asked)).ok()?;
        Some(tenant.as_str().to_owned())
    }

    #[test]
    fn only_allowed_tenants_are_asked() {
        let one = allowed(Named::Tenant, &["Guest.example"]);
        assert_eq!(one.choose(None).unwrap().as_str(), "home.example");
        assert_eq!(chosen(&one, "HOME.example").unwrap(), "home.example");
        assert_eq!(chosen(&one, "guest.example").unwrap(), "guest.example");
        assert_eq!(chosen(&one, "other.example"), None);
        for all in [
            allowed(Named::Tenant, &["*"]),
            allowed(Named::NoTenant, &[]),
        ] {
            assert_eq!(chosen(&all, "other.example").unwrap(), "other.example");
        }
    }

    #[test]
    fn a_credential_that_keeps_to_its_tenant_passes_over_what_requests_name() {
        let alone = allowed(Named::Tenant, &["*"]).without_others();
        assert_eq!(chosen(&alone, "other.example").unwrap(), "home.example");
    }

    #[test]
    fn a_wrong_tenant_is_named() {
        let own = Tenant::parse("home.example").unwrap();
        let further = ["two words".to_owned()];
        let error = AllowedTenants::parse(own, Named::Tenant, &further).unwrap_err();
        assert!(error.to_string().contains("'two words' is no tenant"));
    }

    #[test]
    fn a_tenant_that_is_not_allowed_says_how_to_allow_it() {
        let error = allowed(Named::Tenant, &[])
            .choose(Some("evil.example"))
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "the credential may not acquire tokens of tenant evil.example"
        );
        assert_eq!(
            error.next_step(),
            Some("add evil.example to `additionally_allowed_tenants`, or \"*\" for every tenant")
        );
    }
}
