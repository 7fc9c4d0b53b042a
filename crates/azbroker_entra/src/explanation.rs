//! What Entra ID's numbers mean, in one line, and what would satisfy them.

use crate::RefusalKind::{self, *};

/// One AADSTS number explained.
#[derive(Debug)]
pub(crate) struct Explanation {
    pub(crate) kind: RefusalKind,
    /// Completes "Entra ID refused: …".
    pub(crate) what: &'static str,
    /// Whoever must act, and how.
    pub(crate) next_step: &'static str,
}

/// The explanation of a number, where it is known.
pub(crate) fn of(code: u32) -> Option<&'static Explanation> {
    EXPLANATIONS
        .iter()
        .find(|(codes, _)| codes.contains(&code))
        .map(|(_, explanation)| explanation)
}

macro_rules! explained {
    ($($($code:literal),+ => $kind:ident, $what:literal, $next_step:literal;)+) => {
        &[$((&[$($code),+], Explanation { kind: $kind, what: $what, next_step: $next_step })),+]
    };
}

const EXPLANATIONS: &[(&[u32], Explanation)] = explained! {
    50011 => Configuration, "the application has not registered this redirect URI",
        "add http://localhost to the application's mobile and desktop redirect URIs";
    500113 => Configuration, "the application has registered no redirect URI",
        "add http://localhost to the application's mobile and desktop redirect URIs";
    500112 => Configuration, "the code came to another redirect URI than the one it is redeemed for",
        "report it";
    700016 => Configuration, "the tenant has no application with this client ID",
        "check the client ID and the tenant";
    90002 => Configuration, "there is no such tenant",
        "check the tenant ID or domain";
    50049 => Configuration, "this authority host is not one of Entra ID",
        "check the authority host";
    500011 => Configuration, "the tenant has no such resource",
        "check the scope's host, such as https://vault.azure.net in https://vault.azure.net/.default";
    70011 => Configuration, "a scope is not valid",
        "name the resource and a permission, such as https://vault.azure.net/.default";
    7000218 => Configuration, "the application is registered as a confidential client",
        "allow public client flows in the application's registration";
    7000215, 7000222 => Configuration, "the application's own secret is wrong or has expired",
        "use a public client, or renew the secret";
    900144, 9002313 => Configuration, "the request is not well formed",
        "report it";
    700082 => InteractionRequired, "the sign-in has not been used for too long",
        "sign in again";
    70043, 70044 => InteractionRequired, "the tenant's sign-in frequency policy wants a new sign-in",
        "sign in again";
    50173, 50078 => InteractionRequired, "the sign-in was revoked, as after a change of password",
        "sign in again";
    50058 => InteractionRequired, "nobody is signed in",
        "sign in";
    65001, 65005 => InteractionRequired, "the application has no consent for this permission",
        "sign in and consent, or have an administrator consent";
    50076, 50079, 50072, 50074 => InteractionRequired, "multi-factor authentication is required",
        "sign in again and complete it";
    70016 => InteractionRequired, "the code has not been entered yet",
        "enter it at the address shown, and sign in there";
    70018 => InteractionRequired, "the code that was entered is not valid",
        "start again and enter the new code";
    70019, 70020 => InteractionRequired, "the code was not entered in time",
        "start again and enter the new code";
    54005 => InteractionRequired, "the authorization code was already used",
        "sign in again";
    70000, 700084, 501481 => InteractionRequired, "the grant is not valid",
        "sign in again";
    65004 => Declined, "the user declined to consent",
        "sign in again and accept, or use another account";
    90094 => Policy, "an administrator must consent to this application",
        "ask an administrator of the tenant to consent";
    53000 => Policy, "the tenant's policy wants a compliant device",
        "use a device that your organisation manages; this broker cannot make one compliant";
    53001 => Policy, "the tenant's policy wants a device that is joined to it",
        "use a device that your organisation manages; this broker cannot make one compliant";
    53003 => Policy, "the tenant's Conditional Access policy blocks this sign-in",
        "ask an administrator which policy applies";
    50105 => Policy, "the user is not assigned to the application",
        "ask an administrator to assign the user";
    50057 => Policy, "the account is disabled",
        "ask an administrator, or use another account";
    50053 => Policy, "the account is locked after too many wrong passwords",
        "wait, or ask an administrator";
    50126, 50034, 50056 => InteractionRequired, "the username or password is wrong",
        "sign in again";
};
