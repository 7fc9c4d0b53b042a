//! The tenant in the path of a URL.

use crate::{
    cloud::{Account, Cloud, application_in},
    entra::Refusal,
    world::Application,
};

/// Who may sign in at an authority.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Authority {
    /// The users of one tenant, by its place in the world.
    Tenant(usize),
    /// The users of every tenant; the name in the path is `organizations` or `common`.
    AnyTenant(String),
}

impl Authority {
    pub(super) fn parse(cloud: &Cloud, segment: &str) -> Result<Self, Refusal> {
        let any = segment.to_ascii_lowercase();
        if any == "organizations" || any == "common" {
            return Ok(Self::AnyTenant(any));
        }
        cloud.tenant_named(segment).map(Self::Tenant).ok_or_else(|| {
            let message = format!(
                "Tenant '{segment}' not found. Check that the tenant ID is right and belongs to the right cloud."
            );
            Refusal::bad_request("invalid_tenant", 90_002, message)
        })
    }

    /// The segment as the service itself writes it.
    pub(super) fn segment<'a>(&'a self, cloud: &'a Cloud) -> &'a str {
        match self {
            Self::Tenant(tenant) => &cloud.world.tenants[*tenant].id,
            Self::AnyTenant(name) => name,
        }
    }

    pub(super) fn admits(&self, account: Account) -> bool {
        match self {
            Self::Tenant(tenant) => *tenant == account.tenant,
            Self::AnyTenant(_) => true,
        }
    }

    pub(super) fn account(&self, cloud: &Cloud, username: &str) -> Option<Account> {
        let username = username.trim().to_lowercase();
        let account = cloud.account_where(|_, user| user.username.to_lowercase() == username)?;
        self.admits(account).then_some(account)
    }

    /// The application before it is known who signs in.
    pub(super) fn application<'a>(
        &self,
        cloud: &'a Cloud,
        client_id: &str,
    ) -> Result<&'a Application, Refusal> {
        let found = match self {
            Self::Tenant(tenant) => application_in(&cloud.world.tenants[*tenant], client_id),
            Self::AnyTenant(_) => cloud
                .world
                .tenants
                .iter()
                .find_map(|tenant| application_in(tenant, client_id)),
        };
        found.ok_or_else(|| {
            let directory = match self {
                Self::Tenant(tenant) => &cloud.world.tenants[*tenant].name,
                Self::AnyTenant(name) => name,
            };
            Refusal::unknown_application(client_id, directory)
        })
    }
}
