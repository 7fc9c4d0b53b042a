//! Codes that are entered at another device, see [RFC 8628](https://www.rfc-editor.org/rfc/rfc8628).

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::{Instance, Refusal, authority::Authority, scopes::Scopes};
use crate::{
    cloud::{Account, Cloud},
    ledger::SecretKind,
    random,
};

/// The device codes that were issued.
#[derive(Default)]
pub(crate) struct DeviceCodes {
    state: Mutex<HashMap<String, Issued>>,
}

/// What a device asked for.
#[derive(Clone)]
pub(super) struct DeviceGrant {
    pub(super) instance: &'static Instance,
    pub(super) authority: Authority,
    pub(super) client_id: String,
    pub(super) application_name: String,
    pub(super) scopes: Scopes,
}

struct Issued {
    grant: DeviceGrant,
    user_code: String,
    at: i64,
    answer: Answer,
}

/// What the user made of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Pending,
    SignedIn(Account),
    Declined,
    Redeemed,
}

/// A new pair of codes.
pub(super) struct Codes {
    pub(super) device_code: String,
    pub(super) user_code: String,
}

impl DeviceCodes {
    pub(super) fn issue(&self, cloud: &Cloud, grant: DeviceGrant) -> Codes {
        let device_code = format!("emulated-device-code.{}", random::token());
        cloud.ledger.knows(SecretKind::DeviceCode, &device_code);
        let mut state = self.state();
        let mut user_code = random::user_code();
        while state.values().any(|issued| issued.user_code == user_code) {
            user_code = random::user_code();
        }
        let issued = Issued {
            grant,
            user_code: user_code.clone(),
            at: cloud.clock.unix(),
            answer: Answer::Pending,
        };
        state.insert(device_code.clone(), issued);
        Codes {
            device_code,
            user_code,
        }
    }

    /// Finds what a user code was issued for, with its device code.
    pub(super) fn entered(
        &self,
        cloud: &Cloud,
        user_code: &str,
    ) -> Result<(String, DeviceGrant), Refusal> {
        let user_code = user_code.trim().to_ascii_uppercase();
        let state = self.state();
        let found = state
            .iter()
            .find(|(_, issued)| issued.user_code == user_code && issued.answer == Answer::Pending);
        let Some((device_code, issued)) = found else {
            let message = "The code that was entered is not valid. Check it and enter it again.";
            return Err(Refusal::bad_request(
                "bad_verification_code",
                70_018,
                message,
            ));
        };
        if cloud.clock.unix() - issued.at >= LIFETIME_SECONDS {
            return Err(expired());
        }
        Ok((device_code.clone(), issued.grant.clone()))
    }

    pub(super) fn answer(&self, device_code: &str, answer: Answer) {
        if let Some(issued) = self.state().get_mut(device_code) {
            issued.answer = answer;
        }
    }

    /// Redeems a device code, which works once.
    pub(super) fn redeem(
        &self,
        cloud: &Cloud,
        instance: &Instance,
        device_code: &str,
        client_id: &str,
    ) -> Result<(Account, DeviceGrant), Refusal> {
        let mut state = self.state();
        let issued = state.get_mut(device_code).filter(|issued| {
            issued.grant.instance == instance
                && issued.grant.client_id.eq_ignore_ascii_case(client_id)
        });
        let Some(issued) = issued else {
            let message = "The device code is not known, or was issued to another application.";
            return Err(Refusal::bad_request(
                "bad_verification_code",
                70_018,
                message,
            ));
        };
        let age = cloud.clock.unix() - issued.at;
        match issued.answer {
            Answer::Redeemed => Err(Refusal::bad_request(
                "invalid_grant",
                54_005,
                "The device code was already redeemed.",
            )),
            Answer::Declined => Err(Refusal::bad_request(
                "authorization_declined",
                65_004,
                "User declined to consent to access the app.",
            )),
            _ if age >= LIFETIME_SECONDS => Err(expired()),
            Answer::Pending => Err(Refusal::bad_request(
                "authorization_pending",
                70_016,
                "OAuth 2.0 device flow error. Authorization is pending. Continue polling.",
            )),
            Answer::SignedIn(account) => {
                issued.answer = Answer::Redeemed;
                Ok((account, issued.grant.clone()))
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, HashMap<String, Issued>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn expired() -> Refusal {
    Refusal::bad_request("expired_token", 70_019, "Verification code expired.")
}

pub(super) const LIFETIME_SECONDS: i64 = 900;
