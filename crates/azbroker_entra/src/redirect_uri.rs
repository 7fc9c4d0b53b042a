use std::fmt;

/// Where Entra ID sends the answer of a sign-in, as applications register it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RedirectUri {
    /// `http://localhost`: this machine, at any port
    /// ([RFC 8252 section 7.3](https://www.rfc-editor.org/rfc/rfc8252#section-7.3)).
    Loopback,
    /// [`NATIVE_CLIENT`](Self::NATIVE_CLIENT): an empty page of Entra ID's own, whose address is read off the
    /// window.
    NativeClient,
}

impl RedirectUri {
    /// What programs of Microsoft's Linux broker register.
    pub const NATIVE_CLIENT: &'static str =
        "https://login.microsoftonline.com/common/oauth2/nativeclient";

    /// The word that people and files name it by.
    pub fn word(self) -> &'static str {
        match self {
            Self::Loopback => "loopback",
            Self::NativeClient => "nativeclient",
        }
    }

    /// Reads the word.
    pub fn of_word(word: &str) -> Option<Self> {
        [Self::Loopback, Self::NativeClient]
            .into_iter()
            .find(|uri| uri.word() == word)
    }

    /// What stands in the application's registration.
    pub fn registered(self) -> &'static str {
        match self {
            Self::Loopback => "http://localhost",
            Self::NativeClient => Self::NATIVE_CLIENT,
        }
    }
}

impl fmt::Display for RedirectUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.registered())
    }
}
