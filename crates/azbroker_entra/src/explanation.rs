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
    // The application, or what it asks for.
    50011, 900971, 70004 => Configuration, "the application has not registered this redirect URI",
        "add http://localhost to the application's mobile and desktop redirect URIs";
    500113 => Configuration, "the application has registered no redirect URI",
        "add http://localhost to the application's mobile and desktop redirect URIs";
    500112 => Configuration, "the code came to another redirect URI than the one it is redeemed for",
        "report it";
    700016, 700011 => Configuration, "the tenant has no application with this client ID",
        "check the client ID and the tenant";
    70001, 7000112 => Configuration, "the application is disabled in the tenant",
        "ask an administrator to enable it, or use another client ID";
    50194 => Configuration, "the application is for its own tenant alone",
        "name that tenant instead of common or organizations";
    90002, 90013, 50128, 50059 => Configuration, "there is no such tenant",
        "check the tenant ID or domain";
    50049 => Configuration, "this authority host is not one of Entra ID",
        "check the authority host";
    500011, 50001 => Configuration, "the tenant has no such resource",
        "check the scope's host, such as https://vault.azure.net in https://vault.azure.net/.default";
    500014 => Policy, "the resource is disabled in the tenant, or its subscription has lapsed",
        "ask an administrator to enable the resource's enterprise application";
    650052, 650054 => Configuration, "the tenant has not subscribed to this resource",
        "ask an administrator to enable the service, or name another tenant";
    28000 => Configuration, "the scopes are of several resources, and a token is for one resource at a time",
        "ask for each resource by itself, as with one `azbroker token --scope` for each";
    70011, 28002, 28003 => Configuration, "a scope is not valid",
        "name the resource and a permission, such as https://vault.azure.net/.default";
    650057, 650056, 65005 => Configuration, "the application's registration does not list this resource",
        "add the permission under the application's API permissions, or use another client ID";
    65002 => Configuration, "this client ID of Microsoft's may not ask for this resource",
        "register an application of your own and use its client ID";
    7000218 => Configuration, "the application is registered as a confidential client",
        "allow public client flows in the application's registration";
    7000215, 7000222, 70002 => Configuration, "the application's own secret is wrong or has expired",
        "use a public client, or renew the secret";
    900144, 9002313, 90014 => Configuration, "the request is not well formed",
        "report it";
    50196 => Transient, "the same request came too often in a short time",
        "wait some minutes, and look for a program that asks in a loop";

    // The sign-in has ended.
    700082, 70008 => InteractionRequired, "the sign-in has not been used for too long",
        "sign in again";
    70043, 70044 => InteractionRequired, "the tenant's sign-in frequency policy wants a new sign-in",
        "sign in again";
    50173, 50078, 50132, 50133 => InteractionRequired, "the sign-in was revoked, as after a change of password",
        "sign in again";
    50058 => InteractionRequired, "nobody is signed in",
        "sign in";
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
    16000, 16001, 50177 => InteractionRequired, "the account must be chosen again",
        "sign in and choose an account of this tenant";

    // The user has something to do.
    50076, 50079, 50072, 50074 => InteractionRequired, "multi-factor authentication is required",
        "sign in again and complete it";
    50158 => InteractionRequired, "a further check, such as one of another provider, is required",
        "sign in again and complete it";
    53004 => InteractionRequired, "multi-factor authentication must be set up first",
        "register for it at https://aka.ms/mysecurityinfo, then sign in again";
    50055, 50144 => InteractionRequired, "the password has expired",
        "change it, then sign in again";
    50126, 50056 => InteractionRequired, "the username or password is wrong",
        "sign in again";
    65001 => InteractionRequired, "the application has no consent for this permission",
        "sign in and consent, or have an administrator consent";
    65004 => Declined, "the user declined to consent",
        "sign in again and accept, or use another account";

    // The account does not belong there.
    50020, 50034, 90072, 50014, 51004, 16003 => Policy, "the account is not a member or guest of this tenant",
        "name the account's own tenant, use another account, or ask to be invited";
    50105 => Policy, "the user is not assigned to the application",
        "ask an administrator to assign the user";
    500341 => Policy, "the account was deleted from the tenant",
        "ask an administrator, or use another account";
    50057 => Policy, "the account is disabled",
        "ask an administrator, or use another account";
    50053 => Policy, "the account is locked after too many wrong passwords",
        "wait, or ask an administrator";

    // An administrator has said so.
    90094, 90093, 90095, 900941 => Policy, "an administrator must consent to this application",
        "ask an administrator of the tenant to consent";
    53000, 530002 => Policy, "the tenant's policy wants a compliant device",
        "use a device that your organisation manages; this broker cannot make one compliant";
    53001, 530003 => Policy, "the tenant's policy wants a device that it manages",
        "use a device that your organisation manages; this broker cannot make one compliant";
    50097, 50187, 50129, 50155 => Policy, "the tenant's policy wants a registered device",
        "use a device that is registered with your organisation; this broker registers none";
    135011 => Policy, "the device that was used is disabled in the tenant",
        "ask an administrator to enable it, or sign in on another device";
    700003 => InteractionRequired, "the device that the sign-in belongs to is not in the tenant any more",
        "sign in again";
    53009 => Policy, "the tenant's policy wants an application that Intune protects",
        "ask an administrator which application may be used; this broker cannot enforce such a policy";
    50005 => Policy, "the tenant's policy does not allow this operating system",
        "use a device that your organisation supports";
    53002, 530021 => Policy, "the tenant's policy allows approved applications alone",
        "ask an administrator to approve the application, or use one that is";
    53003, 50131 => Policy, "the tenant's Conditional Access policy blocks this sign-in",
        "ask an administrator which policy applies";
    530031, 530032, 530033 => Policy, "a security policy of the tenant blocks this sign-in",
        "ask an administrator which policy applies";
    530034 => Policy, "the administrator's own tenant reports the account as at risk",
        "ask an administrator of that tenant";
    53011 => Policy, "the account's own tenant reports it as at risk",
        "ask an administrator of that tenant";
    530035 => Policy, "the tenant's security defaults block this sign-in",
        "sign in through the browser and complete multi-factor authentication";
    530036 => InteractionRequired, "the tenant's policy blocks sign-ins that began with a device code",
        "sign in again through the browser";
    530084 => Policy, "the tenant's policy wants tokens that are bound to a registered device",
        "ask an administrator to exempt this application from token protection; this broker cannot bind tokens";
    53010 => Policy, "multi-factor authentication can be set up only from certain places or devices",
        "set it up where your organisation allows it, then sign in again";
    50002, 500021, 500022 => Policy, "the network allows sign-ins to certain tenants alone",
        "ask whoever runs the proxy, or use another network";
};

