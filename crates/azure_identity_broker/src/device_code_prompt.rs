use azbroker_entra::DeviceSignIn;
use azure_core::{http::Url, time::OffsetDateTime};

/// Tells the user how to sign in at another device.
///
/// A [`DeviceCodeCredential`](crate::DeviceCodeCredential) hands it to the program's function, which shows
/// it: [`message`](Self::message) where a line of text will do, or its parts.
///
/// ```no_run
/// use azure_identity_broker::{DeviceCodeCredential, DeviceCodePrompt};
///
/// let show = |prompt: &DeviceCodePrompt| eprintln!("{}", prompt.message());
/// let credential = DeviceCodeCredential::new(show, None)?;
/// # Ok::<(), azure_core::Error>(())
/// ```
///
/// See [RFC 8628 section 3.3](https://www.rfc-editor.org/rfc/rfc8628#section-3.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceCodePrompt {
    user_code: String,
    verification_uri: Url,
    expires_on: OffsetDateTime,
}

impl DeviceCodePrompt {
    /// Gives the code to enter.
    pub fn user_code(&self) -> &str {
        &self.user_code
    }

    /// Gives the page to enter it on.
    pub fn verification_uri(&self) -> &Url {
        &self.verification_uri
    }

    /// Tells until when the code can be entered.
    pub fn expires_on(&self) -> OffsetDateTime {
        self.expires_on
    }

    /// Says it all in one line of English.
    pub fn message(&self) -> String {
        format!(
            "To sign in, open {} at any device and enter the code {}",
            self.verification_uri, self.user_code
        )
    }

    pub(crate) fn of(sign_in: &DeviceSignIn) -> Self {
        Self {
            user_code: sign_in.user_code().to_owned(),
            verification_uri: sign_in.verification_uri().clone(),
            expires_on: sign_in.expires_on(),
        }
    }
}
