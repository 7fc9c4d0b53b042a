//! Secrets that live longer than a moment: wiped when dropped, never shown, never serialised.

use std::fmt;
use zeroize::Zeroizing;

macro_rules! secret {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq)]
        pub struct $name(Zeroizing<String>);

        impl $name {
            /// Takes the secret in.
            pub fn new(secret: String) -> Self {
                Self(Zeroizing::new(secret))
            }

            /// Shows the secret, for the one place that sends or stores it.
            pub fn expose(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(stringify!($name))
            }
        }
    };
}

secret! {
    /// What buys the next access token. It never leaves the process that holds it but for its store.
    RefreshToken
}
secret! {
    /// What the redirect carries; redeemed once.
    AuthorizationCode
}
secret! {
    /// Proves that whoever redeems a code is who asked for it
    /// ([RFC 7636 section 4.1](https://www.rfc-editor.org/rfc/rfc7636#section-4.1)).
    CodeVerifier
}
secret! {
    /// What a user pasted to finish a sign-in: it holds the code.
    PastedText
}
secret! {
    /// What a device code flow polls with
    /// ([RFC 8628 section 3.2](https://www.rfc-editor.org/rfc/rfc8628#section-3.2)).
    DeviceCode
}