#[cfg(test)]
mod tests {
    use super::EXPLANATIONS;
    use std::collections::BTreeSet;

    #[test]
    fn every_number_is_explained_once_and_in_the_manner_of_the_others() {
        let mut known = BTreeSet::new();
        for (codes, explanation) in EXPLANATIONS {
            for code in *codes {
                assert!(known.insert(code), "{code} stands twice");
            }
            for text in [explanation.what, explanation.next_step] {
                assert!(!text.is_empty() && !text.ends_with('.'), "{text}");
                let first = text.chars().next().unwrap();
                assert!(first.is_lowercase(), "{text}");
            }
            assert!(!explanation.what.contains(';'), "{}", explanation.what);
        }
    }

    #[test]
    fn what_policies_and_registrations_refuse_is_known() {
        for code in [
            16000, 28000, 50011, 50020, 50034, 50053, 50055, 50057, 50058, 50076, 50079, 50105,
            50126, 50131, 50158, 50173, 50194, 500011, 500014, 500341, 53000, 53001, 53002, 53003,
            53004, 53009, 53011, 135011, 530002, 530003, 530021, 530031, 530032, 530033, 530034,
            530035, 530036, 530084, 65001, 65002, 65004, 700016, 700082, 7000218, 90002, 90072,
            90094, 900971,
        ] {
            assert!(super::of(code).is_some(), "{code}");
        }
    }
}
