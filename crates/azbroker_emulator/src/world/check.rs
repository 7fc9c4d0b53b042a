//! The rules of a world that its types cannot keep.

use std::collections::HashSet;

use url::Url;
use uuid::Uuid;

use super::{Tenant, Vault, World, WorldError};

type Result<T = ()> = std::result::Result<T, WorldError>;

pub(super) fn world(world: &World) -> Result {
    if world.tenants.is_empty() {
        return Err(WorldError::invalid("tenants", "at least one is needed"));
    }
    if !(1..=LONGEST_TOKEN_LIFETIME).contains(&world.access_token_lifetime_seconds) {
        return Err(WorldError::invalid(
            "access_token_lifetime_seconds",
            format!("must be from 1 to {LONGEST_TOKEN_LIFETIME}"),
        ));
    }
    if world.clock_offset_seconds.unsigned_abs() > LARGEST_CLOCK_OFFSET {
        return Err(WorldError::invalid(
            "clock_offset_seconds",
            "must be within ten years",
        ));
    }
    let mut seen = Seen::default();
    for (index, tenant) in world.tenants.iter().enumerate() {
        check_tenant(&format!("tenants[{index}]"), tenant, &mut seen)?;
    }
    for (index, vault) in world.vaults.iter().enumerate() {
        check_vault(
            &format!("vaults[{index}]"),
            vault,
            &world.tenants,
            &mut seen,
        )?;
    }
    Ok(())
}

/// Values that may stand once in the world, in lower case.
#[derive(Default)]
struct Seen {
    tenants: HashSet<String>,
    usernames: HashSet<String>,
    object_ids: HashSet<String>,
    vaults: HashSet<String>,
}

fn check_tenant(at: &str, tenant: &Tenant, seen: &mut Seen) -> Result {
    guid(format!("{at}.id"), &tenant.id)?;
    once(&mut seen.tenants, format!("{at}.id"), "tenant", &tenant.id)?;
    if !is_host(&tenant.domain) || !tenant.domain.contains('.') {
        return Err(WorldError::invalid(
            format!("{at}.domain"),
            format!(
                "`{}` is not a domain such as contoso.example",
                tenant.domain
            ),
        ));
    }
    once(
        &mut seen.tenants,
        format!("{at}.domain"),
        "tenant",
        &tenant.domain,
    )?;
    not_blank(format!("{at}.name"), &tenant.name)?;
    for (index, user) in tenant.users.iter().enumerate() {
        let at = format!("{at}.users[{index}]");
        let well_formed = user
            .username
            .split_once('@')
            .is_some_and(|(local, domain)| {
                !local.is_empty()
                    && !local.contains(|c: char| c.is_whitespace() || c.is_control())
                    && is_host(domain)
            });
        if !well_formed {
            return Err(WorldError::invalid(
                format!("{at}.username"),
                format!(
                    "`{}` is not a username such as ada@contoso.example",
                    user.username
                ),
            ));
        }
        once(
            &mut seen.usernames,
            format!("{at}.username"),
            "user",
            &user.username,
        )?;
        if user.password.is_empty() {
            return Err(WorldError::invalid(
                format!("{at}.password"),
                "must not be empty",
            ));
        }
        not_blank(format!("{at}.name"), &user.name)?;
        guid(format!("{at}.object_id"), &user.object_id)?;
        once(
            &mut seen.object_ids,
            format!("{at}.object_id"),
            "object ID",
            &user.object_id,
        )?;
    }
    let mut client_ids = HashSet::new();
    for (index, application) in tenant.applications.iter().enumerate() {
        let at = format!("{at}.applications[{index}]");
        guid(format!("{at}.client_id"), &application.client_id)?;
        once(
            &mut client_ids,
            format!("{at}.client_id"),
            "application",
            &application.client_id,
        )?;
        not_blank(format!("{at}.name"), &application.name)?;
        for (index, uri) in application.redirect_uris.iter().enumerate() {
            if !Url::parse(uri).is_ok_and(|url| url.fragment().is_none()) {
                return Err(WorldError::invalid(
                    format!("{at}.redirect_uris[{index}]"),
                    format!("`{uri}` is not an absolute URI without a fragment"),
                ));
            }
        }
    }
    Ok(())
}

fn check_vault(at: &str, vault: &Vault, tenants: &[Tenant], seen: &mut Seen) -> Result {
    if !is_vault_name(&vault.name) {
        return Err(WorldError::invalid(
            format!("{at}.name"),
            format!(
                "`{}` is not a vault name: 3 to 24 letters, digits and single hyphens, starting with a letter",
                vault.name
            ),
        ));
    }
    once(&mut seen.vaults, format!("{at}.name"), "vault", &vault.name)?;
    let Some(tenant) = tenants.iter().find(|tenant| {
        tenant.id.eq_ignore_ascii_case(&vault.tenant)
            || tenant.domain.eq_ignore_ascii_case(&vault.tenant)
    }) else {
        return Err(WorldError::invalid(
            format!("{at}.tenant"),
            format!("no tenant has the ID or domain `{}`", vault.tenant),
        ));
    };
    let mut names = HashSet::new();
    for name in vault.secrets.keys() {
        if !is_secret_name(name) {
            return Err(WorldError::invalid(
                format!("{at}.secrets.{name}"),
                "a secret's name has 1 to 127 letters, digits and hyphens",
            ));
        }
        once(&mut names, format!("{at}.secrets.{name}"), "secret", name)?;
    }
    for username in vault.roles.keys() {
        if !tenant
            .users
            .iter()
            .any(|user| user.username.eq_ignore_ascii_case(username))
        {
            return Err(WorldError::invalid(
                format!("{at}.roles.{username}"),
                format!("tenant {} has no such user", tenant.domain),
            ));
        }
    }
    Ok(())
}

fn guid(field: String, text: &str) -> Result {
    // `Uuid` also reads forms without hyphens and with braces, which Entra ID does not write.
    if text.len() == 36 && Uuid::try_parse(text).is_ok() {
        return Ok(());
    }
    Err(WorldError::invalid(
        field,
        format!("`{text}` is not a GUID"),
    ))
}

fn once(seen: &mut HashSet<String>, field: String, what: &str, value: &str) -> Result {
    if seen.insert(value.to_ascii_lowercase()) {
        return Ok(());
    }
    Err(WorldError::invalid(
        field,
        format!("{what} `{value}` stands twice"),
    ))
}

fn not_blank(field: String, text: &str) -> Result {
    if text.trim().is_empty() {
        Err(WorldError::invalid(field, "must not be empty"))
    } else {
        Ok(())
    }
}

fn is_host(text: &str) -> bool {
    text.len() <= 253
        && text.split('.').all(|label| {
            !label.is_empty()
                && label.len() <= 63
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        })
}

fn is_vault_name(text: &str) -> bool {
    (3..=24).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.ends_with(|c: char| c.is_ascii_alphanumeric())
        && !text.contains("--")
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

pub(crate) fn is_secret_name(text: &str) -> bool {
    (1..=127).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

const LONGEST_TOKEN_LIFETIME: u32 = 86_400;
const LARGEST_CLOCK_OFFSET: u64 = 10 * 366 * 86_400;
