//! What all parts of the emulated cloud share.

use std::{
    collections::HashMap,
    fmt::{Debug, Formatter},
};

use crate::{
    clock::Clock,
    entra::{DeviceCodes, Grants, SealingKey, SignIns, SigningKey},
    faults::Faults,
    ledger::{Ledger, SecretKind},
    vault::{Seen, VaultStore},
    world::{Application, Tenant, User, World},
};

/// The state of one emulator.
pub(crate) struct Cloud {
    pub(crate) world: World,
    pub(crate) clock: Clock,
    pub(crate) ledger: Ledger,
    pub(crate) faults: Faults,
    pub(crate) signing_key: SigningKey,
    pub(crate) sealing_key: SealingKey,
    pub(crate) sign_ins: SignIns,
    pub(crate) grants: Grants,
    pub(crate) device_codes: DeviceCodes,
    /// By name in lower case.
    pub(crate) vaults: HashMap<String, VaultStore>,
    /// The signed requests that vaults have seen.
    pub(crate) seen: Seen,
}

impl Cloud {
    /// Makes the state of a checked world.
    pub(crate) fn new(
        world: World,
        signing_key: SigningKey,
        sealing_key: SealingKey,
        ledger: Ledger,
    ) -> Self {
        let clock = Clock::new(world.clock_offset_seconds);
        for user in world.tenants.iter().flat_map(|tenant| &tenant.users) {
            ledger.knows(SecretKind::Password, &user.password);
        }
        for value in world.vaults.iter().flat_map(|vault| vault.secrets.values()) {
            ledger.knows(SecretKind::VaultValue, value);
        }
        let vaults = world
            .vaults
            .iter()
            .map(|vault| {
                (
                    vault.name.to_ascii_lowercase(),
                    VaultStore::new(vault, clock.unix()),
                )
            })
            .collect();
        Self {
            world,
            clock,
            ledger,
            faults: Faults::default(),
            signing_key,
            sealing_key,
            sign_ins: SignIns::default(),
            grants: Grants::default(),
            device_codes: DeviceCodes::default(),
            vaults,
            seen: Seen::default(),
        }
    }

    pub(crate) fn tenant(&self, account: Account) -> &Tenant {
        &self.world.tenants[account.tenant]
    }

    pub(crate) fn user(&self, account: Account) -> &User {
        &self.tenant(account).users[account.user]
    }

    pub(crate) fn application(&self, account: Account, client_id: &str) -> Option<&Application> {
        application_in(self.tenant(account), client_id)
    }

    /// The tenant an ID or a domain stands for, as its place in the world.
    pub(crate) fn tenant_named(&self, name: &str) -> Option<usize> {
        self.world.tenants.iter().position(|tenant| {
            tenant.id.eq_ignore_ascii_case(name) || tenant.domain.eq_ignore_ascii_case(name)
        })
    }

    pub(crate) fn account_where(
        &self,
        condition: impl Fn(&Tenant, &User) -> bool,
    ) -> Option<Account> {
        self.world
            .tenants
            .iter()
            .enumerate()
            .find_map(|(tenant, directory)| {
                let user = directory
                    .users
                    .iter()
                    .position(|user| condition(directory, user))?;
                Some(Account { tenant, user })
            })
    }

    /// How often what the user holds was revoked.
    pub(crate) fn revocations(&self, account: Account) -> u64 {
        self.faults.revocations(&self.user(account).username)
    }
}

impl Debug for Cloud {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cloud")
            .field("world", &self.world)
            .field("ledger", &self.ledger)
            .finish_non_exhaustive()
    }
}

/// A user as a place in the world, which never changes while the emulator runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Account {
    pub(crate) tenant: usize,
    pub(crate) user: usize,
}

pub(crate) fn application_in<'a>(tenant: &'a Tenant, client_id: &str) -> Option<&'a Application> {
    tenant
        .applications
        .iter()
        .find(|application| application.client_id.eq_ignore_ascii_case(client_id))
}
