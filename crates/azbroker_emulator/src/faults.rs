//! Things that go wrong on purpose.

mod plan;

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// The faults planned for the next requests.
///
/// A clone is another handle to the same plan.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    state: Arc<Mutex<State>>,
}

impl Faults {
    /// Plans a fault for the next `times` requests to the target, after those planned before.
    pub fn next(&self, times: u32, target: Target, fault: Fault) {
        if times > 0 {
            self.state().planned.push_back(Planned {
                left: times,
                target,
                fault,
            });
        }
    }

    /// Makes every refresh token and browser session of the user worthless, as a password change does.
    ///
    /// What is issued from now on is good again.
    pub fn revoke_refresh_tokens(&self, username: &str) {
        *self
            .state()
            .revocations
            .entry(username.to_lowercase())
            .or_default() += 1;
    }

    /// Has services refuse the access tokens that the user's programs hold, in mid-use.
    ///
    /// Only programs that answer claims challenges (`CP1`) get such tokens; others keep what they have until
    /// it expires. What is issued from now on is good.
    pub fn revoke_access_tokens(&self, username: &str) {
        *self
            .state()
            .access_revocations
            .entry(username.to_lowercase())
            .or_default() += 1;
    }

    /// Forgets all planned faults; what was revoked stays revoked.
    pub fn clear(&self) {
        self.state().planned.clear();
    }

    pub(crate) fn take(&self, target: Target) -> Option<Fault> {
        let mut state = self.state();
        let index = state
            .planned
            .iter()
            .position(|plan| plan.target == target || plan.target == Target::Any)?;
        let plan = &mut state.planned[index];
        plan.left -= 1;
        let fault = plan.fault.clone();
        if plan.left == 0 {
            state.planned.remove(index);
        }
        Some(fault)
    }

    /// How often the user's tokens were revoked; a token of an earlier count is worthless.
    pub(crate) fn revocations(&self, username: &str) -> u64 {
        self.state()
            .revocations
            .get(&username.to_lowercase())
            .copied()
            .unwrap_or_default()
    }

    /// How often services were told to refuse the user's access tokens.
    pub(crate) fn access_revocations(&self, username: &str) -> u64 {
        self.state()
            .access_revocations
            .get(&username.to_lowercase())
            .copied()
            .unwrap_or_default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A part of the emulated cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Target {
    /// The token endpoint.
    Token,
    /// The authorize endpoint, where a sign-in starts.
    Authorize,
    /// The endpoint that gives codes for another device.
    DeviceCode,
    /// The pages of a sign-in after the first.
    SignIn,
    /// Instance discovery, the OpenID Connect document and the signing keys.
    Discovery,
    /// Every vault.
    Vault,
    /// The metadata address of virtual machines.
    Metadata,
    /// The proxy itself, where a host is refused. No fault can be planned for it.
    Proxy,
    /// Whatever is asked next. No entry of the ledger has it.
    Any,
}

/// A thing that goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// An answer with this status and no useful body.
    Status {
        /// The HTTP status.
        code: u16,
        /// The `Retry-After` header, in whole seconds.
        retry_after: Option<Duration>,
    },
    /// The connection is closed without an answer, and the service never sees the request.
    Drop,
    /// The service does its work, but the connection is closed before the answer.
    LoseAnswer,
    /// No answer ever comes.
    Hang,
    /// The answer comes late.
    Delay(Duration),
    /// Entra ID refuses.
    ///
    /// The authorize endpoint sends it to the redirect URI. A vault answers with a claims challenge, see
    /// [RFC 6750 section 3](https://www.rfc-editor.org/rfc/rfc6750#section-3).
    Oauth {
        /// The error code, such as `invalid_grant`.
        error: String,
        /// The AADSTS number.
        aadsts: u32,
        /// The finer code some errors have.
        suberror: Option<String>,
        /// The claims challenge, as JSON text.
        claims: Option<String>,
    },
}

#[derive(Debug, Default)]
struct State {
    planned: VecDeque<Planned>,
    revocations: HashMap<String, u64>,
    access_revocations: HashMap<String, u64>,
}

#[derive(Debug)]
struct Planned {
    left: u32,
    target: Target,
    fault: Fault,
}
